"""The app as a user meets it, in headless Chromium."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import tifffile

from segment.samples.sample import make_micrograph

pytest.importorskip("playwright.sync_api", reason="Playwright drives the browser: pip install playwright")
HERE = "127.0.0.1"
# Writes down every address that the server's process asks for or connects to, then lets it.
SERVER = """
import sys
def note(event, details):
    if event in ("socket.connect", "socket.getaddrinfo"):
        with open(sys.argv[1], "a") as log:
            print(event, details[1] if event == "socket.connect" else details[0], file=log)
sys.addaudithook(note)
log = sys.argv[1]
sys.argv[1:] = []
if __name__ == "__main__":
    from pathlib import Path
    from segment.app.limits import Limits
    from segment.app.server import serve
    sys.argv[1:] = [log]
    serve(0, Limits(total_megapixels=12), lambda address: print(address, flush=True), Path(log).with_name("projects"))
"""


@dataclass
class Server:
    """A running app."""

    address: str
    log: Path
    temporary: Path
    process: subprocess.Popen[str]


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    temporary = folder / "tmp"
    temporary.mkdir()
    log = folder / "connections"
    log.touch()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(log)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address.startswith(f"http://{HERE}:")
    yield Server(address, log, temporary, process)
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    process.stdout.close()
    assert list(temporary.iterdir()) == [], "temporary files are left behind"


@pytest.fixture
def user(server, browser):
    """Return a function that opens the page for another user; every request goes to this machine or fails the test."""
    contexts, strangers, failures = [], [], []

    def guard(route):
        if urlsplit(route.request.url).hostname == HERE:
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    def enter(address=None, width=1366, height=768):
        context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
        # Generous: a machine that is busy with other things is no failure.
        context.set_default_timeout(120_000)
        context.route("**/*", guard)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.goto(address or server.address)
        page.locator("body[data-ready]").wait_for()
        return page

    yield enter
    for context in contexts:
        context.close()
    assert strangers == []
    assert failures == []


@pytest.fixture(scope="session")
def micrograph(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("images") / "steel.tif"
    tifffile.imwrite(path, make_micrograph("dual_phase_steel", shape=(240, 320)).image, resolution=(300, 300))
    return path
