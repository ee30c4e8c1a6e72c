"""What is refused, and how."""

from __future__ import annotations

import urllib.request
from urllib.error import HTTPError

import pytest

from tests.app.browser.page import drop, says

BOMB = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + 2 * (30_000).to_bytes(4, "big") + b"\x08\0\0\0\0"


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
