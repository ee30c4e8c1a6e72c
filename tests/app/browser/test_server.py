"""Several users, cancelling, and who is called."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest

from segment.io import write_png
from segment.samples.sample import make_micrograph
from tests.app.browser.page import drop, run, says, slide

HERE = "127.0.0.1"


def test_two_users_at_once_neither_mix_nor_wait_for_ever(user, micrograph, tmp_path):
    write_png(tmp_path / "iron.png", make_micrograph("ductile_iron", shape=(200, 200), band=False).image)
    first, second = user(), user()
    drop(first, micrograph)
    drop(second, micrograph, tmp_path / "iron.png")
    says(first, "1 image opened")
    says(second, "2 images opened")
    slide(second, "#k", 4)
    first.click("#run")
    second.click("#run")
    says(first, "1 image segmented.")
    says(second, "2 images segmented.")
    assert [page.locator("#phases tbody tr").count() for page in (first, second)] == [3, 4]
    words = {page.get_attribute("#viewer .colours", "src").split("/")[2] for page in (first, second)}
    assert len(words) == 2


def test_a_computation_is_cancelled_and_the_next_one_runs(user, tmp_path):
    write_png(tmp_path / "large.png", make_micrograph("nickel_superalloy", shape=(700, 1000), band=False).image)
    page = user()
    drop(page, tmp_path / "large.png")
    says(page, "1 image opened")
    slide(page, "#k", 12)
    page.click("#run")
    says(page, "Learning phases from large")
    page.click("#cancel")
    says(page, "Cancelled.")
    assert page.locator("#phases tbody tr").count() == 0
    slide(page, "#k", 2)
    run(page)
    assert page.locator("#phases tbody tr").count() == 2


def test_nobody_else_is_called(user, server, micrograph):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    called = [line for line in server.log.read_text().splitlines() if HERE not in line]
    assert called == []


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_in_silence_while_a_page_is_open(browser, end):
    command = [sys.executable, "-m", "segment", "ui", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = re.search(r"http://[\d.:]+", process.stdout.readline())
        assert address is not None
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(address[0])
            page.wait_for_function("document.querySelector('#drop .zone.ready')", timeout=120_000)
            process.send_signal(end)
            process.wait(60)
            assert process.stderr.read() == ""
