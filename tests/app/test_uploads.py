from __future__ import annotations

import os
import pickle
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import example, given
from hypothesis import strategies as st

from segment import Segmenter
from segment.app.limits import Limits
from segment.app.session import Session
from segment.app.uploads import UNFINISHED, Inbox, safe_name, take

LIMITS = Limits()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_images_are_read_and_their_uploads_deleted(drop):
    files = [drop("a.png"), drop("b.png")]
    session, complaints = take(Session(), files, LIMITS)
    assert complaints == ()
    assert [field.file_name for field in session.fields] == ["a.png", "b.png"]
    field = session.fields[0]
    assert field.full.shape == (108, 128)
    assert field.micrograph.image.shape == (96, 128)
    assert field.micrograph.band.top == 96
    assert np.shares_memory(field.full, field.micrograph.image)
    assert field.micrograph.sha256 is not None
    assert not any(path.exists() or path.parent.exists() for path in files)


def test_one_of_the_same_name_gets_another(drop):
    session, _ = take(Session(), [drop("a.png")], LIMITS)
    session, _ = take(session, [drop("a.png")], LIMITS)
    assert [field.file_name for field in session.fields] == ["a.png", "a_2.png"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("notes.tif", b"these are my notes", "cannot read 'notes.tif': not an image of a known format"),
        ("empty.png", b"", "the file is empty"),
        ("bomb.png", png_header(30_000, 30_000), "claims 30000 x 30000 pixels, more than 32000000"),
        ("cut.png", png_header(64, 64)[:-20], "cut.png"),
        ("side.json", b'{"format": "segment result"', "side.json: not a side-car, or a damaged one"),
        ("model.npz", b"PK\x03\x04 nonsense", "model.npz"),
        ("x.txt", b"PixelSize=2.5", "drop them together with their image"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence_without_a_path_and_the_rest_is_taken(
    name, content, expected, drop
):
    session, complaints = take(Session(), [drop(name, content)], LIMITS)
    assert session.fields == ()
    assert len(complaints) == 1
    assert expected in complaints[0]
    assert complaints[0].endswith(".")
    assert "/" not in complaints[0].replace("'drop", "")
    session, complaints = take(Session(), [drop(name, content), drop("good.png")], LIMITS)
    assert [field.file_name for field in session.fields] == ["good.png"]
    assert len(complaints) == (name != "x.txt")


def test_a_model_with_pickled_code_is_refused_and_the_code_never_runs(drop, tmp_path):
    mark = tmp_path / "ran"

    class Touch:
        def __reduce__(self):
            return Path.touch, (mark,)

    pickle.loads(pickle.dumps(Touch()))
    assert mark.exists(), "the pickle would run its code"
    mark.unlink()
    arrays = np.array([Touch()], dtype=object)
    np.savez(tmp_path / "evil.npz", description=arrays, components=arrays, loss_history=arrays)
    session, complaints = take(Session(), [drop("evil.npz", (tmp_path / "evil.npz").read_bytes())], LIMITS)
    assert session.segmenter is None
    assert "evil.npz: not a model file" in complaints[0]
    assert not mark.exists()


def test_a_model_that_unpacks_to_gigabytes_is_refused_before_it_does(drop, tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("description.npy", bytes(65_000_000))
    _, complaints = take(Session(), [drop("bomb.npz", (tmp_path / "bomb.npz").read_bytes())], LIMITS)
    assert complaints == ("bomb.npz: holds 65 MB; a model has at most 64 MB.",)


@pytest.mark.parametrize(("suffix", "noun", "most"), [(".json", "side-car", "64"), (".toml", "preset", "0.1")])
def test_a_text_file_that_is_too_large_is_refused_before_it_is_parsed(suffix, noun, most, drop):
    path = drop(f"x{suffix}", b"")
    os.truncate(path, 64_000_001)
    _, complaints = take(Session(), [path], LIMITS)
    assert complaints == (f"x{suffix}: holds 64 MB; a {noun} has at most {most} MB.",)


def test_a_saved_model_is_loaded_and_maps_of_another_are_dropped(drop, tmp_path, steel):
    Segmenter(2).fit(steel[:96]).save(tmp_path / "m.npz")
    session, complaints = take(Session(), [drop("m.npz", (tmp_path / "m.npz").read_bytes())], LIMITS)
    assert complaints == ()
    assert session.is_loaded
    assert session.n_phases == 3, "as many as are asked for"
    assert session.model.names == ("phase 0", "phase 1")


def test_a_text_file_of_the_microscope_gives_its_image_the_pixel_size(drop, tmp_path, steel):
    tifffile.imwrite(tmp_path / "h.tif", steel)
    note = b"[SemImageFile]\r\nInstructName=S-4800\r\nPixelSize=12.5\r\n"
    session, complaints = take(
        Session(), [drop("h.txt", note), drop("h.tif", (tmp_path / "h.tif").read_bytes())], LIMITS
    )
    assert complaints == ()
    assert session.fields[0].micrograph.calibration.pixel_size_um == pytest.approx(0.0125)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(n_images=1), "1 images are open already"),
        (Limits(total_megapixels=0), "together with it the open images would have"),
        (Limits(image_megapixels=0), "claims 128 x 108 pixels"),
        (Limits(file_mb=0), "at most 0 MB are taken"),
    ],
)
def test_limits_are_kept(limits, expected, drop):
    _, complaints = take(Session(), [drop("a.png"), drop("b.png")], limits)
    assert complaints
    assert all(expected in text for text in complaints)


@given(st.text(max_size=300))
@example("../../x")
@example("..")
@example("C:\\x\\..\\y.png")
@example(".png")
def test_a_safe_name_is_one_ordinary_file_name(name):
    safe = safe_name(name)
    assert safe == Path(safe).name
    assert safe not in ("", ".", "..")
    assert not set(safe) & set('/\\<>:"|?*\0\n')
    assert len(safe) <= 111


def test_an_inbox_keeps_sessions_apart_and_places_nothing_outside(tmp_path):
    inbox = Inbox(tmp_path / "inbox")
    first, second = inbox.place("mine", "../../x.png"), inbox.place("mine", "../../x.png")
    assert first != second
    for path in (first, second, inbox.place("yours", "y.png")):
        path.write_bytes(b"")
        assert (tmp_path / "inbox") in path.parents
    inbox.place("mine", "z.png").with_name(UNFINISHED).write_bytes(b"")
    assert inbox.collect("mine") == [first, second]
    inbox.clear("mine")
    assert inbox.collect("mine") == []
    assert len(inbox.collect("yours")) == 1
