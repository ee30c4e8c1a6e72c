"""What a user does on any page."""

from __future__ import annotations

import pytest
from playwright.sync_api import TimeoutError as Late


def drop(page, *files) -> None:
    page.set_input_files("#drop input[type=file]", list(files))


def says(page, text: str) -> None:
    """Wait until the page says `text`; fail with what it says instead."""
    try:
        page.locator("#status").get_by_text(text).first.wait_for()
    except Late:
        pytest.fail(f"the page never said {text!r}, but {page.inner_text('#status')!r}")


def run(page) -> None:
    page.click("#run")
    says(page, "segmented.")


def slide(page, slider: str, value: int) -> None:
    """Type a number into a slider's field until it follows: one that has just been drawn does not listen yet."""
    follows = """([slider, value]) => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>
        done([...document.querySelectorAll(`${slider} input`)].every((made) => made.value === value)))))"""
    for _ in range(50):
        page.fill(f"{slider} input[type=number]", str(value))
        page.press(f"{slider} input[type=number]", "Tab")
        if page.evaluate(follows, [slider, str(value)]):
            return
    pytest.fail(f"{slider} does not become {value}")
