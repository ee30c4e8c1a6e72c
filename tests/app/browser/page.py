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
