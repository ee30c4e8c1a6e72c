"""From a dropped micrograph to a download."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from segment.io.decode import decode
from tests.app.browser.page import drop, run, says, slide


def test_upload_run_change_k_name_point_colour_download(user, micrograph, tmp_path):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    assert "rows 240 to 259 (detected)" in page.inner_text("#reading")
    assert "unknown" in page.inner_text("#reading"), "print resolution is no pixel size"
    page.wait_for_function("document.querySelector('#viewer .micrograph').naturalHeight === 260")
    run(page)
    assert page.locator("#phases tbody tr").count() == 3
    slide(page, "#k", 2)
    run(page)
    page.wait_for_function("document.querySelectorAll('#phases tbody tr').length === 2")
    page.get_by_label("Name of phase 1").fill("martensite")
    page.keyboard.press("Enter")
    says(page, "Phase 1 is martensite.")
    page.locator("#phases input[type=color]").first.fill("#ff0000")
    says(page, "Phase 0 is phase 0.")
    page.wait_for_function("document.querySelector('#viewer .colours').src.endsWith('v=5')")
    page.locator("#viewer .stage").click(position={"x": 60, "y": 40})
    says(page, "column")
    page.locator("#phases tr.selected").wait_for()
    with page.expect_download() as download:
        page.click("a.download")
    download.value.save_as(tmp_path / "results.zip")
    with zipfile.ZipFile(tmp_path / "results.zip") as archive:
        assert "steel.json" in archive.namelist()
        assert b"martensite" in archive.read("steel.json")
        labels, phases = decode(archive.read("steel_labels.png")), decode(archive.read("steel_phases.png"))
    assert labels.shape == (240, 320)
    assert np.array_equal((phases[:240] == (255, 0, 0)).all(axis=2), labels == 0)


def test_band_and_pixel_size_are_corrected(user, micrograph):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    page.get_by_role("button", name="Correct band and pixel size").click()
    page.wait_for_function("document.querySelector('#band input')?.value === '240'")
    # As it opens, the section may write its values once more, over what is typed at once.
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.fill("#pixel-size input", "0.5")
    page.fill("#band input", "200")
    page.wait_for_function("document.querySelector('#band input').value === '200'")
    page.click("#correct")
    says(page, "Corrected.")
    assert "rows 200 to 259 (user)" in page.inner_text("#reading")
    assert "0.5 µm (user" in page.inner_text("#reading")
    run(page)
    areas = [text.split()[:2] for text in page.locator("#phases .detail").all_inner_texts()]
    total = sum(float(number) * {"µm²": 1, "mm²": 1e6}[unit] for number, unit in areas)
    assert total == pytest.approx(200 * 320 * 0.25, rel=1e-3)
    page.fill("#band input", "9999")
    page.click("#correct")
    says(page, "whole row from 1 to 259, not 9999")
