"""The keyboard, and a small screen."""

from __future__ import annotations

from tests.app.browser.page import drop, run, says


def test_everything_can_be_done_with_the_keyboard(user, micrograph):
    page = user()
    page.keyboard.press("Tab")
    for _ in range(10):
        if page.evaluate("document.activeElement.type") == "file":
            break
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "file"
    drop(page, micrograph)
    says(page, "1 image opened")
    page.locator("#run").focus()
    page.keyboard.press("Enter")
    says(page, "segmented.")
    page.locator("#viewer .stage").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Enter")
    says(page, "Row 104, column 163")
    page.locator("#viewer .opacity").focus()
    before = page.evaluate("getComputedStyle(document.querySelector('#viewer .colours')).opacity")
    page.keyboard.press("Home")
    assert before != page.evaluate("getComputedStyle(document.querySelector('#viewer .colours')).opacity") == "0"


def test_the_page_fits_a_laptop_screen(user, micrograph):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    run(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    for place in ("#phases table", "#run", "#viewer .stage", "a.download", "#status"):
        box = page.locator(place).bounding_box()
        assert box["x"] + box["width"] <= 1366, place
        assert box["y"] >= 0, place
        assert box["y"] + box["height"] <= 768, place
    assert page.locator("#viewer .stage").bounding_box()["width"] > 450
