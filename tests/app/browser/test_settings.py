"""Settings that come from a file, the contact sheet or a comparison."""

from __future__ import annotations

import zipfile

from tests.app.browser.page import drop, run, says, slide


def test_a_dropped_side_car_sets_the_controls_and_applies_its_model(user, micrograph, tmp_path):
    from segment import Segmenter
    from segment.pipeline import run as run_batch

    run_batch([micrograph], Segmenter(2, preset="high_sparsity", random_state=7), tmp_path)
    page = user()
    drop(page, micrograph, tmp_path / "steel.json")
    says(page, "Model, names and settings of the side-car are back.")
    page.wait_for_function("document.querySelector('#k input[type=number]').value === '2'")
    page.get_by_role("button", name="More settings").click()
    page.wait_for_function("document.querySelector('#alpha input')?.value === '0.15'")
    run(page)
    assert page.locator("#phases tbody tr").count() == 2


def test_a_candidate_of_the_sheet_is_chosen_with_one_click_and_mapped(user, micrograph, tmp_path):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    page.get_by_role("tab", name="Explore").click()
    page.click("#explore")
    says(page, "distinct maps of 48")
    cards = page.locator("#sheet .cards button")
    assert cards.count() > 5
    page.wait_for_function("document.querySelector('#sheet .cards img').naturalWidth === 320")
    # The default does not name its features.
    card = cards.filter(has_text="k 2").filter(has_not_text="preset default").first
    number, features = card.get_attribute("data-number"), card.locator("span").inner_text().split("\n")[1].split()[0]
    # With the keyboard, as with a click.
    card.focus()
    page.keyboard.press("Enter")
    says(page, f"Candidate {number} is chosen.")
    page.wait_for_function("document.querySelector('#k input[type=number]').value === '2'")
    assert page.locator("#sheet button[aria-pressed=true]").get_attribute("data-number") == number
    run(page)
    with page.expect_download() as download:
        page.click("a.download")
    download.value.save_as(tmp_path / "results.zip")
    with zipfile.ZipFile(tmp_path / "results.zip") as archive:
        assert f'["candidate {number}"]' in archive.read("preset.toml").decode()
        assert f'features = "{features}"' in archive.read("preset.toml").decode()


def test_a_dropped_preset_and_the_smallest_region_are_used(user, micrograph):
    page = user()
    preset = b'[mine]\nfeatures = "grey"\nn_phases = 2\nmin_region = 40\n'
    drop(page, micrograph)
    says(page, "1 image opened")
    drop(page, {"name": "mine.toml", "mimeType": "application/toml", "buffer": preset})
    says(page, "The preset mine is set.")
    page.wait_for_function("document.querySelector('#k input[type=number]').value === '2'")
    page.get_by_role("button", name="More settings").click()
    page.wait_for_function("document.querySelector('#min-region input')?.value === '40'")
    run(page)
    before = page.locator("#phases .fraction").all_inner_texts()
    page.fill("#min-region input", "5000")
    page.press("#min-region input", "Tab")
    run(page)
    page.wait_for_function(
        "before => [...document.querySelectorAll('#phases .fraction')].some((e, i) => e.textContent !== before[i])",
        arg=before,
    )


def test_numbers_of_phases_are_compared_by_four_rules(user, micrograph):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    page.get_by_role("tab", name="How many phases?").click()
    slide(page, "#most", 3)
    page.click("#compare")
    says(page, "Compared 1 to 3 phases.")
    assert page.locator("#choice .rules dt").count() == 4
    page.wait_for_function("document.querySelector('#choice img').naturalWidth > 100")
