"""The keyboard alone, small screens, and what a screen reader needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.app.browser.page import drop, run, says, state

AXE = Path(__file__).with_name("axe.min.js")


def tab_to(page, selector: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(120):
        if page.evaluate(f"document.activeElement.matches({selector!r})"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{selector} is not reached with Tab; {page.evaluate('document.activeElement.outerHTML')[:100]} is")


def test_everything_can_be_done_with_the_keyboard(user):
    page = user()
    tab_to(page, "#sample")
    page.keyboard.press("Enter")
    says(page, "1 image opened")
    page.keyboard.press("Home")
    page.locator("h1").click()
    tab_to(page, "#n_phases")
    page.keyboard.type("2")
    tab_to(page, "#run")
    page.keyboard.press("Enter")
    says(page, "segmented.")
    page.locator("h1").click()
    tab_to(page, "#tools input")
    page.keyboard.press("ArrowRight")
    assert page.is_checked("#tools input[value=brush]")
    tab_to(page, ".stage")
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    says(page, "1 stroke.")
    (stroke,) = state(page)["images"][0]["strokes"]
    assert stroke["points"][0][0] < 320
    page.keyboard.press("Control+z")
    says(page, "Taken back: a stroke.")
    tab_to(page, "[aria-label='Name of phase 0']")
    page.keyboard.press("Control+a")
    page.keyboard.type("graphite")
    page.keyboard.press("Enter")
    says(page, "Phase 0 is graphite.")
    # A region has as many corners as one sets.
    page.locator("h1").click()
    tab_to(page, "#tools input")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert page.is_checked("#tools input[value=exclude]")
    tab_to(page, ".stage")
    for key in ("Enter", "Shift+ArrowRight", "Enter", "Shift+ArrowDown", "Enter", "Shift+Enter"):
        page.keyboard.press(key)
    says(page, "The region is to exclude.")


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (800, 900)])
def test_nothing_serious_stands_in_the_way_of_anybody(user, micrograph, width, height):
    page = user(None, width, height)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = [violations(page)]
    drop(page, micrograph)
    says(page, "1 image opened")
    run(page)
    page.check("#tools input[value=brush]")
    page.check("#beside")
    page.click("#more summary")
    found.append(violations(page))
    for tab in ("Fingerprints", "Objects", "Standards", "Film", "Atoms", "How many phases?", "Explore", "Map"):
        page.get_by_role("tab", name=tab).click()
        found.append(violations(page))
    page.click("#download")
    found.append(violations(page))
    assert [text for texts in found for text in texts] == []
    page.click("#take-close")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 1366:
        # With all settings open, and two views, what is needed next is on the screen.
        for place in ("#run", ".stage >> nth=1", "#status", "#phases tbody", "#download"):
            box = page.locator(place).first.bounding_box()
            assert box["x"] + box["width"] <= width, place
            assert 0 <= box["y"], place
            assert box["y"] + box["height"] <= height, place
    page.goto(page.url.split("/p/")[0] + "/static/help.html")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert violations(page) == []


def violations(page) -> list[str]:
    """What axe-core calls serious or critical, with the places."""
    result = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{found['id']}: {found['help']}: {[node['html'][:90] for node in found['nodes']][:3]}"
        for found in result["violations"]
        if found["impact"] in ("serious", "critical")
    ]


def test_a_first_page_says_what_to_do(user):
    page = user()
    expect(page.locator("#welcome")).to_be_visible()
    expect(page.get_by_role("link", name="What each control does")).to_be_visible()
    page.click("#sample")
    says(page, "1 image opened")
    expect(page.locator("#welcome")).to_be_hidden()
    assert page.locator("#reading dl").inner_text().count("0.4 µm") == 1
