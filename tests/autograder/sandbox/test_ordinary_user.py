"""The jail needs no privilege: it is built by a grader that is nobody in particular."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.waiting import HANG_S

NOBODY = 65534
BECOME = """
import os, sys
from autograder.sandbox.syscalls import CLONE_NEWNS, MS_BIND, MS_PRIVATE, MS_REC, mount, unshare
prefix = sys.base_prefix
closed = [p for p in [prefix, *map(str, __import__("pathlib").Path(prefix).parents)]
          if p != "/" and not os.stat(p).st_mode & 0o001]
if closed:  # a Python in a folder that only root may enter: open the way in a mount of our own
    top = closed[-1]
    unshare(CLONE_NEWNS)
    mount("", "/", flags=MS_REC | MS_PRIVATE)
    mount(prefix, "/mnt", flags=MS_BIND | MS_REC)
    mount("open", top, "tmpfs", 0, "mode=755")
    os.makedirs(prefix)
    mount("/mnt", prefix, flags=MS_BIND | MS_REC)
os.setgroups([])
os.setresgid(NOBODY, NOBODY, NOBODY)
os.setresuid(NOBODY, NOBODY, NOBODY)
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
""".replace("NOBODY", str(NOBODY))
GRADE = """
import json, os
from autograder.sandbox.client import Limits, Server
from autograder.sandbox.layers import live_layers
from autograder.sandbox.session import Call, Cell

PROGRAM = '''
import os, socket
def attack():
    got = []
    status = open("/proc/self/status").read().splitlines()
    got += [l for l in status if l.startswith("Cap") and int(l.split()[1], 16)]
    for attempt in (lambda: os.setuid(0), socket.socket, lambda: os.kill(-1, 9), lambda: os.fork(),
                    lambda: open("/usr/x", "w"), lambda: os.listdir(COURSE),
                    lambda: os.chroot("/")):
        try:
            got.append(str(attempt()))
        except OSError:
            pass
    return got
def bomb():
    import threading, time
    started = 0
    try:
        while True:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            started += 1
    except RuntimeError:
        return started
def user():
    return [os.getuid(), os.getpid(), os.getcwd()]
'''
with Server(Limits(call_s=20, threads=16)) as server, server.open() as session:
    runs = session.run([Cell("a", f"COURSE = {COURSE!r}"), Cell("b", PROGRAM)])
    replies = session.call([Call("attack"), Call("user"), Call("bomb")])
    usage = session.close()
print(json.dumps({
    "grader": os.getuid(), "live": [layer.name for layer in live_layers() if layer.live],
    "runs": [run.status for run in runs], "values": [reply.value for reply in replies],
    "status": usage.status,
}))
"""


def test_an_ordinary_users_grader_jails_as_well() -> None:
    course = str(Path(__file__).parents[3] / "solutions")
    program = GRADE.replace("{COURSE!r}", repr(course))
    as_root = os.geteuid() == 0
    command = [sys.executable, "-c", *([BECOME, program] if as_root else [program])]

    ran = subprocess.run(
        command, capture_output=True, text=True, cwd="/", timeout=HANG_S, check=False
    )

    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["grader"] != 0
    assert len(said["live"]) == 6
    assert said["runs"] == ["ok", "ok"]
    attack, user, threads = said["values"]
    assert attack == []
    assert user == [1000, 1, "/home/student"]
    assert 0 < threads <= 16
    assert said["status"] == "graded"
