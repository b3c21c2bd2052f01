"""A library that starts threads when it is imported does not keep submissions from running."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SERVER = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from autograder.sandbox import server

def load():
    if sys.argv[3] == "thread":
        threading.Thread(target=threading.Event().wait, daemon=True).start()

server.load = load
server.main(int(sys.argv[2]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("loads", ["thread", "nothing"])
def test_a_server_makes_its_namespaces_whatever_was_loaded(loads):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        number = theirs.fileno()
        command = [sys.executable, "-I", "-c", SERVER, ROOT, number, loads]
        process = subprocess.Popen(list(map(str, command)), pass_fds=[number])
        theirs.close()
        ours.send(json.dumps({"trust": False, "hidden": []}).encode())

        reply = json.loads(ours.recv(65_536))

        ours.close()
        assert process.wait() == 0
    assert set(reply) == {"ready"}, reply
