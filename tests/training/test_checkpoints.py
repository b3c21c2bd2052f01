"""Nothing is lost: kills, full disks, damaged files."""

import errno
import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from lossedu.training import CheckpointError, Checkpoints, checkpoints, restore_model
from lossedu.training.packing import pack, unpack
from tests.training.conftest import small_data, small_model

ROOT = Path(__file__).parents[2]


def parameters(model):
    return [p.detach().clone() for p in model.parameters()]


def same(ours, theirs):
    return all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.slow
def test_twenty_killed_runs_end_as_if_nothing_had_happened(tmp_path):
    command = [sys.executable, "-m", "tests.training.killed_runs", tmp_path, "20", "1"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(runs) == 20
    assert [run for run in runs if not run["same"]] == []
    assert sum(-signal.SIGKILL in run["codes"] for run in runs) >= 15


def test_a_run_goes_on_where_another_has_stopped(quick_fit, tmp_path):
    class CrashError(Exception):
        pass

    class CrashAt:
        def after_step(self, run):
            if run.step == 5:
                raise CrashError

    whole, expected = quick_fit(small_model(dropout=0.5), epochs=3)
    with pytest.raises(CrashError):
        quick_fit(
            small_model(dropout=0.5),
            epochs=3,
            checkpoints=Checkpoints(tmp_path, every_steps=2),
            callbacks=[CrashAt()],
        )

    # The first weights do not matter: the checkpoint brings its own.
    model = small_model(9, dropout=0.5)
    history, model = quick_fit(model, epochs=3, checkpoints=tmp_path)

    assert same(parameters(model), parameters(expected))
    assert history.steps["loss"] == whole.steps["loss"]
    assert json.dumps(history.epochs) == json.dumps(whole.epochs)


def test_a_finished_run_is_read_and_not_run_again(quick_fit, tmp_path):
    first, trained = quick_fit(checkpoints=tmp_path)
    calls = []

    class Watch:
        def after_step(self, run):
            calls.append(run.step)

    again, model = quick_fit(small_model(3), checkpoints=tmp_path, callbacks=[Watch()])

    assert calls == []
    assert again.steps == first.steps
    assert same(parameters(model), parameters(trained))


def test_a_finished_run_may_be_made_longer(quick_fit, tmp_path):
    whole, expected = quick_fit(epochs=4)
    quick_fit(epochs=2, checkpoints=tmp_path)

    history, model = quick_fit(epochs=4, checkpoints=tmp_path)

    assert same(parameters(model), parameters(expected))
    assert history.steps["loss"] == whole.steps["loss"]


def test_the_best_state_is_kept_and_can_be_restored(quick_fit, tmp_path):
    states = []

    class Keep:
        def after_epoch(self, run):
            states.append(parameters(run.model))

    x, y = small_data(9, seed=7)
    history, _ = quick_fit(
        epochs=4, valid=(x, 1 - y), checkpoints=tmp_path, callbacks=[Keep()]
    )  # the better it learns, the worse it gets
    losses = history.epochs["valid_loss"]
    best = losses.index(min(losses))

    model = small_model(4)
    step = restore_model(model, tmp_path)

    assert best < 3, "the last epoch must not be the best, or this shows nothing"
    assert step == 3 * (best + 1)
    assert same(parameters(model), states[best])


def test_only_as_many_checkpoints_stay_as_were_asked_for(quick_fit, tmp_path):
    quick_fit(epochs=3, checkpoints=Checkpoints(tmp_path, every_steps=1, keep=2))

    names = sorted(p.name.split(".")[0] for p in tmp_path.iterdir())
    assert [n.split("-")[0] for n in names] == ["best"] * 2 + ["last"] * 4
    assert not list(tmp_path.glob(".*"))


def test_on_time_means_whenever_that_much_time_has_passed(quick_fit, tmp_path):
    quick_fit(epochs=1, checkpoints=Checkpoints(tmp_path, every_s=1e-9, keep=9, best=False))

    assert len(list(tmp_path.glob("last-*.json"))) == 3


@pytest.mark.parametrize("harm", ["flip a bit", "cut", "remove", "break the JSON"])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(quick_fit, tmp_path, caplog, harm):
    whole, expected = quick_fit(epochs=3)
    quick_fit(epochs=2, checkpoints=Checkpoints(tmp_path, every_steps=1, best=False))
    newest = max(tmp_path.glob("last-*.json"))
    tensors = next(tmp_path.glob(f"{newest.stem}-*.safetensors"))
    data = bytearray(tensors.read_bytes())
    if harm == "flip a bit":
        data[-5] ^= 1
        tensors.write_bytes(data)
    elif harm == "cut":
        tensors.write_bytes(data[:-1])
    elif harm == "remove":
        tensors.unlink()
    else:
        newest.write_text("{")

    with caplog.at_level(logging.WARNING):
        history, model = quick_fit(epochs=3, checkpoints=Checkpoints(tmp_path, best=False))

    step = int(newest.stem.split("-")[1])
    assert f"the last checkpoint of step {step} in {tmp_path} is damaged" in caplog.text
    assert same(parameters(model), parameters(expected))
    assert history.steps["loss"] == whole.steps["loss"]


def test_if_all_are_damaged_that_is_said(quick_fit, tmp_path):
    quick_fit(checkpoints=tmp_path)
    for path in tmp_path.glob("*.json"):
        path.write_text("{}")

    with pytest.raises(
        CheckpointError, match="all are damaged: the last checkpoint of step 6, the"
    ):
        quick_fit(checkpoints=tmp_path)


def test_a_full_disk_is_said_and_the_last_good_checkpoint_kept(quick_fit, tmp_path, monkeypatch):
    quick_fit(epochs=1, checkpoints=Checkpoints(tmp_path, best=False))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        CheckpointError, match=r"room for .* No space left.*the last checkpoint of step 3"
    ):
        quick_fit(epochs=2, checkpoints=Checkpoints(tmp_path, best=False))

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_safetensors_cannot_write_is_said_in_the_same_words(tmp_path):
    script = f"""
import resource, signal, torch
from lossedu.training import Checkpoints
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
Checkpoints({str(tmp_path)!r}).write("last", 3, {{"model": torch.zeros(9999)}})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)

    assert "CheckpointError: folder must have room for 0.0 MB, but writing" in done.stderr
    assert "there is none before it" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_to_is_refused_before_training(quick_fit, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(CheckpointError, match="folder must be one that can be written to"):
        quick_fit(checkpoints=tmp_path / "file" / "below", callbacks=[None])


def test_another_run_does_not_go_on_from_here(quick_fit, tmp_path):
    quick_fit(checkpoints=tmp_path)

    with pytest.raises(CheckpointError, match="seed was 0 there and is 1 here"):
        quick_fit(checkpoints=tmp_path, seed=1)
    with pytest.raises(CheckpointError, match="no checkpoints where resume=False"):
        quick_fit(checkpoints=Checkpoints(tmp_path, resume=False))


def test_reading_a_checkpoint_runs_no_code(tmp_path):
    path = Checkpoints(tmp_path).write("last", 1, {"model": {"w": torch.ones(2)}})

    assert json.loads(path.read_text())["state"] == {"model": {"w": {"$tensor": "state.model.w"}}}
    source = Path(checkpoints.__file__).read_text() + Path(pack.__code__.co_filename).read_text()
    assert "pickle." not in source
    assert "torch.load" not in source


def test_state_comes_back_as_it_was(tmp_path):
    tied = torch.ones(2, 2)
    state = {"a": tied, "b": [tied, tied[0]], 3: (1, 0.1 + 0.2, None, "x"), "inf": float("inf")}

    plain, tensors = pack(state)
    save_file(tensors, tmp_path / "state")  # which refuses tensors that share memory
    back = unpack(json.loads(json.dumps(plain)), load_file(tmp_path / "state"))

    assert back[3] == state[3]
    assert back["inf"] == float("inf")
    assert torch.equal(back["b"][1], tied[0])
    assert len(tensors) == 2  # what is the same is written once


def test_what_is_no_plain_data_is_refused_by_its_place():
    with pytest.raises(TypeError, match=r"state\.a\.1 must be a tensor or plain data, but is set"):
        pack({"a": [1, {2}]})


def test_tied_weights_stay_tied(quick_fit, tmp_path):
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(3, 3), nn.Linear(3, 3)
            self.two.weight = self.one.weight

        def forward(self, x):
            return self.two(self.one(x))

    _, trained = quick_fit(Tied(), checkpoints=tmp_path)
    model = Tied()
    restore_model(model, tmp_path, "last")

    assert same(parameters(model), parameters(trained))
    assert model.two.weight is model.one.weight


@pytest.mark.parametrize("wrong", [{"every_s": 0.0}, {"keep": 0}, {"every_steps": 0}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must"):
        Checkpoints("somewhere", **wrong)


def test_restoring_from_nothing_says_so(tmp_path):
    with pytest.raises(CheckpointError, match="folder must hold a best checkpoint"):
        restore_model(small_model(), tmp_path)
