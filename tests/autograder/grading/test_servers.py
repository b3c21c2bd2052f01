"""On a cluster, and with a gradebook in PostgreSQL, a class gets the same marks."""

import os
import shutil
import socket
import subprocess
import tempfile
from functools import partial
from pathlib import Path

import distributed
import pytest

from autograder.grading.workers import UnavailableError, cluster
from tests import needs
from tests.autograder import tiny_class as tiny
from tests.autograder.grading.courses import BOOK, COMMENTS, book, rows, two_of


@pytest.fixture
def postgres(tmp_path):
    """The URL of a database in a PostgreSQL server of its own, on loopback."""
    programs = needs.database()
    # The server refuses to be started by root; Debian's package brings a user for it.
    user = {"user": "postgres"} if os.getuid() == 0 else {}
    data = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))
    if user:
        shutil.chown(data, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/", **user}
    made = ["--auth=trust", "--username=teacher", "--encoding=UTF8", "--locale=C"]
    subprocess.run([programs / "initdb", "-D", data, *made], check=True, **quiet)
    options = f"-p {port} -k {data} -c listen_addresses=127.0.0.1"
    control = [programs / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-o", options, "start"], check=True, **quiet)
    yield f"postgresql+psycopg://teacher@127.0.0.1:{port}/postgres"
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, **quiet)
    shutil.rmtree(data)


@pytest.mark.slow
@pytest.mark.server
def test_a_postgresql_server_holds_the_same_gradebook(tmp_path, released, postgres, monkeypatch):
    here, there = two_of(released, tmp_path)
    for folders in (here, there):
        tiny.fill(folders, 8)
    tiny.grade(here, tiny.TinyGrader())

    monkeypatch.setenv("LOSSEDU_GRADEBOOK", postgres)
    tiny.release(there)
    tiny.grade(there, tiny.TinyGrader())
    again = tiny.grade(there, tiny.TinyGrader(edition=2), resume=True)

    assert [(*row[:5], int(row[5])) for row in rows(there, BOOK, postgres)] == rows(here, BOOK)
    assert sorted(rows(there, COMMENTS, postgres)) == sorted(rows(here, COMMENTS))
    assert len(again) == 8


@pytest.mark.slow
@pytest.mark.server
def test_a_cluster_of_two_workers_gives_the_identical_result(tmp_path, released):
    here, there = two_of(released, tmp_path)
    for folders in (here, there):
        tiny.fill(folders, 12)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as workers:
        address = workers.scheduler_address
        assert address.startswith("tcp://127.0.0.1:")
        far = tiny.grade(there, tiny.TinyGrader(), pool=partial(cluster, address))

    near = tiny.grade(here, tiny.TinyGrader(), jobs=2)

    assert far == near
    assert book(there) == book(here)


def test_a_scheduler_that_does_not_answer_is_named():

    with (
        pytest.raises(UnavailableError, match=r"must answer at tcp://127\.0\.0\.1:9"),
        cluster("tcp://127.0.0.1:9", timeout_s=1),
    ):
        pass
