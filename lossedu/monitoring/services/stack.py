"""All servers together, as a learner or a test needs them: scraped, judged, notified."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lossedu.monitoring.services import alertmanager, prometheus
from lossedu.monitoring.services.alertmanager import Pace
from lossedu.monitoring.services.inbox import Inbox, receiving
from lossedu.monitoring.services.processes import ServerError, answers, free_port
from lossedu.monitoring.services.prometheus import Prometheus
from lossedu.monitoring.slo import durations
from lossedu.monitoring.slo.objective import SLO
from lossedu.monitoring.slo.rules import INTERVAL_S, rule_file


@dataclass(frozen=True)
class Stack:
    """Servers that run.

    Attributes:
        prometheus: Scrapes the targets and evaluates the rules.
        alertmanager: Its host and port.
        inbox: Where notifications arrive.
    """

    prometheus: Prometheus
    alertmanager: str
    inbox: Inbox

    def check(self) -> None:
        """Ask each server whether it is there.

        Raises:
            ServerError: If one does not answer.
        """
        addresses = {
            "Prometheus": self.prometheus.address,
            "Alertmanager": f"http://{self.alertmanager}",
        }
        for name, address in addresses.items():
            if not answers(f"{address}/-/healthy"):
                raise ServerError(f"{name} does not answer any more at {address}.")


@dataclass(frozen=True)
class Plan:
    """What the servers are to do, on which ports; the same plan finds its data again.

    Attributes:
        folder: For all of their files.
        slos: The objectives to watch.
        targets: Hosts and ports that serve ``/metrics``.
        scrape_s: Seconds from one scrape to the next.
        interval_s: Seconds from one evaluation of the rules to the next.
        pace: Of the notifications.
        ports: Of Prometheus, Alertmanager and the inbox.
    """

    folder: Path
    slos: Sequence[SLO]
    targets: Sequence[str]
    scrape_s: float
    interval_s: float
    pace: Pace
    ports: tuple[int, int, int]


def plan(
    folder: Path,
    slos: Sequence[SLO],
    targets: Sequence[str],
    *,
    scrape_s: float = 15.0,
    interval_s: float = INTERVAL_S,
    pace: Pace | None = None,
) -> Plan:
    """A plan on free ports."""
    ports = (free_port(), free_port(), free_port())
    return Plan(folder, slos, targets, scrape_s, interval_s, pace or Pace(), ports)


@contextlib.contextmanager
def up(plan: Plan) -> Iterator[Stack]:
    """Run the servers within a block; what they keep is there when they are started again.

    Kept in the folder: samples, rules, every notification; also, unless Alertmanager was killed,
    which notifications have been sent.  Whatever still is wrong when killed servers are back is
    notified again, at least once.  What ended while they were away is not reported as resolved:
    alerts live in the servers' memory.

    Raises:
        MissingProgramError: If Prometheus or Alertmanager is not installed.
        ServerError: If one of them does not start.
    """
    with contextlib.ExitStack() as running:
        inbox = running.enter_context(receiving(plan.folder / "notifications.jsonl", plan.ports[2]))
        settings = alertmanager.configuration(inbox.address, plan.pace)
        notifier = running.enter_context(
            alertmanager.serving(plan.folder, settings, port=plan.ports[1])
        )
        rules = plan.folder / "rules.yml"
        rules.write_text(rule_file(plan.slos, interval_s=plan.interval_s), encoding="utf-8")
        server = running.enter_context(
            prometheus.serving(plan.folder, configuration(plan, notifier), port=plan.ports[0])
        )
        yield Stack(server, notifier, inbox)


def configuration(plan: Plan, notifier: str) -> str:
    """The text of ``prometheus.yml``."""
    import yaml

    whole = {
        "global": {
            "scrape_interval": durations.text(plan.scrape_s),
            "evaluation_interval": durations.text(plan.interval_s),
        },
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [notifier]}]}]},
        "scrape_configs": [
            {"job_name": "lossedu", "static_configs": [{"targets": list(plan.targets)}]}
        ],
    }
    return str(yaml.safe_dump(whole, sort_keys=False))
