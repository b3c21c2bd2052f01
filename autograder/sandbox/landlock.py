"""Landlock: the kernel's own list of what this process may do to files, whatever is mounted."""

import ctypes
import os
import struct
from collections.abc import Iterable

from autograder.sandbox.syscalls import PR_SET_NO_NEW_PRIVS, process_control, system_call

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1

WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3
_DEVICES_AND_SOCKETS = 1 << 6 | 1 << 9 | 1 << 11
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_BEFORE_REFER = (1 << 13) - 1
_EXECUTE = 1
_NETWORK = 0b11
_SCOPES = 0b11


def version() -> int:
    """What the kernel can restrict, as a number; 0 without Landlock."""
    try:
        return system_call(_CREATE, ctypes.c_void_p(), 0, _ASK_VERSION)
    except OSError:
        return 0


def allow_only(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str]) -> None:
    """Restrict this process and its threads to come, for good.

    Args:
        readable: Folders to read below.
        writable: Folders in which files may be made, changed and removed.
        devices: Files that may be read and written.

    Raises:
        OSError: If the kernel has no Landlock.
    """
    known = version()
    handled = _handled(known)
    attributes = struct.pack("=Q", handled)
    if known >= 4:
        attributes += struct.pack("=Q", _NETWORK)
    if known >= 6:
        attributes += struct.pack("=Q", _SCOPES)
    rules = system_call(_CREATE, ctypes.c_char_p(attributes), len(attributes), 0)
    try:
        _add(rules, readable, READ_FILE | READ_DIR)
        _add(rules, writable, handled & ~(_DEVICES_AND_SOCKETS | _EXECUTE | _IOCTL_DEVICE))
        _add(rules, devices, (READ_FILE | WRITE_FILE | _TRUNCATE | _IOCTL_DEVICE) & handled)
        process_control(PR_SET_NO_NEW_PRIVS, 1)
        system_call(_RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _handled(known: int) -> int:
    later = {2: _REFER, 3: _TRUNCATE, 5: _IOCTL_DEVICE}
    return _BEFORE_REFER | sum(bit for since, bit in later.items() if known >= since)


def _add(rules: int, paths: Iterable[str], rights: int) -> None:
    for path in paths:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            rule = struct.pack("=Qi", rights, place)
            system_call(_ADD, rules, _PATH_BENEATH, ctypes.c_char_p(rule), 0)
        finally:
            os.close(place)
