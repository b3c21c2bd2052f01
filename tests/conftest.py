"""What several folders of tests share: a real browser."""

import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

# Two test processes with two threads each would wait for one another on two cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The first call of a torch function may take longer than any deadline.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium, without a window."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    assert found, "chromium must be installed. Hint: apt-get install chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield chromium
        chromium.close()
