"""The command ``loa``: each command is a few lines that import what they run only when they run it.

Exit codes: 0 well, 1 something is wrong (``doctor``) or Loa has a bug, 2 an operator mistake, 130 Ctrl-C.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot import __version__
from bot.mistakes import mistake_behind
from bot.texts import LANGUAGES, spoken, terminal_language

if TYPE_CHECKING:
    from rich.table import Table

    from bot.doctor import Finding

app: Final = typer.Typer(
    name="loa",
    help="Loa carries verified official bulletins into the groups where people already are.",
    epilog="Loa mang bản tin chính thức, đã được kiểm chứng, đến các nhóm chat mọi người đang dùng.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigPath = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="LOA_CONFIG", help="The configuration file.", show_default=True),
]

LanguageOption = Annotated[str, typer.Option(help="vi or en: in which language the people in it speak.")]

DEFAULT_CONFIG: Final = Path("config.yaml")
_SIGNS: Final = {"ok": "[green]✓[/]", "warn": "[yellow]![/]", "fail": "[red]✗[/]"}


def main() -> None:
    """The entry point. An operator mistake is one line and exit code 2, in the language of the terminal."""
    with spoken(terminal_language(os.environ)):
        try:
            app(prog_name="loa")
        except Exception as error:  # noqa: BLE001 (the last stop: a mistake is said, a bug is logged)
            mistake = mistake_behind(error)
            if mistake is None:
                _report_crash(error)
                sys.exit(1)
            print(mistake, file=sys.stderr)  # noqa: T201 (the one line for the operator)
            sys.exit(2)


def _report_crash(error: Exception) -> None:
    """A bug: through the logs, because only they hide what must not be seen."""
    from bot.logs import report_crash

    report_crash(error)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"Loa {__version__}")
        raise typer.Exit


@app.callback()
def loa(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Options that stand before any command."""


@app.command()
def doctor(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Check settings, secrets, database, tokens, rights, clock and disk, and say what to do."""
    levels = asyncio.run(_examine(config))
    raise typer.Exit(1 if "fail" in levels else 0)


@app.command()
def run(
    config: ConfigPath = DEFAULT_CONFIG,
    only: Annotated[
        str | None,
        typer.Option(help="Do one part only: updates, deliveries or web. Several processes share the work."),
    ] = None,
) -> None:
    """Serve the platforms in the configuration, until stopped."""
    from bot.runtime import loading

    with loading():
        from bot.serving import serve
    serve(config, os.environ, only)


@app.command()
def demo(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where the page is; 0 takes any free port.")
    ] = 8765,
    data: Annotated[
        Path | None,
        typer.Option(help="Keep everything in this folder, and go on from it next time."),
    ] = None,
    by_hand: Annotated[
        bool,
        typer.Option(
            "--by-hand/--play", help="Wait for the visitor, or tell the story once the page is open."
        ),
    ] = False,
    language: LanguageOption = "vi",
) -> None:
    """Show the whole network at work in a browser, against a simulated platform on this machine."""
    from bot.showing import show

    show(port=port, data=data, by_hand=by_hand, language=_known_language(language))


@app.command("invite-owner")
def invite_owner(
    config: ConfigPath = DEFAULT_CONFIG,
    recover: Annotated[
        bool, typer.Option("--recover", help="Although there is an owner: none can be reached any more.")
    ] = False,
) -> None:
    """Make the code by which one person becomes the owner of the network, who then invites all others."""
    from bot.ownership import invite_owner as invite

    typer.echo(invite(config, os.environ, is_recovery=recover))


@app.command()
def story(
    channels: Annotated[int, typer.Option(min=1, max=5000, help="How many channels are enrolled.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    cap: Annotated[
        Path | None, typer.Option(help="Compose the bulletin from this CAP 1.2 file.", show_default=False)
    ] = None,
    language: LanguageOption = "vi",
) -> None:
    """Play the whole main job, without a browser, and print what happened."""
    from bot.storytelling import tell

    raise typer.Exit(tell(channels, as_json=as_json, cap=cap, language=_known_language(language)))


@app.command()
def bench(
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...", help="F1 to F8, as benchmarks/RESULTS.md names them; all when none."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list and nothing else.")] = False,
) -> None:
    """Measure what Loa claims, on this machine: about a quarter of an hour for all."""
    from bot.benchmarking import bench as run_benchmarks

    raise typer.Exit(run_benchmarks(ids or (), as_json=as_json))


@app.command("crash-test")
def crash_test(
    seeds: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many runs.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The first seed; the same seed is the same run.")] = 1,
) -> None:
    """Break deliveries on purpose: lost answers, floods, kicks, crashes at any moment, on virtual time."""
    from bot.crashing import crash

    raise typer.Exit(crash(seeds, seed))


def _known_language(language: str) -> str:
    if language not in LANGUAGES:
        raise typer.BadParameter("vi or en", param_hint="--language")
    return language


async def _examine(config: Path) -> set[str]:
    from rich.console import Console

    from bot.doctor import examine

    console, levels = Console(), set[str]()
    async for finding in examine(config, os.environ, now=lambda: datetime.now(UTC)):
        console.print(_row(finding))
        levels.add(finding.level)
    return levels


def _row(finding: Finding) -> Table:
    from rich.table import Table

    row = Table.grid(padding=(0, 1))
    row.add_column(width=1)
    row.add_column(width=18, style="bold")
    row.add_column()
    row.add_row(_SIGNS[finding.level], finding.subject, finding.sentence)
    return row


if __name__ == "__main__":
    main()
