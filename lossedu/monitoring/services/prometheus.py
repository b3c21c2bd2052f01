"""A Prometheus server on loopback: with the past of a timeline, or scraping what lives now."""

import contextlib
import json
import math
import re
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lossedu.monitoring.services.processes import (
    DIRECT,
    HOST,
    ServerError,
    free_port,
    running,
)
from lossedu.monitoring.services.programs import program
from lossedu.monitoring.timeline import Series, Timeline, Values

_MOST = 11_000  # points a range query may return
_KEPT = "100y"


@dataclass(frozen=True)
class Prometheus:
    """A server that answers queries.

    Attributes:
        address: Where it serves, such as ``http://127.0.0.1:9090``.
    """

    address: str

    def query(self, expression: str, at: float) -> dict[Series, float]:
        """The value of a PromQL expression at one time, in seconds since 1970.

        Raises:
            ServerError: If the server refuses the expression; with its words.
        """
        answer = self._ask("query", {"query": expression, "time": repr(float(at))})
        if answer["resultType"] == "scalar":
            return {Series(""): float(answer["result"][1])}
        return {_series(one["metric"]): float(one["value"][1]) for one in answer["result"]}

    def query_range(
        self, expression: str, start: float, end: float, step_s: float
    ) -> tuple[Values, dict[Series, Values]]:
        """The values of an expression at steady steps, however many these are.

        Returns:
            The times, of shape ``(n,)``, and for each series as many values, NaN where none is.

        Raises:
            ServerError: If the server refuses the expression; with its words.
        """
        steps = math.floor((end - start) / step_s + 1e-9) + 1
        times: Values = start + step_s * np.arange(steps, dtype=float)
        rows: dict[Series, Values] = {}
        for begin in range(0, len(times), _MOST):
            part = times[begin : begin + _MOST]
            asked = {"start": part[0], "end": part[-1], "step": step_s}
            numbers = {name: repr(float(value)) for name, value in asked.items()}
            answer = self._ask("query_range", {"query": expression, **numbers})
            for one in answer["result"]:
                row = rows.setdefault(_series(one["metric"]), np.full(len(times), np.nan))
                clock, values = np.array(one["values"], float).T
                row[begin + np.rint((clock - part[0]) / step_s).astype(int)] = values
        return times, rows

    def version(self) -> tuple[int, ...]:
        """The server's version, such as ``(2, 42, 0)``."""
        text = str(self._ask("status/buildinfo", {})["version"])
        return tuple(map(int, re.findall(r"\d+", text)[:3]))

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that are pending or firing now, as the server describes them."""
        active: list[dict[str, Any]] = self._ask("alerts", {})["alerts"]
        return active

    def _ask(self, what: str, arguments: Mapping[str, str]) -> Any:
        body = urllib.parse.urlencode(arguments).encode()
        address = f"{self.address}/api/v1/{what}"
        request = urllib.request.Request(address, body) if arguments else address
        try:
            with DIRECT.open(request, timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            with contextlib.suppress(ValueError, KeyError):
                said = json.loads(said)["error"]
            raise ServerError(f"Prometheus refuses {arguments or what}: {said}") from None


@contextlib.contextmanager
def serving_past(timeline: Timeline) -> Iterator[Prometheus]:
    """A server that holds a timeline's samples as if it had scraped them; weeks take seconds.

    Raises:
        MissingProgramError: If Prometheus is not installed.
        ServerError: If it does not start or refuses the samples.
    """
    with tempfile.TemporaryDirectory(prefix="lossedu-prometheus-") as name:
        folder = Path(name)
        text = folder / "samples.txt"
        with text.open("w", encoding="utf-8") as stream:
            stream.writelines(timeline.openmetrics())
        made = ["tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "data")]
        done = subprocess.run(
            [str(program("promtool")), *made], capture_output=True, encoding="utf-8"
        )
        if done.returncode:
            raise ServerError(f"promtool refuses the samples: {done.stderr.strip()}")
        text.unlink()
        with serving(folder, "global: {}\n") as server:
            yield server


@contextlib.contextmanager
def serving(folder: Path, configuration: str, *, port: int | None = None) -> Iterator[Prometheus]:
    """A server with this configuration, whose data lie in ``folder/data``.

    Raises:
        MissingProgramError: If Prometheus is not installed.
        ServerError: If it does not start.
    """
    settings = folder / "prometheus.yml"
    settings.write_text(configuration, encoding="utf-8")
    address = f"{HOST}:{port or free_port()}"
    command: list[str | Path] = [
        program("prometheus"),
        f"--config.file={settings}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--storage.tsdb.retention.time={_KEPT}",
        f"--web.listen-address={address}",
        "--log.level=warn",
    ]
    with running(command, folder / "prometheus.log", f"http://{address}/-/ready"):
        yield Prometheus(f"http://{address}")


def _series(metric: Mapping[str, str]) -> Series:
    labels = {name: value for name, value in metric.items() if name != "__name__"}
    return Series.of(metric.get("__name__", ""), **labels)
