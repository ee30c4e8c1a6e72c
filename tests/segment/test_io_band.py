from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from segment.io import read_micrograph, write_png
from segment.io.band import find_band
from segment.samples import MATERIALS, make_micrograph


def textured(height, width, seed=0):
    return np.random.default_rng(seed).uniform(0.1, 0.9, (height, width)).astype(np.float32)


@given(
    st.integers(60, 300),
    st.integers(30, 200),
    st.floats(0.06, 0.22),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.integers(0, 2**32 - 1),
)
def test_finds_a_lettered_band_of_any_level_to_the_row(height, width, share, level, seed):
    image = textured(height, width, seed)
    rows = max(10, int(share * height))
    top = height - rows
    image[top:] = level
    ink = 1 - level if level != 0.5 else 1.0
    image[top + rows // 3 : top + rows // 2, width // 4 : width // 2] = ink
    assert find_band(image).top == top


def test_frame_lines_and_rows_below_belong_to_the_band():
    image = textured(768, 200)
    image[718:766] = 1
    image[718] = image[766] = image[740] = 0
    assert find_band(image) == find_band(image[:767])
    assert find_band(image).top == 718


def test_no_band_is_found_where_there_is_none():
    ragged = textured(200, 100)
    for column in range(100):
        ragged[170 + column % 13 :, column] = 0.0
    for image in (
        textured(200, 100),
        np.full((200, 100), 0.5, np.float32),
        np.zeros((200, 100), np.float32),
        np.linspace(0, 1, 200, dtype=np.float32)[:, None].repeat(100, 1),
        ragged,
        textured(1, 1),
        textured(9, 4),
    ):
        assert find_band(image).top is None


def test_a_constant_lower_half_is_no_band():
    image = textured(200, 100)
    image[100:] = 0
    assert find_band(image).top is None


@pytest.mark.parametrize("material", MATERIALS)
@pytest.mark.parametrize("shape", [(64, 64), (200, 300), (512, 640)])
def test_finds_the_band_of_samples(material, shape):
    for seed in range(3):
        image = (make_micrograph(material, shape=shape, seed=seed).image / 255).astype(np.float32)
        assert find_band(image).top == shape[0]
        assert find_band(image[: shape[0]]).top is None


def test_the_user_overrides(tmp_path):
    image = np.rint(textured(100, 80) * 255).astype(np.uint8)
    image[80:] = 0
    write_png(tmp_path / "a.png", image)
    found = read_micrograph(tmp_path / "a.png")
    assert (found.band.top, found.band.source, found.image.shape) == (80, "detected", (80, 80))
    assert found.read_shape == (100, 80)
    kept = read_micrograph(tmp_path / "a.png", band="none")
    assert (kept.band.top, kept.band.source, kept.image.shape) == (None, "none", (100, 80))
    told = read_micrograph(tmp_path / "a.png", band=55)
    assert (told.band.top, told.band.source, told.image.shape) == (55, "user", (55, 80))


@pytest.mark.parametrize("band", [0, -3, 101, "yes", 0.5, None])
def test_a_bad_band_is_named(tmp_path, band):
    write_png(tmp_path / "a.png", np.zeros((100, 80), np.uint8))
    with pytest.raises(ValueError, match="band must be"):
        read_micrograph(tmp_path / "a.png", band=band)


def test_metadata_come_before_pixels(tmp_path):
    image = np.rint(textured(100, 80) * 255).astype(np.uint8)
    image[80:] = 0
    text = "[Image]\r\nResolutionX=80\r\nResolutionY=90\r\n"
    tifffile.imwrite(tmp_path / "a.tif", image, extratags=[(34682, "s", 0, text, True)])
    micrograph = read_micrograph(tmp_path / "a.tif")
    assert (micrograph.band.top, micrograph.band.source) == (90, "metadata")
    tifffile.imwrite(tmp_path / "b.tif", image[:90], extratags=[(34682, "s", 0, text, True)])
    assert read_micrograph(tmp_path / "b.tif").band.top is None


def test_finds_the_band_of_every_raw_metaldam_micrograph(shared_data: Path):
    with (shared_data / "metaldam" / "scale.csv").open(newline="") as stream:
        rows = {row["micrograph_id"]: row for row in csv.DictReader(stream)}
    paths = sorted((shared_data / "metaldam" / "raw").glob("*.jpg"))
    assert paths
    for path in paths:
        height = int(rows[path.stem.removeprefix("micrograph")]["height"])
        # The annotators cut a fixed 65 rows; by its frame the band begins 15 rows lower, or 1 row on the larger images.
        assert read_micrograph(path).band.top == {703: 718, 702: 718, 895: 896}[height]


def test_never_crops_a_micrograph_without_a_band(shared_data: Path):
    paths = [
        *shared_data.glob("*/images/*.png"),
        *shared_data.glob("inclusions/*.png"),
        *sorted(shared_data.glob("*/frames/*.png"))[::10],
    ]
    assert len(paths) > 200
    assert [str(path) for path in paths if read_micrograph(path).band.top is not None] == []
