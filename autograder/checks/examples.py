"""The smallest input on which a submission is wrong, found by hypothesis."""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from autograder.sandbox.session import Call, Reply, Work
from autograder.sandbox.wire import Value

Arguments = tuple[Value, ...]

# Each try is a question to the submission: some 0.1 ms in a notebook, 1 ms in a sandbox.
_MOST_TRIES = 250
# Of the submission's processor time: what is shown does not hang on what else the machine does.
_MOST_CPU_S = 2.0
_MOST_WALL_S = 60.0  # a backstop against what sleeps


def smallest_failing(
    work: Work,
    strategy: Any,
    asked: Callable[[Arguments], Sequence[Call]],
    wrong: Callable[[Sequence[Call], Sequence[Reply]], bool],
) -> Sequence[Call] | None:
    """Calls that go wrong, as simple as can be; None if none is found in time.

    The search depends on the submission alone, never on a secret.

    Args:
        work: The submission.
        strategy: Of hypothesis: arguments to choose from, simple ones first.
        asked: Turns arguments into calls.
        wrong: Decides whether the replies to them are wrong.
    """
    from hypothesis import HealthCheck, find, settings
    from hypothesis.errors import Flaky, NoSuchExample

    tries, used_up, until = 0, work.used_s() + _MOST_CPU_S, time.monotonic() + _MOST_WALL_S
    smallest: Sequence[Call] | None = None

    def fails(arguments: Arguments) -> bool:
        nonlocal tries, smallest
        tries += 1
        if tries > _MOST_TRIES or work.used_s() > used_up or time.monotonic() > until:
            return False
        calls = asked(arguments)
        replies = work.call(calls)
        if any(reply.status in ("timeout", "crashed") for reply in replies):
            tries = _MOST_TRIES
            return False
        if not wrong(calls, replies):
            return False
        smallest = calls
        return True

    chosen = settings(
        max_examples=100,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    # Flaky: the tries ran out in the middle, or the submission draws at random.
    with suppress(NoSuchExample, Flaky):
        find(strategy, fails, settings=chosen, random=random.Random(0))
    return smallest
