"""Serves a folder on this machine: ``python book/serve.py FOLDER PORT``, as ``make serve`` does.

If something else listens at the port, the next free one is taken, and said.
"""

import sys
from errno import EACCES, EADDRINUSE
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

HOST = "127.0.0.1"
TRIED = 100


def main(folder: str, wanted: str) -> None:
    """Serve until Ctrl-C."""
    server = listening(folder, port_of(wanted))
    with server:
        port = server.server_port
        if port != int(wanted):
            print(f"Port {wanted} is busy; `make serve PORT=...` chooses another one.")
        print(f"Serving {folder} at http://{HOST}:{port} (Ctrl-C stops)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def port_of(text: str) -> int:
    """A port's number; other words end the program."""
    if not (text.isdecimal() and 0 < int(text) < 2**16):
        sys.exit(f"PORT must be a number from 1 to 65535, but is {text}.")
    return int(text)


def listening(folder: str, first: int) -> ThreadingHTTPServer:
    """A server at a port, or at the next one that is free; none ends the program."""
    handler = partial(SimpleHTTPRequestHandler, directory=folder)
    for port in range(first, min(first + TRIED, 2**16)):
        try:
            return ThreadingHTTPServer((HOST, port), handler)
        except OSError as error:
            if error.errno == EACCES:
                sys.exit(f"PORT must be one that you may use, but {port} is not. Hint: above 1023")
            if error.errno != EADDRINUSE:
                raise
    sys.exit(f"PORT must have a free one near it, but from {first} on {TRIED} are busy.")


if __name__ == "__main__":
    main(*sys.argv[1:])
