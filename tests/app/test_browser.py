"""The app as a user meets it, in headless Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

import numpy as np
import pytest
import tifffile

from segment.io import write_png
from segment.io.decode import decode
from segment.samples.sample import make_micrograph

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright drives the browser: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install Debian's package chromium")

BOMB = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + 2 * (30_000).to_bytes(4, "big") + b"\x08\0\0\0\0"
HERE = "127.0.0.1"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Writes down every address that the server's process asks for or connects to, then lets it.
SERVER = """
import sys
def note(event, details):
    if event in ("socket.connect", "socket.getaddrinfo"):
        with open(sys.argv[1], "a") as log:
            print(event, details[1] if event == "socket.connect" else details[0], file=log)
sys.addaudithook(note)
log = sys.argv[1]
sys.argv[1:] = []
if __name__ == "__main__":
    from segment.app.limits import Limits
    from segment.app.server import serve
    sys.argv[1:] = [log]
    serve(0, Limits(total_megapixels=2), lambda address: print(address, flush=True))
"""


@dataclass
class Server:
    """A running app."""

    address: str
    log: Path
    temporary: Path
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    temporary = folder / "tmp"
    temporary.mkdir()
    log = folder / "connections"
    log.touch()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(log)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address.startswith(f"http://{HERE}:")
    yield Server(address, log, temporary, process)
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    process.stdout.close()
    assert list(temporary.iterdir()) == [], "temporary files are left behind"


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def user(server, browser):
    """Return a function that opens the page for another user; every request goes to this machine or fails the test."""
    contexts, strangers, failures = [], [], []

    def guard(route):
        if urlsplit(route.request.url).hostname == HERE:
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    def enter():
        context = browser.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True)
        # Generous: a machine that is busy with other things is no failure.
        context.set_default_timeout(180_000)
        context.route("**/*", guard)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.goto(server.address)
        # The drop zone works once it knows its secret word, which the page's load event brings.
        page.wait_for_function("document.querySelector('#drop .zone.ready')")
        return page

    yield enter
    for context in contexts:
        context.close()
    assert strangers == []
    assert failures == []


@pytest.fixture(scope="module")
def micrograph(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("images") / "steel.tif"
    tifffile.imwrite(path, make_micrograph("dual_phase_steel", shape=(240, 320)).image, resolution=(300, 300))
    return path


def drop(page, *files) -> None:
    page.set_input_files("#drop input[type=file]", list(files))


def says(page, text: str) -> None:
    page.locator("#status").get_by_text(text).first.wait_for()


def run(page) -> None:
    page.click("#run")
    says(page, "segmented.")


def test_upload_run_change_k_name_point_colour_download(user, micrograph, tmp_path):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    assert "rows 240 to 259 (detected)" in page.inner_text("#reading")
    assert "unknown" in page.inner_text("#reading"), "print resolution is no pixel size"
    page.wait_for_function("document.querySelector('#viewer .micrograph').naturalHeight === 260")
    run(page)
    assert page.locator("#phases tbody tr").count() == 3
    page.fill("#k input[type=number]", "2")
    page.press("#k input[type=number]", "Tab")
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
    page.fill("#band input", "200")
    page.fill("#pixel-size input", "0.5")
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
    card = cards.filter(has_text="k 2").first
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
    page.fill("#most input[type=number]", "3")
    page.press("#most input[type=number]", "Tab")
    page.click("#compare")
    says(page, "Compared 1 to 3 phases.")
    assert page.locator("#choice .rules dt").count() == 4
    page.wait_for_function("document.querySelector('#choice img').naturalWidth > 100")


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


def test_two_users_at_once_neither_mix_nor_wait_for_ever(user, micrograph, tmp_path):
    write_png(tmp_path / "iron.png", make_micrograph("ductile_iron", shape=(200, 200), band=False).image)
    first, second = user(), user()
    drop(first, micrograph)
    drop(second, micrograph, tmp_path / "iron.png")
    says(first, "1 image opened")
    says(second, "2 images opened")
    second.fill("#k input[type=number]", "4")
    second.press("#k input[type=number]", "Tab")
    first.click("#run")
    second.click("#run")
    says(first, "1 image segmented.")
    says(second, "2 images segmented.")
    assert [page.locator("#phases tbody tr").count() for page in (first, second)] == [3, 4]
    words = {page.get_attribute("#viewer .colours", "src").split("/")[2] for page in (first, second)}
    assert len(words) == 2


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("notes.tif", b"not an image at all", "not a PNG, JPEG, TIFF or BMP image"),
        ("bomb.png", BOMB, "30000 x 30000"),
        ("../../../x", b"???", "cannot read 'x'"),
        ("broken.toml", b"[mine]\nn_phase = 2", "broken.toml: [mine] has the unknown key 'n_phase'"),
        ("broken.npz", b"PK\x03\x04", "broken.npz: not a model file"),
        ("side-car.json", b'{"format": ', "side-car.json: not a side-car, or a damaged one"),
    ],
)
def test_bad_uploads_are_told_and_the_server_lives_on(name, content, expected, user, micrograph, server):
    page = user()
    drop(page, {"name": name, "mimeType": "application/octet-stream", "buffer": content})
    says(page, expected)
    assert "Traceback" not in page.content()
    drop(page, micrograph)
    says(page, "1 image opened")
    assert {path.name for path in server.temporary.rglob("*") if path.is_file()} <= {"vibe_edit_history"}


def test_two_gigabytes_are_refused_before_they_are_sent(user, tmp_path):
    with open(tmp_path / "huge.tif", "wb") as stream:
        stream.truncate(2_000_000_000)
    page = user()
    drop(page, tmp_path / "huge.tif")
    says(page, "huge.tif: is 2000 MB large, and at most 200 MB are taken.")


def test_the_server_itself_refuses_what_a_browser_would_not_send(user, server, micrograph):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    word = page.get_attribute("#viewer .micrograph", "src").split("/")[2]

    def answer(path: str, host: str = "", data=None) -> int:
        request = urllib.request.Request(server.address + path, data=data, headers={"Host": host} if host else {})
        try:
            with urllib.request.urlopen(request) as response:
                return response.status
        except HTTPError as error:
            with error:
                return error.code

    assert answer(f"/session/{word}/micrograph/0.png") == 200
    assert answer("/session/guess/micrograph/0.png") == 404
    assert answer(f"/session/{word}/micrograph/1.png") == 404
    assert answer(f"/session/{word}/results.zip") == 404
    assert answer("/session/guess/files?name=x.png", data=b"x") == 404
    assert answer(f"/session/{word}/micrograph/0.png", host="evil.example") == 400
    chunks = (bytes(1_000_000) for _ in range(201))
    assert answer(f"/session/{word}/files?name=x.png", data=chunks) == 413


def test_a_computation_is_cancelled_and_the_next_one_runs(user, tmp_path):
    write_png(tmp_path / "large.png", make_micrograph("nickel_superalloy", shape=(700, 1000), band=False).image)
    page = user()
    drop(page, tmp_path / "large.png")
    says(page, "1 image opened")
    page.fill("#k input[type=number]", "12")
    page.press("#k input[type=number]", "Tab")
    page.click("#run")
    says(page, "Learning phases from large")
    page.click("#cancel")
    says(page, "Cancelled.")
    assert page.locator("#phases tbody tr").count() == 0
    page.fill("#k input[type=number]", "2")
    page.press("#k input[type=number]", "Tab")
    run(page)
    assert page.locator("#phases tbody tr").count() == 2


def test_nobody_else_is_called(user, server, micrograph):
    page = user()
    drop(page, micrograph)
    says(page, "1 image opened")
    called = [line for line in server.log.read_text().splitlines() if HERE not in line]
    assert called == []
