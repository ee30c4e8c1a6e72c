"""Strokes that teach the phases."""

from __future__ import annotations

import zipfile

import cv2
import numpy as np
import pytest
import tifffile

from segment.io.decode import decode
from tests.app.browser.page import drop, run, says, slide


def stroke(page, phase: int, *places: tuple[float, float]) -> None:
    """Drag the brush of a phase along places in shares of the image, and wait until the page counts one stroke more."""
    lines = page.locator("#viewer .strokes polyline").count()
    page.check(f"#viewer .brushes input[value='{phase}']")
    box = page.locator("#viewer .stage").bounding_box()
    spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*spots[0])
    page.mouse.down()
    for spot in spots[1:]:
        page.mouse.move(*spot, steps=4)
    page.mouse.up()
    says(page, f"{lines + 1} stroke")


def choose_two_phases(page) -> None:
    slide(page, "#k", 2)
    page.wait_for_function("document.querySelectorAll('#viewer .brushes input').length === 2")


@pytest.fixture
def page(user, micrograph):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    assert page.locator("#viewer .palette").is_hidden()
    page.get_by_label("Paint strokes").check()
    assert page.locator("#viewer .brushes input").count() == 3
    return page


def test_phases_are_taught_by_a_few_strokes(page, micrograph, tmp_path):
    choose_two_phases(page)
    full = tifffile.imread(micrograph)
    grey = cv2.GaussianBlur(full[:240].astype(np.float32), None, 3)
    # On the brightest spot of each quarter as phase 0, on the darkest as phase 1: against the order of brightness.
    for phase, find in ((0, np.argmax), (1, np.argmin)):
        for top, left in ((0, 0), (0, 160), (120, 0), (120, 160)):
            row, column = np.unravel_index(find(grey[top + 9 : top + 111, left + 9 : left + 151]), (102, 142))
            x, y = (column + left + 9.5) / 320, (row + top + 9.5) / 260
            stroke(page, phase, (x - 0.005, y), (x + 0.005, y))
    assert "taught by 8 strokes" in page.inner_text("#model-line")
    run(page)
    says(page, "Taught by your strokes.")
    page.get_by_label("Name of phase 0").fill("martensite")
    page.keyboard.press("Enter")
    page.locator("#viewer .brushes").get_by_text("martensite").wait_for()
    with page.expect_download() as download:
        page.click("a.download")
    download.value.save_as(tmp_path / "results.zip")
    with zipfile.ZipFile(tmp_path / "results.zip") as archive:
        labels, strokes = (decode(archive.read(name)) for name in ("steel_labels.png", "strokes/steel.png"))
    assert strokes.shape == labels.shape == (240, 320)
    assert full[:240][labels == 0].mean() > full[:240][labels == 1].mean() + 30
    assert full[:240][strokes == 0].mean() > full[:240][strokes == 1].mean() + 30


def test_strokes_are_seen_taken_back_and_belong_to_their_image(page, micrograph):
    lines = page.locator("#viewer .strokes polyline")
    stroke(page, 1, (0.2, 0.2), (0.5, 0.2))
    stroke(page, 2, (0.2, 0.6), (0.5, 0.6), (0.5, 0.8))
    first = lines.first
    assert first.get_attribute("stroke") == "#e69f00"
    start, *_, end = (tuple(map(float, point.split(","))) for point in first.get_attribute("points").split())
    assert start == pytest.approx((0.2 * 320, 0.2 * 260), abs=1)
    assert end == pytest.approx((0.5 * 320, 0.2 * 260), abs=1)
    page.get_by_role("button", name="Undo").click()
    says(page, "1 stroke.")
    assert lines.count() == 1
    drop(page, {"name": "other.tif", "mimeType": "image/tiff", "buffer": micrograph.read_bytes()})
    page.wait_for_function("document.querySelectorAll('#viewer .strokes polyline').length === 0")
    page.get_by_label("Image", exact=True).click()
    page.get_by_role("option", name="steel.tif").click()
    page.wait_for_function("document.querySelectorAll('#viewer .strokes polyline').length === 1")
    page.get_by_role("button", name="Clear", exact=True).click()
    says(page, "No strokes")
    assert lines.count() == 0


def test_strokes_of_one_phase_or_of_one_too_many_are_told(page):
    stroke(page, 2, (0.2, 0.2), (0.5, 0.2))
    page.click("#run")
    says(page, "All strokes are of one phase")
    stroke(page, 0, (0.2, 0.6), (0.5, 0.6))
    choose_two_phases(page)
    page.click("#run")
    says(page, "Strokes of phase 2 are painted, but the number of phases is 2")


def test_nothing_is_painted_on_the_band_and_a_dot_with_the_keyboard(page):
    box = page.locator("#viewer .stage").bounding_box()
    page.mouse.click(box["x"] + 50, box["y"] + 0.97 * box["height"])
    assert page.locator("#viewer .strokes polyline").count() == 0
    page.locator("#viewer .stage").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    says(page, "1 stroke.")
    page.get_by_label("Paint strokes").uncheck()
    assert page.locator("#viewer .palette").is_hidden()
    page.locator("#viewer .stage").click(position={"x": 60, "y": 40})
    says(page, "press Segment first")


def test_the_palette_leaves_the_image_on_a_laptop_screen(page):
    slide(page, "#k", 12)
    page.wait_for_function("document.querySelectorAll('#viewer .brushes input').length === 12")
    for place in ("#viewer .stage", "#viewer .palette"):
        box = page.locator(place).bounding_box()
        assert box["x"] + box["width"] <= 1366, place
        assert box["y"] + box["height"] <= 768, place
