"""The settings of `make kernels` are those by which a process computes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests import needs

ROOT = Path(__file__).parent.parent
RUNS = {
    name: dict(setting.split("=") for setting in settings.split())
    for name, settings in re.findall(
        r"^KERNELS_(\w+) := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
}
COMPUTES = """
import json
import torch
square = torch.ones(8, 8, dtype=torch.float64)
square @ square
torch.nn.functional.conv2d(torch.ones(2, 3, 8, 8), torch.ones(8, 3, 3, 3))
facts = {"aten": torch.backends.cpu.get_cpu_capability(), "threads": torch.get_num_threads()}
print(json.dumps(facts))
"""
# What MKL and oneDNN say of themselves, and the facts above.
EXPECTED = {
    "PLAIN": ("CNR:COMPATIBLE", "isa:Intel SSE4.1", "DEFAULT", 1),
    "AVX2": ("CNR:OFF", "isa:Intel AVX2\n", "AVX2", 2),
}


def test_this_process_computes_with_what_it_was_asked_for():
    asked = os.environ.get("ATEN_CPU_CAPABILITY", torch.backends.cpu.get_cpu_capability())

    assert torch.backends.cpu.get_cpu_capability().lower() == asked.lower()
    assert torch.get_num_threads() == int(os.environ["OMP_NUM_THREADS"])


@pytest.mark.parametrize("run", RUNS)
def test_every_setting_takes_effect(run):
    needs.kernels()
    mkl, onednn, aten, threads = EXPECTED[run]
    others = {name for settings in RUNS.values() for name in settings}
    clean = {name: value for name, value in os.environ.items() if name not in others}

    said = subprocess.run(
        [sys.executable, "-c", COMPUTES],
        env=clean | RUNS[run] | {"MKL_VERBOSE": "1", "ONEDNN_VERBOSE": "1"},
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout

    facts = json.loads(said.splitlines()[-1])
    assert mkl in said
    assert onednn in said
    assert (facts["aten"], facts["threads"]) == (aten, threads)


def test_the_two_runs_differ_in_every_setting():
    assert RUNS.keys() == EXPECTED.keys()
    for name in RUNS["PLAIN"].keys() & RUNS["AVX2"].keys():
        assert RUNS["PLAIN"][name] != RUNS["AVX2"][name]
