"""Programs that try to reach something, each by name.

Each defines ``attack()``, which lists what it reached; `TRY` is what they have in common.

``CANARY`` is a folder outside, with the files ``answers.txt`` and ``gradebook.db``.  ``REPOSITORY``
is where the course lies, ``SERVER`` and ``GRADER`` are numbers of processes outside.
"""

TRY = '''
def reached(*attempts):
    """The numbers of the attempts that raised nothing."""
    got = []
    for number, attempt in enumerate(attempts):
        try:
            result = attempt()
        except (Exception, SystemExit):
            continue
        got.append(f"{number}: {str(result)[:60]}")
    return got


def called(number, *arguments):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) for a in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno())
    return result
'''

QUIET = {
    "reading_course_files": """
from pathlib import Path
def attack():
    return reached(
        lambda: Path("CANARY/answers.txt").read_text(),
        lambda: list(Path("CANARY").iterdir()),
        lambda: list(Path("REPOSITORY/solutions").iterdir()),
        lambda: list(Path("REPOSITORY/autograder").iterdir()),
        lambda: list(Path("REPOSITORY/.git").iterdir()),
        lambda: Path("/etc/shadow").read_text(),
        lambda: Path("/root/.ssh").stat(),
    )
""",
    "writing_the_gradebook": """
import sqlite3
from pathlib import Path
def attack():
    return reached(
        lambda: Path("CANARY/gradebook.db").write_text("420 of 18"),
        lambda: sqlite3.connect("CANARY/gradebook.db").execute("create table t (x)"),
        lambda: Path("CANARY/answers.txt").unlink(),
        lambda: Path("REPOSITORY/x").write_text("x"),
    )
""",
    "deleting_everything": """
import os, shutil
def attack():
    for folder in ("CANARY", "REPOSITORY", "/usr/lib/python3", "/etc"):
        shutil.rmtree(folder, ignore_errors=True)
    return reached(lambda: os.remove("/etc/passwd"), lambda: os.rmdir("/dev"),
                   lambda: os.remove("/dev/null"))
""",
    "changing_what_python_loads": """
import sys
from pathlib import Path
import torch
def attack():
    return reached(
        lambda: Path(torch.__file__).write_text("x"),
        lambda: (Path(torch.__file__).parent / "evil.py").touch(),
        lambda: Path(sys.executable).write_text("x"),
        lambda: Path("/usr/lib/evil").touch(),
        lambda: Path("/evil").touch(),
        lambda: Path("/etc/ld.so.preload").touch(),
    )
""",
    "reading_secrets_of_the_environment": """
import os
from pathlib import Path
def attack():
    texts = [str(dict(os.environ)), Path("/proc/self/environ").read_text()]
    texts += [Path(f"/proc/{n}/environ").read_text() for n in os.listdir("/proc") if n.isdigit()]
    return [text for text in texts if "hunter2" in text]
""",
    "importing_the_reference": """
import importlib, importlib.util, sys
def attack():
    names = ("lossedu", "lossedu.losses", "autograder.rubrics", "autograder.checks",
             "autograder.checks.bank", "autograder.sandbox.client")
    found = [n for n in sys.modules if n.split(".")[0] == "lossedu"
             or n.startswith(("autograder.rubrics", "autograder.checks", "autograder.misc"))]
    return found + reached(*[lambda name=name: importlib.import_module(name) for name in names])
""",
    "importing_the_reference_by_path": """
import sys, runpy
from importlib.machinery import SourceFileLoader
def attack():
    sys.path.insert(0, "REPOSITORY")
    return reached(
        lambda: SourceFileLoader("l", "REPOSITORY/lossedu/__init__.py").load_module(),
        lambda: runpy.run_path("REPOSITORY/lossedu/losses/focal.py"),
        lambda: __import__("lossedu"),
    )
""",
    "searching_every_folder_for_the_reference": """
import os
def attack():
    found = []
    for folder, folders, files in os.walk("/"):
        folders[:] = [f for f in folders if f not in ("proc", "usr")]
        ours = os.path.basename(folder) in ("lossedu", "autograder", "solutions")
        # A clone may bear that name too: what lies above its Python is there, without a file.
        found += [folder] if ours and files else []
        found += [n for n in files if n in ("focal.md", "focal.ipynb", "answers.txt")]
    return found
""",
    "what_is_installed_of_the_course": """
from pathlib import Path
import importlib.metadata, torch
def attack():
    site = Path(torch.__file__).parents[1]
    files = [str(f) for n in ("lossedu", "autograder") for f in site.glob(f"{n}*/*")]
    return files + reached(lambda: importlib.metadata.files("lossedu")[0])
""",
    "other_roots_through_proc": """
import os
def attack():
    numbers = [n for n in os.listdir("/proc") if n.isdigit() and int(n) != os.getpid()]
    paths = [f"/proc/{p}/{what}" for p in ("1", "2", "SERVER", "GRADER", "self/..")
             for what in ("rootREPOSITORY/solutions", "rootCANARY", "cwdCANARY")]
    return numbers + [p for p in paths if os.path.exists(p)]
""",
    "memory_of_others_through_proc": """
def attack():
    return reached(*[lambda p=p, w=w: open(f"/proc/{p}/{w}", "rb").read(1)
                     for p in ("2", "3", "SERVER", "GRADER") for w in ("mem", "maps", "environ")])
""",
    "descriptors_left_open": """
import os, stat
def attack():
    found = []
    for number in range(256):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        plain = ("/dev/null", "/memfd:stdout", "/memfd:stderr")
        if not target.startswith(plain) and not target.startswith("/proc/"):
            found.append((number, target.split(":")[0]))
    return [f for f in found if f != (3, "socket")]
""",
    "tcp_and_udp": """
import socket, urllib.request
def attack():
    return reached(
        lambda: socket.create_connection(("127.0.0.1", 22), 1),
        lambda: socket.create_connection(("1.1.1.1", 53), 1),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("1.1.1.1", 53)),
        lambda: socket.socket(socket.AF_INET6),
        lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
        lambda: socket.getaddrinfo("example.com", 80),
        lambda: urllib.request.urlopen("http://example.com", timeout=1),
        lambda: socket.create_server(("", 0)),
    )
""",
    "unix_and_abstract_sockets": """
import socket
def attack():
    def connect(address):
        s = socket.socket(socket.AF_UNIX); s.connect(address)
    return reached(lambda: connect("/run/dbus/system_bus_socket"), lambda: connect("\\0secret"),
                   lambda: socket.socket(socket.AF_UNIX).bind("/tmp/x"),
                   lambda: socket.socketpair(socket.AF_INET))
""",
    "ptrace_and_foreign_memory": """
def attack():
    return reached(lambda: called(101, 0, 0), lambda: called(101, 16, 1),
                   lambda: called(310, SERVER, 0, 0, 0, 0, 0),
                   lambda: called(311, 1, 0, 0, 0, 0, 0),
                   lambda: called(434, SERVER, 0), lambda: called(438, 3, 0, 0))
""",
    "signals_to_others": """
import os, signal
def attack():
    return reached(*[lambda p=p: os.kill(p, signal.SIGKILL)
                     for p in (-1, 0, 2, os.getppid() or -1, SERVER, GRADER)],
                   lambda: os.killpg(1, 9), lambda: called(424, 3, 9, 0, 0),
                   lambda: called(129, SERVER, 9, 0))
""",
    "becoming_somebody_else": """
import os
def attack():
    same = [n for n in (os.getuid(), os.geteuid(), os.getgid()) if n == 0]
    status = open("/proc/self/status").read()
    held = [l for l in status.splitlines() if l.startswith("Cap") and int(l.split()[1], 16)]
    return same + held + reached(
        lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setresuid(0, 0, 0),
        lambda: os.setgroups([0]), lambda: os.seteuid(0), lambda: os.chown("/tmp", 0, 0),
        lambda: called(126, 0, 0))
""",
    "new_namespaces_and_mounts": """
import ctypes, os
def attack():
    libc = ctypes.CDLL(None, use_errno=True)
    def mounted(*a):
        if libc.mount(*a): raise OSError
    def unmounted(path):
        if libc.umount2(path, 2): raise OSError
    return reached(
        *[lambda f=f: called(272, f) for f in (0x10000000, 0x20000, 0x20000000, 0x40000000)],
        lambda: called(56, 0x10000000 | 17, 0, 0, 0, 0), lambda: called(435, 0, 0),
        lambda: called(308, 3, 0), lambda: mounted(b"x", b"/tmp", b"tmpfs", 0, None),
        lambda: mounted(b"/", b"/tmp", None, 4096, None), lambda: unmounted(b"/proc"),
        lambda: unmounted(b"/tmp"), lambda: called(155, 0, 0), lambda: called(428, -100, 0, 1),
        lambda: called(442, -100, 0, 0, 0, 0), lambda: called(304, 0, 0, 0))
""",
    "chroot_and_climbing_out": """
import os
def attack():
    os.makedirs("/tmp/a", exist_ok=True)
    climbed = []
    try:
        os.chroot("/tmp/a")
        climbed.append("chroot")
    except OSError:
        pass
    os.chdir("/tmp/a")
    for _ in range(50):
        os.chdir("..")
    return climbed + sorted({"var", "sys", "boot", "opt", "srv"} & set(os.listdir(".")))
""",
    "other_programs": """
import os, subprocess
def attack():
    return reached(
        lambda: subprocess.run(["/bin/ls"], check=True), lambda: os.execv("/bin/sh", ["sh"]),
        lambda: os.posix_spawn("/bin/ls", ["ls"], {}), lambda: os.fork(),
        lambda: os.popen("ls").read() or 1 / 0, lambda: 1 / (os.system("true") == 0),
        lambda: called(322, 0, 0, 0, 0, 0), lambda: called(58))
""",
    "processes_of_multiprocessing": """
import multiprocessing, concurrent.futures
def attack():
    return reached(
        lambda: multiprocessing.get_context("fork").Process(target=print).start(),
        lambda: multiprocessing.get_context("spawn").Process(target=print).start(),
        lambda: concurrent.futures.ProcessPoolExecutor(1).submit(print).result(1))
""",
    "seldom_used_calls": """
def attack():
    numbers = [321, 298, 250, 248, 249, 323, 425, 426, 427, 319, 447, 29, 68, 64, 240, 317, 135,
               154, 300, 175, 313, 246, 169, 167, 163, 103, 153, 170, 172, 173, 227, 303, 463, 500,
               9999, 0x40000000 + 39, 206, 424, 312, 440]
    return reached(*[lambda n=n: called(n, 0, 0, 0, 0, 0) for n in numbers])
""",
    "gifts_through_symlinks": """
import os
from pathlib import Path
def attack():
    os.symlink("CANARY", "/tmp/link"); os.symlink("/proc/1/root", "/tmp/root")
    return reached(lambda: Path("/tmp/link/answers.txt").read_text(),
                   lambda: list(Path("/tmp/root/CANARY").iterdir()),
                   lambda: os.link("/usr/bin/passwd", "/tmp/passwd"),
                   lambda: os.mknod("/tmp/sda", 0o60666, os.makedev(8, 0)),
                   lambda: open("/dev/vda", "rb"), lambda: open("/dev/mem", "rb"))
""",
    "settings_of_the_kernel": """
import os, resource
from pathlib import Path
def attack():
    infinite = (resource.RLIM_INFINITY,) * 2
    return reached(
        lambda: Path("/proc/sys/kernel/hostname").write_text("x"),
        lambda: Path("/proc/sysrq-trigger").write_text("b"),
        lambda: Path("/sys/power/state").read_text(), lambda: Path("/proc/kcore").open("rb"),
        lambda: Path("/proc/self/oom_score_adj").write_text("-1000"),
        lambda: Path("/proc/self/uid_map").write_text("0 0 1"),
        *[lambda k=k: resource.setrlimit(k, infinite) for k in (
            resource.RLIMIT_AS, resource.RLIMIT_DATA, resource.RLIMIT_CPU, resource.RLIMIT_NPROC,
            resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)],
        lambda: os.nice(-5))
""",
    "objects_of_the_grader": """
import gc, inspect, sys
def attack():
    found = [m for m in sys.modules if m.startswith("autograder.") and ".sandbox" not in m]
    frame = sys._getframe()
    while frame:
        found += [k for k in (*frame.f_locals, *frame.f_globals)
                  if k.lower() in ("rubric", "reference", "secret", "expected", "check")
                  and frame.f_globals.get("__name__") != "__main__"
                  and not inspect.ismodule(frame.f_globals.get(k))
                  and frame.f_globals["__name__"].startswith("autograder")]
        frame = frame.f_back
    ours = ("lossedu", "autograder.rubrics", "autograder.checks")
    found += [type(o).__name__ for o in gc.get_objects() if type(o).__module__.startswith(ours)]
    return found
""",
}
