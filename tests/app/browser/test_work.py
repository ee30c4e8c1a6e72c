"""From a dropped micrograph to a download, and back to the project."""

from __future__ import annotations

import zipfile

import numpy as np
import tifffile
from playwright.sync_api import expect

from segment.io.decode import decode
from tests.app.browser.page import choose, drag, drop, run, says, state, type_in


def test_a_users_day(user, micrograph, tmp_path):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    assert "rows 240 to 259 (detected)" in page.inner_text("#reading")
    assert "unknown" in page.inner_text("#reading"), "print resolution is no pixel size"
    # Names are given before or after.
    type_in(page, "[aria-label='Name of phase 1']", "martensite")
    says(page, "Phase 1 is martensite.")
    type_in(page, "#n_phases", 2)
    expect(page.locator("#phases tbody tr")).to_have_count(2)
    run(page)
    expect(page.locator("[aria-label='Name of phase 1']")).to_have_value("martensite")
    # A refused name does not stay on the screen.
    type_in(page, "[aria-label='Name of phase 0']", "martensite")
    says(page, "Another phase is called 'martensite' already")
    expect(page.locator("[aria-label='Name of phase 0']")).to_have_value("phase 0")
    page.locator("#phases input[type=color]").first.fill("#ff0000")
    expect(page.locator("#brushes i").first).to_have_css("background-color", "rgb(255, 0, 0)")
    # A click says which phase is there.
    page.locator(".stage").click(position={"x": 300, "y": 100})
    says(page, "column")
    page.locator("#phases tr.selected").wait_for()
    # The pixel size, and back to the file's.
    page.click("#correction summary")
    type_in(page, "#pixel-size", "0,5")
    page.click("#correct")
    says(page, "Corrected.")
    expect(page.locator("#reading dl")).to_contain_text("0.5 µm (user")
    expect(page.locator("#phases .detail").first).to_contain_text("µm²")
    page.click("#reset")
    expect(page.locator("#reading dl")).to_contain_text("unknown")
    page.click("#undo")
    says(page, "Taken back: reset.")
    # Everything is there after a reload, and in another browser.
    before = state(page)
    page.reload()
    page.locator("body[data-ready]").wait_for()
    assert state(page) == before
    expect(page.locator("[aria-label='Name of phase 1']")).to_have_value("martensite")
    other = user(page.url)
    expect(other.locator("[aria-label='Name of phase 1']")).to_have_value("martensite")
    # What one browser does, the other shows.
    type_in(other, "[aria-label='Name of phase 0']", "ferrite")
    expect(page.locator("[aria-label='Name of phase 0']")).to_have_value("ferrite")
    page.click("#download")
    expect(page.locator("#take-said")).to_contain_text("side-cars of 1 image")
    page.check("#exports input[value=geojson]")
    with page.expect_download() as download:
        page.click("#take-link")
    download.value.save_as(tmp_path / "project.zip")
    with zipfile.ZipFile(tmp_path / "project.zip") as archive:
        assert {"steel.json", "steel_regions.geojson", "project/project.json"} <= set(archive.namelist())
        labels, phases = decode(archive.read("steel_labels.png")), decode(archive.read("steel_phases.png"))
    assert labels.shape == (240, 320)
    assert np.array_equal((phases[:240] == (255, 0, 0)).all(axis=2), labels == 0)
    page.click("#take-close")
    # The project file brings all of it back, in a new project.
    third = user()
    drop(third, tmp_path / "project.zip")
    says(third, "The project is open")
    expect(third.locator("[aria-label='Name of phase 0']")).to_have_value("ferrite")
    assert [image["fractions"] for image in state(third)["images"]] == [
        image["fractions"] for image in state(page)["images"]
    ]


def test_phases_are_shown_by_strokes_on_the_zoomed_image_and_erased(user, micrograph):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    type_in(page, "#n_phases", 2)
    full = tifffile.imread(micrograph)
    # One pixel of the image is one of the screen, and the middle is the middle: places can be reckoned.
    page.click("#natural")
    expect(page.locator("#zoom-said")).to_have_text("100 %")
    choose(page, "brush")
    box = page.locator(".stage").bounding_box()
    painted = ((0, (100, 60)), (0, (200, 180)), (1, (60, 200)), (1, (260, 40)))
    for number, (phase, (x, y)) in enumerate(painted, 1):
        page.check(f"#brushes input[value='{phase}']")
        place = box["x"] + box["width"] / 2 + x - 160, box["y"] + box["height"] / 2 + y - 130
        page.mouse.move(*place)
        page.mouse.down()
        page.mouse.move(place[0] + 12, place[1], steps=3)
        page.mouse.up()
        says(page, f"{number} stroke")
    strokes = state(page)["images"][0]["strokes"]
    assert len(strokes) == 4
    for (x, y), stroke in zip(((100, 60), (200, 180), (60, 200), (260, 40)), strokes, strict=True):
        assert abs(stroke["points"][0][0] - x) <= 1
        assert abs(stroke["points"][0][1] - y) <= 1
        assert abs(stroke["points"][-1][0] - x - 12) <= 1
    assert full.shape == (260, 320)
    run(page)
    says(page, "Learned from your strokes.")
    # Zoomed, an eraser takes a whole stroke away; undo brings it back.
    page.locator(".stage").hover(position={"x": 200, "y": 200})
    page.mouse.wheel(0, -400)
    page.click("#fit")
    choose(page, "pick")
    page.click("#natural")
    box = page.locator(".stage").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2 + 106 - 160, box["y"] + box["height"] / 2 + 60 - 130)
    says(page, "3 strokes.")
    page.keyboard.press("Control+z")
    says(page, "Taken back: erase.")
    choose(page, "eraser")
    page.fill("#breadth", "20")
    drag(page, (0.2, 0.2), (0.8, 0.2), (0.8, 0.9), (0.2, 0.9))
    # Clear asks.
    page.click("#wipe")
    page.locator("#ask").get_by_role("button", name="No").click()
    assert state(page)["images"][0]["strokes"] != []
    page.click("#wipe")
    page.locator("#ask").get_by_role("button", name="Yes").click()
    says(page, "No strokes")


