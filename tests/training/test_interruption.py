"""Signals end a run with a last checkpoint, from which it goes on bit for bit."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from lossedu.training import Checkpoints, restore_model
from tests.training.conftest import small_data, small_model

pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="Windows ends a process without asking it"
)
ROOT = Path(__file__).parents[2]

# A run that is sent a signal in step 5 of 9, in the middle of the second epoch.
PROGRAM = """
import os, sys
from functools import partial
import torch
from torch import nn
from lossedu.training import fit
from tests.training.conftest import small_data, small_model

class Send:
    def after_step(self, run):
        if run.step == 5:
            os.kill(os.getpid(), int(sys.argv[2]))

fit(small_model(dropout=0.5), nn.CrossEntropyLoss(), small_data(), epochs=3, batch_size=8,
    optimizer=partial(torch.optim.AdamW, lr=1e-2), checkpoints=sys.argv[1], callbacks=[Send()],
    progress=False)
"""


class Send:
    """Signals to this process after a step."""

    def __init__(self, number, step=5):
        self.number, self.step = number, step

    def after_step(self, run):
        if run.step == self.step:
            os.kill(os.getpid(), self.number)


def test_ctrl_c_leaves_a_checkpoint_of_its_step_from_which_the_run_goes_on(quick_fit, tmp_path):
    whole, expected = quick_fit(small_model(dropout=0.5), epochs=3)
    handler = signal.getsignal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        quick_fit(
            small_model(dropout=0.5),
            epochs=3,
            checkpoints=tmp_path,
            callbacks=[Send(signal.SIGINT)],
        )

    assert restore_model(small_model(), tmp_path, "last") == 5
    assert signal.getsignal(signal.SIGINT) is handler
    history, model = quick_fit(small_model(9, dropout=0.5), epochs=3, checkpoints=tmp_path)
    assert history.steps["loss"] == whole.steps["loss"]
    assert history.events == whole.events
    for ours, theirs in zip(model.parameters(), expected.parameters(), strict=True):
        assert ours.equal(theirs)


def test_sigterm_ends_the_program_as_it_would_have_after_a_last_checkpoint(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path, str(int(signal.SIGTERM))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )

    assert done.returncode == -signal.SIGTERM, done.stderr
    assert restore_model(small_model(), tmp_path, "last") == 5


def test_a_handler_of_the_callers_own_is_called_after_the_checkpoint(quick_fit, tmp_path):
    seen = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.extend(tmp_path.glob("*")))
    try:
        history, _ = quick_fit(
            epochs=3, checkpoints=tmp_path, callbacks=[Send(signal.SIGTERM, step=3)]
        )
    finally:
        signal.signal(signal.SIGTERM, before)

    assert any(path.name.startswith("last-00000003") for path in seen)
    assert len(history.steps["step"]) == 3


def test_the_second_signal_is_not_waited_for(quick_fit, tmp_path):
    after = []

    class Twice:
        def after_step(self, run):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0)  # a signal is handled between two instructions
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1e-3)
            after.append(run.step)

    with pytest.raises(KeyboardInterrupt):
        quick_fit(checkpoints=tmp_path, callbacks=[Twice()])

    assert after == []
    assert not list(tmp_path.glob("last-*"))


def test_without_checkpoints_and_where_they_are_ignored_signals_do_what_they_did(
    quick_fit, tmp_path
):
    with pytest.raises(KeyboardInterrupt):
        quick_fit(callbacks=[Send(signal.SIGINT, step=2), Send(signal.SIGUSR1, step=3)])

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        history, _ = quick_fit(checkpoints=tmp_path, callbacks=[Send(signal.SIGINT, step=2)])
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(history.steps["step"]) == 6


def test_a_run_in_another_thread_trains_as_ever(quick_fit, tmp_path):
    found = []

    thread = threading.Thread(
        target=lambda: found.append(quick_fit(checkpoints=Checkpoints(tmp_path)))
    )
    thread.start()
    thread.join()

    assert len(found[0][0].steps["step"]) == 6


@pytest.mark.parametrize("moment", [1, 2, 3])
def test_a_signal_during_validation_ends_it_and_the_run_that_goes_on_validates_again(
    quick_fit, tmp_path, moment
):
    calls = []

    def loss(outputs, targets):
        if not torch.is_grad_enabled():
            torch.rand(())  # moves the random numbers that dropout draws from
            calls.append(len(targets))
            if len(calls) == moment:
                os.kill(os.getpid(), signal.SIGINT)
        return nn.functional.cross_entropy(outputs, targets)

    valid = small_data(20)
    with pytest.raises(KeyboardInterrupt):
        quick_fit(small_model(dropout=0.5), loss=loss, valid=valid, checkpoints=tmp_path)
    interrupted = len(calls)
    history, model = quick_fit(
        small_model(dropout=0.5), loss=loss, valid=valid, checkpoints=tmp_path
    )
    whole, expected = quick_fit(small_model(dropout=0.5), loss=loss, valid=valid)

    assert interrupted == moment
    assert history.steps["loss"] == whole.steps["loss"]
    assert history.epochs["train_loss"] == whole.epochs["train_loss"]
    assert history.epochs["valid_loss"] == whole.epochs["valid_loss"]
    for ours, theirs in zip(model.parameters(), expected.parameters(), strict=True):
        assert ours.equal(theirs)


def test_a_signal_between_two_epochs_ends_the_run_there(quick_fit, tmp_path):
    class AfterEpoch:
        def after_epoch(self, run):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        quick_fit(valid=small_data(5), checkpoints=tmp_path, callbacks=[AfterEpoch()])

    history, _ = quick_fit(valid=small_data(5), checkpoints=tmp_path)
    assert history.epochs["epoch"] == [0, 1]
