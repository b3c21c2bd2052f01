"""A run ends with its steps, its epochs, its patience or a callback."""

from functools import partial

import torch

from lossedu.training import EarlyStopping
from tests.training.conftest import small_data


def test_steps_may_end_within_an_epoch(quick_fit):
    history, _ = quick_fit(steps=5)

    assert history.steps["step"] == [0, 1, 2, 3, 4]
    assert history.steps["epoch"] == [0, 0, 0, 1, 1]
    assert history.epochs["epoch"] == [0, 1]


def test_endless_data_end_with_the_steps(quick_fit):
    x, y = small_data()

    def forever():
        while True:
            yield x, y

    history, _ = quick_fit(train=forever(), steps=4)

    assert len(history.steps["step"]) == 4


def test_early_stopping_stops_and_says_so(quick_fit):
    still = partial(torch.optim.SGD, lr=0.0)

    history, _ = quick_fit(epochs=50, optimizer=still, early_stopping=EarlyStopping(patience=3))

    assert 4 <= len(history.epochs["epoch"]) < 50
    assert history.events[-1]["kind"] == "early_stop"


def test_nan_of_validation_is_no_improvement(quick_fit):
    x, y = small_data(9)
    x[4, 0] = torch.nan

    history, _ = quick_fit(epochs=30, valid=(x, y), early_stopping=EarlyStopping(patience=3))

    assert len(history.epochs["epoch"]) == 3
    assert history.events[-1]["kind"] == "early_stop"


def test_a_callback_may_stop_the_run(quick_fit):
    class Enough:
        def after_step(self, run):
            if run.step == 4:
                run.stop("enough")

    history, _ = quick_fit(epochs=9, callbacks=[Enough()])

    assert len(history.steps["step"]) == 4
