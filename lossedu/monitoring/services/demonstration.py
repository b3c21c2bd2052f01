"""A service with a fault to come, watched by real servers, at many times the usual speed."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lossedu.extras import explained
from lossedu.monitoring.services.processes import HOST
from lossedu.monitoring.slo.objective import SLO
from lossedu.monitoring.slo.standard import textbook
from lossedu.monitoring.telemetry.loss_telemetry import LossTelemetry
from lossedu.monitoring.telemetry.outcomes import hinge

_EVERY_S = 0.1
_A_TIME = 20
_DISTANCE = 3.2


@dataclass(frozen=True)
class Trouble:
    """When the labels are mapped the wrong way round.

    Attributes:
        after_s: Seconds until it begins.
        lasts_s: Seconds that it lasts.
    """

    after_s: float
    lasts_s: float


def hurried(slo: SLO, speed: float) -> SLO:
    """An objective whose windows pass so many times faster: an hour in a minute at 60."""

    def faster(length_s: float) -> float:
        return round(length_s / speed, 3)  # Prometheus knows whole milliseconds

    policies = [
        replace(
            policy,
            long_s=faster(policy.long_s),
            short_s=max(faster(policy.short_s), 3.0),
            hold_s=faster(policy.hold_s),
        )
        for policy in slo.policies
    ]
    return replace(slo, window_s=slo.window_s / speed, policies=tuple(policies))


def objectives(speed: float) -> list[SLO]:
    """What the demonstration watches."""
    made = [textbook("margin-violation", target=0.95), textbook("error", target=0.99)]
    return [hurried(slo, speed) for slo in made]


@contextlib.contextmanager
def service(trouble: Trouble | None, *, seed: int = 0) -> Iterator[str]:
    """A model that predicts and gets its labels, within a block.

    Yields:
        The host and port of its metrics.
    """
    with explained("lossedu monitor", "monitor"):
        from prometheus_client import CollectorRegistry, start_http_server
    registry = CollectorRegistry()
    telemetry = LossTelemetry(registry, model="demonstration", version="1", loss=hinge)
    server, thread = start_http_server(0, HOST, registry)
    over = threading.Event()
    serving = threading.Thread(target=_serve, args=(telemetry, trouble, over, seed))
    serving.start()
    try:
        yield f"{HOST}:{server.server_port}"
    finally:
        over.set()
        serving.join()
        server.shutdown()
        server.server_close()
        thread.join()


def _serve(
    telemetry: LossTelemetry, trouble: Trouble | None, over: threading.Event, seed: int
) -> None:
    numbers = np.random.default_rng(seed)
    passed_s = 0.0
    while not over.wait(_EVERY_S):
        passed_s += _EVERY_S
        labels = (numbers.random(_A_TIME) < 0.3).astype(int)
        scores = (2 * labels - 1) * numbers.normal(_DISTANCE, 1.0, _A_TIME)
        hit = trouble is not None and 0 <= passed_s - trouble.after_s < trouble.lasts_s
        telemetry.observe(scores)
        telemetry.observe_labels(scores, 1 - labels if hit else labels)
        telemetry.report(label_coverage_ratio=1.0)
