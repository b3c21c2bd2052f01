"""``lossedu drill export``, ``import`` and ``check-bank``: what goes out, comes in, is checked."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossedu.commands.errors import one_line

if TYPE_CHECKING:
    from lossedu.practice.progress import Store

Data = Annotated[
    Path | None,
    typer.Option(
        help="The file of your progress; else LOSSEDU_PRACTICE, else in your data folder."
    ),
]


def opened(data: Path | None) -> "Store":
    """The file of progress that was named, or the usual one."""
    from lossedu.practice.progress import Store, default_file

    return Store(data or default_file())


class Format(StrEnum):
    """What progress or bank is exported as."""

    ANKI = "anki"
    JSON = "json"


def export(
    form: Annotated[
        Format, typer.Argument(metavar="anki|json", help="The bank, or your progress.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Where; else lossedu.apkg, or progress to standard output.")
    ] = None,
    data: Data = None,
) -> None:
    """Write the bank as an Anki deck, or your progress as the JSON that the practice page reads."""
    from lossedu.destinations import check_file

    with one_line():
        if out is not None:
            check_file("out", out)
        if form is Format.ANKI:
            from lossedu.practice.anki import write_deck
            from lossedu.practice.families import families

            path = out or Path("lossedu.apkg")
            count = write_deck(families(), path)
            typer.echo(f"{count} cards in {path}")
            return
        from lossedu.practice.progress import write_progress
        from lossedu.practice.progress.exchange import as_json

        with opened(data) as store:
            progress = store.progress()
        if out is None:
            typer.echo(json.dumps(as_json(progress), indent=1, ensure_ascii=False))
        else:
            write_progress(progress, out)
            typer.echo(f"{len(progress.reviews)} reviews in {out}")


def import_(
    file: Annotated[Path, typer.Argument(help="What the page or lossedu drill export json wrote.")],
    data: Data = None,
) -> None:
    """Add the reviews of a file to yours; doing it twice changes nothing."""
    from lossedu.practice.progress import read_progress

    with one_line():
        progress = read_progress(file)
        with opened(data) as store:
            new = store.merge(progress)
    typer.echo(f"{new} of {len(progress.reviews)} reviews were new")


def check_bank(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Families, or how their names begin; else all.", show_default=False),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=200, help="Variants of each question.")] = 200,
    book: Annotated[Path | None, typer.Option(help="The book's folder, to look up pages.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print faults and gaps as JSON.")] = False,
) -> None:
    """Try questions as a candidate would; where all are tried, say what is not asked yet.

    Exit with 1 if a question is at fault.
    """
    from rich.console import Console

    from lossedu.practice.families.self_test import check_bank as checked
    from lossedu.tables import as_rich

    with one_line():
        result = checked(names=names or (), seeds=seeds, book=book)
    gaps = () if names else result.gaps
    if as_json:
        typer.echo(json.dumps({"faults": result.faults, "gaps": gaps}, indent=1))
        raise typer.Exit(int(bool(result.faults)))
    console = Console(highlight=False)
    if not names:
        for table in (result.skills, result.kinds, result.tasks):
            console.print(as_rich(table))
    for line in (*gaps, *result.faults):
        console.print(line, markup=False)
    raise typer.Exit(int(bool(result.faults)))
