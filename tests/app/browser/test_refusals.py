"""What is refused, and how."""

from __future__ import annotations

import pytest

from tests.app.browser.page import drop, says

BOMB = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + 2 * (30_000).to_bytes(4, "big") + b"\x08\0\0\0\0"


@pytest.fixture(scope="module")
def huge(tmp_path_factory):
    path = tmp_path_factory.mktemp("huge") / "huge.tif"
    with path.open("wb") as stream:
        stream.truncate(2_000_000_000)
    return path


def test_bad_uploads_are_told_and_the_page_lives_on(user, micrograph, server, huge):
    page = user()
    for name, content, expected in (
        ("notes.tif", b"not an image at all", "not an image of a known format"),
        ("bomb.png", BOMB, "30000 x 30000"),
        ("../../../x", b"???", "cannot read 'x'"),
        ("broken.npz", b"PK\x03\x04", "broken.npz: not a model file"),
        ("side-car.json", b'{"format": ', "side-car.json: not a side-car, or a damaged one"),
        ("work.zip", b"PK\x03\x04", "work.zip: not a zip file, or a damaged one"),
    ):
        drop(page, {"name": name, "mimeType": "application/octet-stream", "buffer": content})
        says(page, expected)
        assert page.locator("#status").get_attribute("role") == "alert"
    drop(page, huge)
    says(page, "huge.tif: is 2000 MB large, and at most 200 MB are taken")
    drop(page, micrograph)
    says(page, "1 image opened")
    assert [path.name for path in server.temporary.rglob("*") if path.is_file()] == []
