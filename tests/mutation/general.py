"""Mutants of a module: each is its source with one small thing changed, as a mistake or a careless edit would.

    mutants_of("broadcasts/retry.py", source)  ─>  [Mutant(…, what, source with the change), …]

Words for people, log lines, annotations and docstrings are left alone: they decide nothing.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
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
    """One change, in a line of a function. Its name has no line number, for lines move."""

    path: str
    line: int
    function: str
    what: str
    source: str

    @property
    def name(self) -> str:
        return f"{self.path}: {self.function}: {self.what}"


Change = tuple[str, Callable[[ast.AST], ast.AST | None]]


def mutants_of(path: str, source: str) -> list[Mutant]:
    """Every mutant there is, in the order of the source. Like ones of one function are numbered."""
    tree = ast.parse(source)
    left_alone = frozenset(inner for node in _untouched(tree) for inner in ast.walk(node))
    places = _functions(tree)
    found, counted = list[Mutant](), Counter[tuple[str, str]]()
    for number, node in enumerate(ast.walk(tree)):
        for what, change in _changes(node) if node not in left_alone else ():
            function = places.get(node, "module")
            counted[function, what] += 1
            numbered = f"{what} ({counted[function, what]})"
            changed = ast.unparse(_with(tree, number, change))
            found.append(Mutant(path, getattr(node, "lineno", 0), function, numbered, changed))
    return sorted(found, key=lambda mutant: (mutant.line, mutant.what))


def _functions(tree: ast.Module) -> dict[ast.AST, str]:
    """By node: the innermost function or class it is in."""
    found: dict[ast.AST, str] = {}
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.update(dict.fromkeys(ast.walk(scope), scope.name))
    return found


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


def _untouched(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()) | ast.JoinedStr() | ast.ImportFrom() | ast.Import():
                yield node
            case ast.Call() if _is_quiet(node):
                yield node
            case ast.Raise() | ast.Assert():
                yield from ast.iter_child_nodes(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from (part for part in (node.returns, *node.decorator_list) if part is not None)
            case ast.ClassDef():
                yield from node.decorator_list
            case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
                yield annotation


def _is_quiet(call: ast.Call) -> bool:
    """A log line, or the name and type of something that is declared."""
    named = call.func
    if isinstance(named, ast.Attribute):
        return named.attr in _SAYS_NOTHING
    return isinstance(named, ast.Name) and named.id in {"_", "TypeVar", "NewType", "field"}


def _changes(node: ast.AST) -> Iterator[Change]:
    yield from _changed_expressions(node)
    yield from _changed_statements(node)


def _changed_expressions(node: ast.AST) -> Iterator[Change]:
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


def _changed_statements(node: ast.AST) -> Iterator[Change]:
    match node:
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
