"""A group of processes that a run opened ends with the program; one of the caller's does not."""

import pytest
import torch
from accelerate.tracking import GeneralTracker

from lossedu.training import restore_model
from tests import fresh
from tests.training.conftest import small_model

ALONE = """
import atexit, sys
import torch
from torch import distributed
from lossedu.training.process_group import ended_at_exit

def seen_last():
    print("open" if distributed.is_initialized() else "closed")
    if distributed.is_initialized():
        distributed.destroy_process_group()

def opened():
    meeting = "file://" + sys.argv[1]
    distributed.init_process_group("gloo", init_method=meeting, rank=0, world_size=1)

atexit.register(seen_last)  # what was registered first is called last
"""
OURS = "with ended_at_exit():\n    opened()\n"
CALLERS = "opened()\nwith ended_at_exit():\n    pass\n"
FAILED = "with ended_at_exit():\n    opened()\n    raise RuntimeError\n"
TOGETHER = """
import atexit, os, sys
from functools import partial
from pathlib import Path
from torch import distributed, nn, optim
from lossedu.training import fit
from tests.training.conftest import small_data, small_model

def seen_last():
    state = "open" if distributed.is_initialized() else "closed"
    Path(sys.argv[1], os.environ["RANK"]).write_text(state)

atexit.register(seen_last)
sgd = partial(optim.SGD, lr=0.1)
for _ in range(2):
    fit(small_model(), nn.CrossEntropyLoss(), small_data(), optimizer=sgd, steps=2, progress=False)
    assert distributed.get_world_size() == 2
"""


@pytest.mark.parametrize(
    ("program", "end"),
    [
        (OURS, "closed"),
        (OURS + "raise RuntimeError", "closed"),
        (OURS + "sys.exit(3)", "closed"),
        (OURS + "distributed.destroy_process_group()", "closed"),
        (FAILED, "closed"),
        (CALLERS, "open"),
    ],
    ids=["end", "exception", "exit", "closed before", "exception at once", "the caller's"],
)
def test_at_exit_a_group_is_closed_if_it_was_opened_here(program, end, tmp_path):
    done = fresh.run(ALONE + program, tmp_path / "meeting")

    assert done.stdout == f"{end}\n", done.stderr


@pytest.mark.slow
@pytest.mark.server
def test_two_processes_run_twice_in_one_group_and_close_it_at_exit(tmp_path, in_two_processes):
    in_two_processes(TOGETHER, tmp_path)

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(
        ("0", "1"), "closed"
    )


TORCHRUN = """
import os, signal, sys
os.environ.pop("ACCELERATE_USE_CPU", None)  # torchrun says nothing of it
from functools import partial
from pathlib import Path
from torch import nn, optim
from lossedu.training import fit
from tests.training.conftest import small_data, small_model

folder, rank = Path(sys.argv[1]), os.environ["RANK"]
seen = []
signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))

class Send:
    def after_step(self, run):
        if run.step == 5 and rank == "1":
            os.kill(os.getpid(), signal.SIGTERM)

history = fit(
    small_model(), nn.CrossEntropyLoss(), small_data(), epochs=3, batch_size=8,
    optimizer=partial(optim.SGD, lr=0.1), checkpoints=folder / "kept", callbacks=[Send()],
)
found = history.settings["processes"], len(history.steps["step"]), len(seen)
(folder / rank).write_text(" ".join(map(str, found)))
"""


@pytest.mark.slow
@pytest.mark.server
def test_processes_on_cpus_are_one_run_and_end_together_at_a_signal_to_one(
    tmp_path, in_two_processes
):
    in_two_processes(TORCHRUN, tmp_path)

    # The second epoch ends with step 6, where both have fetched.
    assert [(tmp_path / rank).read_text() for rank in "01"] == ["2 6 1"] * 2
    assert restore_model(small_model(), tmp_path / "kept", "last") == 6


def test_a_launcher_that_has_started_one_process_of_several_is_named(quick_fit, monkeypatch):
    for name in ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ACCELERATE_USE_CPU", "True")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")

    with pytest.warns(UserWarning, match="accelerate launch --cpu .* starts one.*torchrun"):
        quick_fit(steps=1)


class Quiet(GeneralTracker):
    name, requires_logging_directory, main_process_only = "quiet", False, True

    def __init__(self):
        super().__init__()
        self.finished = False

    @property
    def tracker(self):
        return self

    def store_init_configuration(self, values):
        pass

    def log(self, values, step=None, **kwargs):
        pass

    def finish(self):
        self.finished = True


def test_a_tracker_is_finished_and_the_callers_group_stays(quick_fit, tmp_path):
    tracker, meeting = Quiet(), f"file://{tmp_path / 'meeting'}"
    torch.distributed.init_process_group("gloo", init_method=meeting, rank=0, world_size=1)
    try:
        quick_fit(small_model(), trackers=[tracker])

        assert tracker.finished
        assert torch.distributed.is_initialized()
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
