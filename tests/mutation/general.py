"""Mutants of a module: each is its source with one small thing changed, as a mistake or a careless edit would.

    mutants_of("broadcasts/retry.py", source)  ─>  [Mutant(place, what, source with the change), …]

Words for people, log lines, annotations and docstrings are left alone: they decide nothing.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
_SAYS_NOTHING = frozenset({"debug", "info", "warning", "error", "exception", "critical"})


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. ``what`` and the place name it, the same in each run as long as its line stays as it is."""

    path: str
    line: int
    what: str
    source: str

    @property
    def name(self) -> str:
        return f"{self.path}:{self.line} {self.what}"


Change = tuple[str, Callable[[ast.AST], ast.AST | None]]


def mutants_of(path: str, source: str) -> list[Mutant]:
    """Every mutant there is, in the order of the source."""
    tree = ast.parse(source)
    found = []
    for number, node in enumerate(ast.walk(tree)):
        if node not in _left_alone(tree):
            for what, change in _changes(node):
                changed = _with(tree, number, change)
                line = getattr(node, "lineno", 0)
                found.append(Mutant(path, line, what, ast.unparse(changed)))
    return sorted(found, key=lambda mutant: (mutant.line, mutant.what))


def sample(mutants: Sequence[Mutant], count: int, random: Random) -> list[Mutant]:
    """So many of them, the same ones for the same seed."""
    return list(mutants) if count >= len(mutants) else random.sample(mutants, count)


def _with(tree: ast.Module, number: int, change: Callable[[ast.AST], ast.AST | None]) -> ast.Module:
    changed = copy.deepcopy(tree)
    target = next(node for at, node in enumerate(ast.walk(changed)) if at == number)
    new = change(target)
    if new is not None:
        _replace(changed, target, new)
    return ast.fix_missing_locations(changed)


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
                return
            if isinstance(value, list) and old in value:
                value[value.index(old)] = new
                return


_kept_for: dict[int, frozenset[ast.AST]] = {}


def _left_alone(tree: ast.Module) -> frozenset[ast.AST]:
    if id(tree) not in _kept_for:
        _kept_for.clear()
        _kept_for[id(tree)] = frozenset(inner for node in _untouched(tree) for inner in ast.walk(node))
    return _kept_for[id(tree)]


def _untouched(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) or (
            isinstance(node, ast.Call) and _is_quiet(node)
        ):
            yield node
        elif isinstance(node, ast.Raise | ast.Assert):
            yield from ast.iter_child_nodes(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (part for part in (node.returns, *node.decorator_list) if part is not None)
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield node.annotation
        elif isinstance(node, ast.JoinedStr | ast.ImportFrom | ast.Import):
            yield node


def _is_quiet(call: ast.Call) -> bool:
    """A log line, or the name and type of something that is declared."""
    named = call.func
    if isinstance(named, ast.Attribute):
        return named.attr in _SAYS_NOTHING
    return isinstance(named, ast.Name) and named.id in {"_", "TypeVar", "NewType", "field"}


def _changes(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=[op, *_]) if type(op) in _COMPARISONS:
            yield f"{_word(op)} becomes {_word(_COMPARISONS[type(op)]())}", _compared_otherwise
        case ast.BoolOp():
            yield "and/or swapped", _joined_otherwise
        case ast.UnaryOp(op=ast.Not()):
            yield "not left out", lambda old: old.operand  # type: ignore[attr-defined]
        case ast.BinOp(op=op) if type(op) in _OPERATORS:
            yield f"{_word(op)} becomes {_word(_OPERATORS[type(op)]())}", _reckoned_otherwise
        case ast.Constant(value=bool(value)):
            yield f"{value} becomes {not value}", lambda _: ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield f"{value} becomes {value + 1}", lambda _: ast.Constant(value + 1)
        case ast.If() | ast.While() | ast.IfExp():
            yield "condition turned round", _turned_round
        case ast.Expr(value=ast.Call() | ast.Await()) if not _holds_a_log(node):
            yield "statement left out", lambda _: ast.Pass()
        case ast.AugAssign():
            yield "statement left out", lambda _: ast.Pass()
        case ast.Raise():
            yield "raise left out", lambda _: ast.Pass()
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield "returns None", lambda _: ast.Return(ast.Constant(None))
        case ast.Continue() | ast.Break():
            yield f"{type(node).__name__.lower()} left out", lambda _: ast.Pass()


def _holds_a_log(node: ast.Expr) -> bool:
    return isinstance(node.value, ast.Call) and _is_quiet(node.value)


def _word(op: ast.AST) -> str:
    return type(op).__name__


def _compared_otherwise(old: ast.AST) -> None:
    assert isinstance(old, ast.Compare)
    old.ops[0] = _COMPARISONS[type(old.ops[0])]()


def _joined_otherwise(old: ast.AST) -> None:
    assert isinstance(old, ast.BoolOp)
    old.op = ast.And() if isinstance(old.op, ast.Or) else ast.Or()


def _reckoned_otherwise(old: ast.AST) -> None:
    assert isinstance(old, ast.BinOp)
    old.op = _OPERATORS[type(old.op)]()


def _turned_round(old: ast.AST) -> None:
    assert isinstance(old, ast.If | ast.While | ast.IfExp)
    old.test = ast.UnaryOp(ast.Not(), old.test)
