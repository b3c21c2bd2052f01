"""``python -m benchmarks [SUITE ...] [--device cuda] [--quick]``: tables, RESULTS.md and .json."""

import argparse
import json
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import torch

from benchmarks.measure import Row
from lossedu.names import unknown_name
from lossedu.whole_files import write_whole

FOLDER = Path(__file__).parent
SUITES = {
    "losses": "one forward and one backward pass in float32, median of alternating runs; memory is "
    "what the pass allocates at its peak beyond its inputs.",
    "grading": "whole commands, from the first line to the gradebook; memory is what the largest "
    "submission took beyond the server.",
    "training": "one step of training, forward to update, in turn with the peer; memory is what a "
    "step allocates at its peak.",
    "landscape": "whole pictures and reports, from model and data to the result, in turn with the "
    "peer; memory is what one evaluates with at its peak.",
    "monitoring": "a batch of labelled predictions counted, in turn with the peer; a month of "
    "predictions and late labels in Parquet, each side in a process of its own, memory is what "
    "that process took at its peak.",
    "practice": "a typed formula, from its text to the verdict, best of five runs of each answer.",
    "curvature": "whole computations, from model and data to the result, in turn with the peer; "
    "memory is what one allocates at its peak.",
}
HEAD = ("what", "size", "beside", "ours", "theirs", "ours / theirs", "peak MB", "aim: met?")


def device_name(device: str) -> str:
    """What the figures were measured on, without the machine's own name."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


def as_markdown(measured: list[Row], title: str, what: str) -> str:
    """A suite's section of the results page."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in measured]
    return "\n".join(
        [
            f"## {title}",
            "",
            f"Measured {datetime.now(UTC):%Y-%m-%d} with Python {platform.python_version()}, "
            f"torch {torch.__version__}: {what}",
            "",
            *lines,
            "",
        ]
    )


def with_others(path: Path, section: str) -> str:
    """The page with one section replaced and the others as they were."""
    old = path.read_text(encoding="utf-8").split("\n## ") if path.exists() else [""]
    title = section.splitlines()[0].removeprefix("## ")
    others = [f"## {part.rstrip()}\n" for part in old[1:] if part.splitlines()[0] != title]
    return "\n".join([(FOLDER / "ABOUT.md").read_text(encoding="utf-8"), section, *others])


def as_json(path: Path, measured: list[Row], title: str) -> str:
    """The records of all sections, one replaced."""
    records = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    derived = ("ratio", "memory_ratio", "met")
    records[title] = [asdict(r) | {name: getattr(r, name) for name in derived} for r in measured]
    return json.dumps(records, indent=1) + "\n"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--quick", action="store_true", help="small sizes; writes nothing")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.suites) - set(SUITES)):
        parser.error(unknown_name("SUITE", unknown[0], SUITES))
    for suite in arguments.suites or SUITES:
        run(suite, arguments.device, quick=arguments.quick)


def run(suite: str, device: str, *, quick: bool) -> None:
    """Measure one suite; without ``quick``, put it into the results."""
    measured = []
    shown = slice(0, -1 if quick else None)  # small sizes have no aims
    print(" | ".join(HEAD[shown]))
    for row in import_module(f"benchmarks.{suite}").rows(device, quick=quick):
        print(" | ".join(row.cells()[shown]), flush=True)
        measured.append(row)
    if quick or not measured:
        return
    title = f"{suite.capitalize()}: {device_name(device)}"
    page, data = FOLDER / "RESULTS.md", FOLDER / "RESULTS.json"
    write_whole(page, with_others(page, as_markdown(measured, title, SUITES[suite])))
    write_whole(data, as_json(data, measured, title))
    print(f"written to {page.name} and {data.name}")


if __name__ == "__main__":
    main()
