"""Which layers of the jail this machine can build: measured by trying, not by asking."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.system import why_not_here

NAMESPACES, ROOT, NETWORK = "namespaces", "read-only root", "no network"
SECCOMP, LANDLOCK, LIMITS = "seccomp", "Landlock", "limits"

_PACKAGES = Path(__file__).parent.parent.parent
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from autograder.sandbox.probe import main; main()"
)
_PATIENCE_S = 300.0  # only a probe that hangs takes so long

_NAMESPACES_REMEDY = (
    "Allow user namespaces: sysctl user.max_user_namespaces must be above 0, on Debian "
    "kernel.unprivileged_userns_clone=1, on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0; "
    "start a container with --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined."
)
_KERNEL_REMEDY = "Use Linux 5.12 or newer on x86_64 or aarch64, with CONFIG_SECCOMP_FILTER."
_REMEDIES = {
    NAMESPACES: _NAMESPACES_REMEDY,
    ROOT: _NAMESPACES_REMEDY,
    NETWORK: _NAMESPACES_REMEDY,
    SECCOMP: _KERNEL_REMEDY,
    LANDLOCK: "Use Linux 5.13 or newer, started with landlock in its list lsm=.",
    LIMITS: "Use Linux; a limit that is in force must not be exempted by a container.",
}
# Landlock guards once more what mounts guard already; a kernel may lack it.
_FLOOR = frozenset(_REMEDIES) - {LANDLOCK}


@dataclass(frozen=True)
class Layer:
    """One layer of the jail.

    Attributes:
        name: As ``"seccomp"``.
        live: Whether it held when it was tried.
        why: Why it is not live; empty if it is.
        remedy: What to do about it; empty if it is live.
    """

    name: str
    live: bool
    why: str = ""
    remedy: str = ""


def live_layers() -> list[Layer]:
    """Try each layer in a process made for it."""
    found = _probed()
    return [
        Layer(name, True) if found[name] == "" else Layer(name, False, found[name], remedy)
        for name, remedy in _REMEDIES.items()
    ]


def floor_is_met(layers: Sequence[Layer]) -> bool:
    """Whether every layer is live without which nothing is run."""
    return {layer.name for layer in layers if layer.live} >= _FLOOR


def _probed() -> dict[str, str]:
    """Why each layer is not live; an empty text where it is."""
    if elsewhere := why_not_here():
        return dict.fromkeys(_REMEDIES, elsewhere)
    command = [sys.executable, "-I", "-c", _BOOT, str(_PACKAGES)]
    try:
        ran = subprocess.run(
            command, capture_output=True, cwd="/", timeout=_PATIENCE_S, check=False
        )
        found: dict[str, str] = json.loads(ran.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        return dict.fromkeys(_REMEDIES, f"the probe gave no answer ({type(error).__name__}).")
    return found
