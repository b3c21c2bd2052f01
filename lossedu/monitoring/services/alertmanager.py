"""Alertmanager on loopback: who is notified of what, grouped, and once a change."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lossedu.monitoring.services.processes import HOST, free_port, running
from lossedu.monitoring.services.programs import program
from lossedu.monitoring.slo import durations


@dataclass(frozen=True)
class Pace:
    """How long notifications wait for company.

    Attributes:
        first_s: For other alerts of the group, before the first notification.
        change_s: After one notification, before the next about the same group.
        repeat_s: Before a group that has not changed is brought up again.
    """

    first_s: float = 30.0
    change_s: float = 300.0
    repeat_s: float = 4 * 3600.0


def configuration(receiver: str, pace: Pace | None = None) -> str:
    """The text of ``alertmanager.yml``.

    Pages go to ``/page`` of the receiver, tickets to ``/ticket``.  Alerts of one service come in
    one notification.  While a page of an objective fires, its ticket says nothing new and is held
    back.

    Args:
        receiver: An address that takes posted notifications.
        pace: How long they wait.
    """
    import yaml

    pace = pace or Pace()
    whole = {
        "route": {
            "receiver": "ticket",
            "group_by": ["service"],
            "group_wait": durations.text(pace.first_s),
            "group_interval": durations.text(pace.change_s),
            "repeat_interval": durations.text(pace.repeat_s),
            "routes": [{"matchers": ['severity="page"'], "receiver": "page"}],
        },
        "inhibit_rules": [
            {
                "source_matchers": ['severity="page"'],
                "target_matchers": ['severity="ticket"'],
                "equal": ["slo", "service"],
            }
        ],
        "receivers": [
            {
                "name": name,
                "webhook_configs": [{"url": f"{receiver}/{name}", "send_resolved": True}],
            }
            for name in ("page", "ticket")
        ],
    }
    return str(yaml.safe_dump(whole, sort_keys=False))


@contextlib.contextmanager
def serving(folder: Path, settings: str, *, port: int | None = None) -> Iterator[str]:
    """Run Alertmanager within a block; its state lies in ``folder`` and outlives it.

    Yields:
        Its host and port.

    Raises:
        MissingProgramError: If it is not installed.
        ServerError: If it does not start.
    """
    file = folder / "alertmanager.yml"
    file.write_text(settings, encoding="utf-8")
    address = f"{HOST}:{port or free_port()}"
    command: list[str | Path] = [
        program("alertmanager"),
        f"--config.file={file}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",  # one server has nobody to gossip with
        "--log.level=warn",
    ]
    with running(command, folder / "alertmanager.log", f"http://{address}/-/ready"):
        yield address
