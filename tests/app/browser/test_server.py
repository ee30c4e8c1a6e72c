"""Several users, cancelling, and who is called."""

from __future__ import annotations

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
