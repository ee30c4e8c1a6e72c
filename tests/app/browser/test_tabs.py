"""A film and an image of atomic columns, measured in their tabs."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from playwright.sync_api import expect

from segment.io import write_png
from segment.samples import make_coarsening, make_columns
from tests.app.browser.page import drop, says


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (800, 900)])
def test_a_film_is_opened_measured_and_turned_to(user, tmp_path, width, height):
    film = make_coarsening(n_frames=10, shape=(96, 96), n_particles=25, jumps=(5,), seed=1)
    tifffile.imwrite(tmp_path / "film.tif", film.frames, photometric="minisblack")
    page = user(None, width, height)
    page.get_by_role("tab", name="Film").click()
    page.click("#film")
    says(page, "A film has at least two frames, and no image is open")
    page.set_input_files("#film-file", tmp_path / "film.tif")
    says(page, "10 images opened.")
    expect(page.locator("#film-said")).to_contain_text("The 10 open images are its frames")
    page.fill("#film-interval", "0,5s")
    page.click("#film")
    says(page, "Film: measured on 10 images.")
    found = page.locator("#film-found")
    expect(found.locator("h3").first).to_have_text("What was found")
    expect(found.get_by_role("img", name="Drift of the specimen")).to_be_visible()
    # The film moves when it is asked to, and only then.
    expect(found.get_by_role("img", name="The frames laid over each other")).to_have_count(0)
    found.get_by_text("Play the film").click()
    moving = found.get_by_role("img", name="The frames laid over each other")
    moving.scroll_into_view_if_needed()
    expect(moving).to_have_js_property("complete", True)
    assert moving.evaluate("image => image.naturalWidth") > 0
    with page.expect_download() as download:
        found.get_by_role("link", name="frames.csv").click()
    download.value.save_as(tmp_path / "frames.csv")
    assert "film_10," in (tmp_path / "frames.csv").read_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    place = found.locator(".places button").first
    text = place.inner_text()
    place.click()
    says(page, text)
    expect(page.locator("#map")).to_be_visible()
    turned = page.inner_text("#zoom-said")
    page.click("#fit")
    expect(page.locator("#zoom-said")).not_to_have_text(turned)
    expect(page.locator("#gallery [aria-current]")).to_have_attribute("data-image", text.split(":")[0])


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (800, 900)])
def test_a_column_says_what_it_is_where_one_points(user, tmp_path, width, height):
    sample = make_columns(shape=(192, 192), counts=400, random_state=2)
    levels = sample.image - sample.image.min()
    write_png(tmp_path / "mos2.png", np.rint(60000 * levels / levels.max()).astype(np.uint16))
    page = user(None, width, height)
    drop(page, tmp_path / "mos2.png")
    says(page, "1 image opened")
    page.get_by_role("tab", name="Atoms").click()
    page.fill("#atoms-cell", "cheese")
    page.click("#find-atoms")
    says(page, "The lattice should be 'a,b,angle', or one of MoS2")
    page.fill("#atoms-cell", "MoS2")
    page.fill("#atoms-size", "15,6")
    page.click("#find-atoms")
    says(page, "Atomic columns: measured on mos2.png.")
    expect(page.locator("#atoms-legend")).to_contain_text("sublattice 0 (")
    stage = page.locator("#atoms-pane .stage")
    stage.scroll_into_view_if_needed()
    address = page.locator("#atoms-found .files a", has_text="columns.csv").get_attribute("href")
    rows = page.evaluate(f"fetch({address!r}).then((answer) => answer.text())").splitlines()
    names = rows[0].split(",")
    middle = min(rows[1:], key=lambda row: abs(float(row.split(",")[1]) - 96) + abs(float(row.split(",")[2]) - 96))
    number, y, x = (float(middle.split(",")[names.index(name)]) for name in ("column", "y", "x"))
    box = stage.bounding_box()
    scale = min(box["width"], box["height"]) / 192
    page.mouse.move(
        box["x"] + box["width"] / 2 + (x + 0.5 - 96) * scale, box["y"] + box["height"] / 2 + (y + 0.5 - 96) * scale
    )
    expect(page.locator("#atoms-said")).to_contain_text(f"Column {number:.0f}: x ")
    expect(page.locator("#atoms-said")).to_contain_text("neighbours")
    page.select_option("#atoms-colour", "class")
    expect(page.locator("#atoms-legend")).to_contain_text("usual (")
    page.check("#atoms-bonds")
    # With the keyboard the column under the cross says what it is, and the arrows lead to others.
    stage.focus()
    page.keyboard.press("1")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    expect(page.locator("#atoms-said")).to_contain_text(": x ")
    place = page.locator("#atoms-found .places button").first
    place.click()
    expect(page.locator("#atoms-said")).to_contain_text(place.inner_text().split(":")[0])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
