"""Serve the page on this machine, and on no other."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from segment.app.limits import Limits
from segment.app.worker import Worker

HOST = "127.0.0.1"
USUAL_PORT = 7860


class PortError(OSError):
    """The port cannot be had; the message names it."""


def serve(
    port: int | None = None,
    limits: Limits | None = None,
    on_ready: Callable[[str], None] = print,
    projects: Path | None = None,
) -> None:
    """Serve the app until interrupted.

    Parameters
    ----------
    port : int, optional
        TCP port; 0 takes any free one. None takes 7860, or any free one where that is taken.
    limits : Limits, optional
        What uploads are taken.
    on_ready : callable, optional
        Called with the address once the page can be loaded; prints it by default.
    projects : Path, optional
        Folder of the projects, which stay when the app ends; None: one of the user's in the system's temporary folder.

    Raises
    ------
    PortError
        If the port is taken or not allowed.
    """
    listening = _listen(port)
    address = f"http://{HOST}:{listening.getsockname()[1]}"
    worker = Worker()
    # What runs below is to be cleaned up after, also where the system asks the program to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Before the page is built: the worker loads its libraries meanwhile.
    worker.start()
    try:
        with tempfile.TemporaryDirectory(prefix="segment-app-") as folder:
            _run(listening, address, Path(folder, "inbox"), worker, limits or Limits(), on_ready, projects)
    except KeyboardInterrupt:
        # Ctrl-C is how the app ends.
        return
    finally:
        worker.stop()
        listening.close()


def _run(
    listening: socket.socket,
    address: str,
    inbox: Path,
    worker: Worker,
    limits: Limits,
    on_ready: Callable[[str], None],
    projects: Path | None,
) -> None:
    import uvicorn

    from segment.app.jobs import Jobs
    from segment.app.projects import Projects, usual_folder
    from segment.app.routes import make_app
    from segment.app.uploads import Inbox

    kept = Projects(projects or usual_folder())
    app = make_app(kept, Inbox(inbox), Jobs(worker), limits, (HOST, "localhost"))
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    startup, shutdown = server.startup, server.shutdown

    async def started(sockets: list[socket.socket] | None = None) -> None:
        await startup(sockets)
        on_ready(address)

    async def ended(sockets: list[socket.socket] | None = None) -> None:
        # An open page asks again and again; that it is cut off now is no error.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await shutdown(sockets)

    server.startup, server.shutdown = started, ended
    server.run(sockets=[listening])


def _listen(port: int | None) -> socket.socket:
    wanted = (USUAL_PORT, 0) if port is None else (port,)
    for candidate in wanted:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, candidate))
            return listening
        except (OSError, OverflowError) as error:
            listening.close()
            if candidate == wanted[-1]:
                raise PortError(f"port {candidate}: {getattr(error, 'strerror', None) or error}") from error
    raise AssertionError("a port was either bound or refused")
