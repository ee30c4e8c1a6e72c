"""What a user does on any page."""

from __future__ import annotations

import pytest
from playwright.sync_api import TimeoutError as Late
from playwright.sync_api import expect

# Generous: a machine that is busy with other things is no failure.
PATIENCE = 120_000
expect.set_options(timeout=PATIENCE)


def drop(page, *files) -> None:
    page.set_input_files("#drop input[type=file]", list(files))


def says(page, text: str) -> None:
    """Wait until the page says `text`; fail with what it says instead."""
    try:
        page.locator("#status .said").get_by_text(text).first.wait_for()
    except Late:
        pytest.fail(f"the page never said {text!r}, but {page.inner_text('#status')!r}")


def run(page) -> None:
    page.click("#run")
    says(page, "segmented.")


def type_in(page, selector: str, value: object) -> None:
    """Write into a field, and leave it."""
    page.fill(selector, str(value))
    page.press(selector, "Tab")


def choose(page, tool: str) -> None:
    page.check(f"#tools input[value={tool}]")


def drag(page, *places: tuple[float, float], pane: int = 0) -> None:
    """Drag the mouse along places in shares of a view."""
    box = page.locator(".stage").nth(pane).bounding_box()
    spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*spots[0])
    page.mouse.down()
    for spot in spots[1:]:
        page.mouse.move(*spot, steps=4)
    page.mouse.up()


def state(page) -> dict:
    """What the program says of the project that the page shows."""
    word = page.url.rsplit("/", 1)[-1]
    return page.evaluate(f"fetch('/project/{word}').then((answer) => answer.json())")["view"]
