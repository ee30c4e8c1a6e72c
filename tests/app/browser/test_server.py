"""Several users, cancelling, and who is called."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

from playwright.sync_api import expect

from segment.io import write_png
from segment.samples.sample import make_micrograph
from tests.app.browser.page import PATIENCE, drop, run, says, state, type_in

HERE = "127.0.0.1"


def test_two_users_at_once_neither_mix_nor_wait_for_ever(user, micrograph, tmp_path):
    write_png(tmp_path / "iron.png", make_micrograph("ductile_iron", shape=(200, 200), band=False).image)
    first, second = user(), user()
    drop(first, micrograph)
    drop(second, micrograph, tmp_path / "iron.png")
    says(first, "1 image opened")
    says(second, "2 images opened")
    type_in(second, "#n_phases", 4)
    first.click("#run")
    second.click("#run")
    says(first, "1 image segmented.")
    says(second, "2 images segmented.")
    assert [len(state(page)["phases"]) for page in (first, second)] == [3, 4]
    assert first.url != second.url


def test_a_computation_is_cancelled_and_the_next_one_runs(user, tmp_path):
    write_png(tmp_path / "large.png", make_micrograph("nickel_superalloy", shape=(700, 1000), band=False).image)
    page = user()
    drop(page, tmp_path / "large.png")
    says(page, "1 image opened")
    type_in(page, "#n_phases", 12)
    page.click("#run")
    says(page, "Learning phases from large")
    page.click("#cancel")
    says(page, "Cancelled.")
    assert state(page)["images"][0]["colours"] is None
    type_in(page, "#n_phases", 2)
    run(page)
    assert len(state(page)["phases"]) == 2


def test_nobody_else_is_called(user, server, micrograph):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    called = [line for line in server.log.read_text().splitlines() if HERE not in line]
    assert called == []


def start(projects, port=0):
    command = [sys.executable, "-m", "segment", "ui", "--no-browser", "--port", str(port), "--projects", str(projects)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    address = re.search(r"http://[\d.:]+", process.stdout.readline())
    assert address is not None
    return process, address[0]


def end(process, how) -> str:
    process.send_signal(how)
    process.wait(60)
    with process.stdout, process.stderr:
        return process.stderr.read()


def test_nothing_is_lost_by_a_reload_during_a_run_nor_by_a_restart(browser, tmp_path):
    write_png(tmp_path / "large.png", make_micrograph("nickel_superalloy", shape=(700, 1000), band=False).image)
    process, address = start(tmp_path / "projects")
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.locator("body[data-ready]").wait_for()
        drop(page, tmp_path / "large.png")
        says(page, "1 image opened")
        type_in(page, "[aria-label='Name of phase 0']", "gamma")
        says(page, "Phase 0 is gamma.")
        page.click("#run")
        says(page, "Learning phases from large")
        page.reload()
        says(page, "segmented.")
        before = state(page)
        assert before["images"][0]["colours"]
        # It ends in silence while a page is open.
        assert end(process, signal.SIGTERM) == ""
        process, again = start(tmp_path / "projects", int(address.rsplit(":", 1)[1]))
        assert again == address
        page.reload()
        page.locator("body[data-ready]").wait_for()
        assert state(page) == before
        expect(page.locator("[aria-label='Name of phase 0']")).to_have_value("gamma")
        # The address without the project's word leads to it too, in this browser.
        page.goto(address)
        page.locator("body[data-ready]").wait_for()
        assert state(page) == before
        assert end(process, signal.SIGINT) == ""
