"""``python -m benchmarks [--device cuda] [--quick]`` prints a table and writes RESULTS.md."""

import argparse
import platform
from datetime import UTC, datetime
from pathlib import Path

import torch

from benchmarks.losses import rows
from benchmarks.measure import Row

RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = ("what", "size", "ours", "peer", "ours / peer", "memory ours / peer")


def device_name(device: str) -> str:
    """What the figures were measured on, without the machine's own name."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


def as_markdown(measured: list[Row], device: str) -> str:
    """The results page."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in measured]
    return "\n".join(
        [
            f"## {device_name(device)}",
            "",
            f"Measured {datetime.now(UTC):%Y-%m-%d} with Python {platform.python_version()}, "
            f"torch {torch.__version__}: one forward and one backward pass, median of alternating "
            "runs; memory is what the pass allocates at its peak beyond its inputs.",
            "",
            *lines,
            "",
        ]
    )


def kept(section: str) -> str:
    """RESULTS.md with this device's section replaced and the others as they were."""
    head = "# Results\n\nMade by `python -m benchmarks`. Ratios below 1 are in our favour.\n"
    old = RESULTS.read_text().split("\n## ")[1:] if RESULTS.exists() else []
    title = section.splitlines()[0].removeprefix("## ")
    others = [f"## {part.rstrip()}\n" for part in old if part.splitlines()[0] != title]
    return "\n".join([head, section, *others])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--quick", action="store_true", help="small sizes; writes nothing")
    arguments = parser.parse_args()
    measured = []
    for row in rows(arguments.device, quick=arguments.quick):
        print(" | ".join(row.cells()), flush=True)
        measured.append(row)
    if not arguments.quick:
        temporary = RESULTS.with_suffix(".tmp")
        temporary.write_text(kept(as_markdown(measured, arguments.device)))
        temporary.replace(RESULTS)
        print(f"written to {RESULTS.name}")


if __name__ == "__main__":
    main()
