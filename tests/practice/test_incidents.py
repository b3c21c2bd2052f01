"""Runs in which one thing goes wrong: each cause shows where it must, and nowhere else."""

import pytest

from lossedu.practice.incidents import (
    SERVICE_CAUSES,
    TRAINING_CAUSES,
    Service,
    Training,
    service,
    training,
)

SINCE, AT = 5, 6
SIZES = {"prior": 4.0, "drift": 1.0, "rate": 60.0, "batch": 8.0, "overflow": 2.0, "worker": -1.0}
# A panel moves if its mean after the break differs from that before by so much.
MOVES = 0.03
SHOWN = {
    "prior": {"loss", "positives", "predicted", "inputs"},
    "drift": {"loss", "predicted", "inputs"},
    "stuck": {"loss", "predicted", "auc", "inputs"},
    "swapped": {"loss", "positives", "auc"},
    "late": {"loss", "positives"},
    "none": set(),
}


def watched(cause: str, seed: int = 0) -> Service:
    return service(cause, since=SINCE, size=SIZES.get(cause, 1.0), seed=seed)


def trained(cause: str, seed: int = 0) -> Training:
    return training(cause, at=AT, size=SIZES.get(cause, 1.0), seed=seed)


def moved(panels: Service) -> set[str]:
    def mean(values: tuple[float, ...]) -> float:
        return sum(values) / len(values)

    return {
        name
        for name, values in vars(panels).items()
        if abs(mean(values[SINCE:]) - mean(values[:SINCE])) > MOVES
    }


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("cause", SERVICE_CAUSES)
def test_a_cause_moves_its_own_panels_alone(cause: str, seed: int) -> None:
    assert moved(watched(cause, seed)) == SHOWN[cause]


def test_until_something_goes_wrong_all_days_are_the_same_run() -> None:
    plain = watched("none")
    for cause in SERVICE_CAUSES:
        for name, values in vars(watched(cause)).items():
            assert values[:SINCE] == pytest.approx(getattr(plain, name)[:SINCE])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_long_step_shows_in_the_loss_one_step_later(seed: int) -> None:
    run = trained("rate", seed)
    assert run.update[AT] > 10 * run.update[AT - 1]
    assert run.loss[AT] < 1.2 * run.loss[AT - 1]
    assert run.loss[AT + 1] > 3 * run.loss[AT]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_bad_rows_show_in_their_own_step(seed: int) -> None:
    run = trained("batch", seed)
    assert run.loss[AT] > 3 * run.loss[AT - 1]
    assert run.gradient[AT] > 10 * run.gradient[AT - 1]


def test_steps_that_overflow_half_precision_are_left_out() -> None:
    run = trained("overflow")
    for update, scaled in zip(run.update, run.scaled, strict=True):
        assert (update > 0) == (scaled < 65504)
    assert run.update[-1] == pytest.approx(0.0)
    assert run.gradient[-1] > 0.1


def test_workers_stay_equal_until_one_goes_its_own_way() -> None:
    run = trained("worker")
    assert run.apart[:AT] == pytest.approx((0.0,) * AT)
    assert all(distance > 0 for distance in run.apart[AT:])
    assert run.last_loss[-1] > 2 * run.loss[-1]


@pytest.mark.parametrize("cause", [one for one in TRAINING_CAUSES if one != "worker"])
def test_workers_that_average_stay_equal(cause: str) -> None:
    assert trained(cause).apart == pytest.approx((0.0,) * 12)


@pytest.mark.parametrize("run", [service, training])
def test_an_unknown_cause_is_refused(run: object) -> None:
    with pytest.raises(ValueError, match=r"cause must be"):
        run("prio")  # type: ignore[operator]
