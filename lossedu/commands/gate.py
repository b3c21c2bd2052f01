"""``lossedu gate``: may a candidate replace the model in service?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from lossedu.commands.errors import one_line


def gate(
    candidate: Annotated[str, typer.Argument(help="Its losses an example: Parquet or CSV.")],
    baseline: Annotated[str, typer.Argument(help="Those of the model in service.")],
    policy: Annotated[Path, typer.Option(help="YAML: what the candidate has to keep.")],
    out: Annotated[
        Path | None, typer.Option(help="A report to write: .json, .md or .xml (JUnit).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare a candidate with a baseline on the same examples, by a policy.

    Both files have the columns id and loss, and for some checks label, predicted, margin,
    confidence; with several runs, seed. Exit code 0 passes, 1 fails, 2 is not enough evidence or
    wrong use: neither is a pass. `lossedu landscape gate` compares two checkpoints by the
    curvature and barriers of their loss instead.
    """
    from lossedu.monitoring.gate import decision, reports
    from lossedu.monitoring.gate.policy import read
    from lossedu.tables import print_table

    writers = {".json": reports.as_json, ".md": reports.as_markdown, ".xml": reports.as_junit}
    with one_line():
        if out is not None:
            _check_report(out, writers)
        decided = decision.decide(candidate, baseline, read(policy))
        if out is not None:
            from lossedu.whole_files import write_whole

            write_whole(out, writers[out.suffix](decided))
    if as_json:
        typer.echo(reports.as_json(decided), nl=False)
    else:
        print_table(decided.table())
    raise typer.Exit(decided.exit_code)


def _check_report(out: Path, writers: Mapping[str, object]) -> None:
    from lossedu.destinations import DestinationError, check_file

    if out.suffix not in writers:
        raise DestinationError(f"out must end in {', '.join(writers)}, but is {out}.")
    check_file("out", out)
