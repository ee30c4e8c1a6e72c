from __future__ import annotations

import json
import os
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from typer.testing import CliRunner

from segment.cli import app
from segment.io import OutputError, atomic_path, read_micrograph, write_json, write_npz, write_png, write_text
from segment.io.decode import decode
from segment.samples import make_coarsening, make_columns


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, ValueError, OSError, MemoryError])
def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path, interruption):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write():
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise interruption("stop")

    with pytest.raises(OutputError if interruption is OSError else interruption):
        write()
    assert os.listdir(tmp_path) == ["a.txt"]
    assert path.read_text() == "old"


def test_the_file_appears_only_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "deep" / "a.txt"
    with atomic_path(path) as temporary:
        temporary.write_text("whole")
        assert temporary.parent == path.parent
        assert temporary.suffix == ".txt"
        assert not path.exists()
    assert path.read_text() == "whole"
    assert os.listdir(path.parent) == ["a.txt"]


def test_files_get_ordinary_rights(tmp_path):
    write_text(tmp_path / "a.txt", "x")
    (tmp_path / "b.txt").write_text("x")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


def test_the_mask_of_the_process_is_respected_and_never_set(tmp_path, monkeypatch):
    before = os.umask(0o077)
    try:
        monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("another thread would see this mask"))
        write_text(tmp_path / "a.txt", "x")
    finally:
        monkeypatch.undo()
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_text(path, "x"),
        lambda path: write_json(path, {}),
        lambda path: write_png(path, np.zeros((2, 2), np.uint8)),
        lambda path: write_npz(path, {"a": np.zeros(2)}),
    ],
)
def test_a_folder_that_cannot_be_written_to_is_named(tmp_path, write):
    (tmp_path / "file").touch()
    (tmp_path / "out.x").mkdir()
    for path in (tmp_path / "file" / "out.x", tmp_path / "out.x"):
        with pytest.raises(OutputError, match=r"cannot write 'out.x' in folder") as raised:
            write(path)
        assert str(path.parent) in str(raised.value)
    assert sorted(os.listdir(tmp_path)) == ["file", "out.x"]


PIXELS = st.sampled_from([np.uint8, np.uint16]).flatmap(
    lambda dtype: npst.arrays(
        dtype,
        st.tuples(st.integers(1, 9), st.integers(1, 9))
        | st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([3, 4])),
    )
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PIXELS)
def test_png_round_trip(tmp_path: Path, pixels):
    write_png(tmp_path / "a.png", pixels)
    np.testing.assert_array_equal(decode((tmp_path / "a.png").read_bytes()), pixels)


@pytest.mark.parametrize("image", [np.zeros((2, 2)), np.zeros((2, 2, 2), np.uint8), np.zeros((0, 2), np.uint8)])
def test_png_of_another_kind_is_refused(tmp_path, image):
    with pytest.raises(ValueError, match="image must be uint8 or uint16"):
        write_png(tmp_path / "a.png", image)
    assert not os.listdir(tmp_path)


def test_png_channels_keep_their_order_for_other_readers(tmp_path):
    pixels = np.arange(4 * 5 * 4, dtype=np.uint8).reshape(4, 5, 4)
    write_png(tmp_path / "a.png", pixels)
    np.testing.assert_array_equal(imagecodecs.png_decode((tmp_path / "a.png").read_bytes()), pixels)


def test_json_knows_numpy_and_paths_but_not_nan(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"n": np.float32(0.5), "a": np.arange(3), "p": Path("x"), "µ": None, "b": np.bool_(True)})
    assert json.loads(path.read_text("utf-8")) == {"n": 0.5, "a": [0, 1, 2], "p": "x", "µ": None, "b": True}
    for bad, error in ((float("nan"), ValueError), (object(), TypeError)):
        with pytest.raises(error):
            write_json(path, {"bad": bad})
    assert json.loads(path.read_text("utf-8"))["n"] == 0.5


def test_npz_and_text_round_trip(tmp_path):
    write_npz(tmp_path / "a.npz", {"x": np.arange(3), "y": np.eye(2)})
    with np.load(tmp_path / "a.npz") as archive:
        assert sorted(archive.files) == ["x", "y"]
        np.testing.assert_array_equal(archive["y"], np.eye(2))
    write_text(tmp_path / "a.txt", "µ\r\n")
    assert (tmp_path / "a.txt").read_bytes() == "µ\r\n".encode()


def test_what_is_written_is_read(tmp_path):
    write_png(tmp_path / "a.png", np.full((4, 5), 13107, np.uint16))
    np.testing.assert_allclose(read_micrograph(tmp_path / "a.png").image, 0.2)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["objects"], "a_objects.png"),
        (["objects"], "a_outlines.png"),
        (["objects", "--export", "geojson"], "a_objects.geojson"),
        (["series", "--pixel-size", "1"], "growth.png"),
        (["series", "--pixel-size", "1"], "frames.csv"),
        (["atoms"], "a_columns.csv"),
        (["atoms"], "a_atoms.png"),
    ],
)
def test_measurements_overwrite_nothing_of_the_users(tmp_path, command, name):
    if command[0] == "atoms":
        picture = np.rint(make_columns(shape=(64, 64), counts=100, random_state=0).image).astype(np.uint8)
    else:
        picture = make_coarsening(n_frames=3, shape=(64, 64), n_particles=12, seed=1).frames[0]
    folder = tmp_path / "in"
    write_png(folder / "a.png", picture)
    inputs = [str(folder / "a.png")]
    if command[0] == "series":
        for index, frame in enumerate(make_coarsening(n_frames=4, shape=(96, 96), n_particles=30, seed=1).frames):
            write_png(folder / f"{index}.png", frame)
        (folder / "a.png").unlink()
        inputs = [str(folder)]
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_bytes(b"by hand")
    done = CliRunner().invoke(app, [*command, *inputs, "-o", str(out)])
    assert done.exit_code == 1
    assert f"{name}: is there and was not written by this program" in done.output
    assert [path.name for path in out.iterdir()] == [name]
    (out / name).unlink()
    for _ in range(2):
        # What an earlier run wrote is overwritten.
        done = CliRunner().invoke(app, [*command, *inputs, "-o", str(out)])
        assert done.exit_code == 0, done.output