def test_regions_the_scale_bar_and_phases_that_are_merged(user, micrograph):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    choose(page, "exclude")
    drag(page, (0.4, 0.3), (0.6, 0.3), (0.6, 0.6), (0.4, 0.6))
    says(page, "The region is to exclude.")
    expect(page.locator("#regions-said")).to_contain_text("1 region drawn.")
    run(page)
    page.get_by_label("More for phase 2").click()
    page.get_by_label("Merge phase 2 into").select_option(label="phase 1")
    says(page, "phase 2 is part of phase 1 now")
    expect(page.locator("#phases tbody tr")).to_have_count(2)
    choose(page, "line")
    drag(page, (0.3, 0.9), (0.5, 0.9))
    page.fill("#length-um", "10")
    page.get_by_role("button", name="Set the pixel size").click()
    says(page, "from the line over the scale bar")
    assert state(page)["images"][0]["pixel_size"] > 0
    # The display's contrast changes neither the map nor the numbers.
    before = state(page)
    page.click("#contrast summary")
    expect(page.locator("#levels")).to_contain_text("of the file's range")
    page.fill("#black", "90")
    assert page.evaluate("document.querySelector('#display feFuncR').getAttribute('slope')") != "1"
    assert state(page) == before
    # The menu closes when one goes elsewhere.
    page.locator("#run").focus()
    assert page.evaluate("document.querySelector('#contrast').open") is False


def test_explore_compare_and_features(user, micrograph):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    page.get_by_role("tab", name="How many phases?").click()
    type_in(page, "#most", 3)
    page.click("#compare")
    says(page, "Compared 1 to 3 phases.")
    expect(page.locator("#rules dt")).to_have_count(4)
    page.get_by_role("button", name="Use 2 phases").click()
    expect(page.locator("#n_phases")).to_have_value("2")
    page.get_by_role("tab", name="Explore").click()
    page.click("#explore")
    says(page, "distinct maps of 48")
    card = page.locator("#cards button").nth(1)
    card.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#large img")).to_be_visible()
    page.get_by_role("button", name="Choose this map").click()
    says(page, "Candidate 2 is chosen.")
    expect(page.locator("#cards button[aria-pressed=true] b")).to_have_text("2")
    run(page)
    page.get_by_role("tab", name="Objects").click()
    page.select_option("#objects-what", "bright")
    page.click("#measure")
    says(page, "objects measured.")
    expect(page.locator("#objects-histogram svg")).to_be_visible()
    page.get_by_role("button", name="Show object 2", exact=True).click()
    says(page, "Object 2: diameter")
    expect(page.locator("#map")).to_be_visible()
    box = page.locator(".stage").bounding_box()
    page.mouse.click(box["x"] + 5, box["y"] + 5)
    expect(page.locator("#status .said")).not_to_contain_text("Object 2: diameter")
    # The object that was turned to is in the middle.
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    says(page, "Object 2: diameter")
    page.get_by_role("tab", name="Fingerprints").click()
    assert page.locator("#fingerprints tbody tr").count() > 3


def test_the_gallery_says_what_is_to_be_looked_at_and_refits_one_image(user, micrograph, tmp_path):
    page = user()
    other = tmp_path / "other.tif"
    other.write_bytes(micrograph.read_bytes())
    drop(page, micrograph)
    says(page, "1 image opened")
    type_in(page, "#n_phases", 2)
    run(page)
    # An interval stands behind each fraction, and what it means below the table.
    expect(page.locator("#phases .fraction small")).to_have_count(2)
    expect(page.locator("#intervals-said")).to_be_visible()
    drop(page, other)
    says(page, "1 image opened")
    expect(page.locator("#gallery .summary")).to_contain_text("2 images\n1 without a map", use_inner_text=True)
    page.click("#refit")
    says(page, "other.tif has no phase map yet: press Segment first.")
    page.get_by_role("button", name="Map this image").click()
    says(page, "1 image segmented.")
    expect(page.locator("#two-said")).to_be_visible()
    page.click("#refit")
    says(page, "Paint a few strokes on other.tif where its map is wrong")
    choose(page, "brush")
    labels = (((0.45, 0.2), (0.5, 0.25)), ((0.4, 0.5), (0.45, 0.6)))
    for number, places in enumerate(labels):
        page.check(f"#brushes input[value='{number}']")
        drag(page, *places)
        says(page, f"{number + 1} stroke")
    page.click("#refit")
    says(page, "other.tif is refitted by its strokes; the other maps are as they were.")
    assert [image["is_refitted"] for image in state(page)["images"]] == [False, True]
    expect(page.locator("#gallery .card").nth(1)).to_contain_text("↻")
    page.get_by_role("button", name="Accept map").click()
    expect(page.locator("#gallery .summary")).to_contain_text("1 accepted")
