from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from segment import Segmenter
from segment.cli import app
from segment.io import read_micrograph, write_png
from segment.io.band import find_band, find_expected
from segment.pipeline import ReadOptions, rerun, run
from segment.pipeline.banding import usual_bands
from segment.records import Band
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
        top = {703: 718, 702: 718, 895: 896}[height]
        image = read_micrograph(path, band="none", overlays="none").image
        half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        packed = cv2.imencode(".jpg", np.rint(255 * image).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
        again = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.float32) / 255
        for name, variant, factor in (
            ("as it is", image, 1),
            ("half", half, 0.5),
            ("8 of 16 bits", image / np.float32(257), 1),
            ("12 of 16 bits", image / np.float32(16), 1),
            ("JPEG 80", again, 1),
            ("inverted", 1 - image, 1),
        ):
            found = find_band(np.ascontiguousarray(variant, np.float32)).top
            assert found is not None, (path.name, name)
            assert abs(found - factor * top) <= 2, (path.name, name)


def cross_section(seed):
    """Return layers over a flat substrate in the lowest fifth: noise, texture, ragged edges and pores, or none."""
    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in rng.integers(120, 300, 2))
    cuts = [*np.sort(rng.uniform(0.1, 0.75, rng.integers(1, 4))), rng.uniform(0.78, 0.95)]
    levels = rng.choice([0, 20, 60, 110, 160, 210, 255], len(cuts) + 1, replace=False)
    y, x = np.mgrid[:height, :width]
    image = np.full((height, width), float(levels[0]))
    for cut, level in zip(cuts, levels[1:], strict=True):
        waves = (0, 0, 1.5, 4)[seed % 4] * np.sin(x / rng.uniform(8, 40) + rng.uniform(0, 6))
        image[y >= cut * height + waves] = level
    if seed % 3 == 0:
        texture = cv2.GaussianBlur(rng.normal(0, 60, image.shape), (0, 0), 3)
        image += np.where(y < cuts[-1] * height, texture, 0)
        # A black or white substrate without noise, under a texture, is a band as far as anybody can tell.
        image += rng.normal(0, 1 + seed % 5, image.shape)
    else:
        image += rng.normal(0, 1, image.shape) * (0, 1, 2, 4, 8)[seed % 5]
    for _ in range(20 if seed % 7 == 0 else 0):
        at = int(rng.integers(width)), int(rng.integers(int(cuts[-1] * height), height))
        cv2.circle(image, at, int(rng.integers(1, 5)), float(rng.choice([0, 255])), -1)
    return np.clip(np.rint(image), 0, 255).astype(np.float32) / 255


def test_a_flat_substrate_is_no_band():
    assert [seed for seed in range(200) if find_band(cross_section(seed)).top is not None] == []


def lettered(style, level, dark):
    """Return a micrograph of 300 rows over a band of 50, of one of several styles."""
    rng = np.random.default_rng(3)
    texture = cv2.GaussianBlur(rng.normal(0, 1, (300, 480)), (0, 0), 3)
    texture = (texture - texture.min()) / np.ptp(texture)
    field = rng.poisson(2.0, texture.shape) + 20.0 * (texture > 0.75) if dark else 60 + 130 * texture
    field = field + rng.normal(0, 0 if dark else 6, field.shape)
    ink, band = 255 - level, np.full((50, 480), float(level))
    if style == "two tones":
        band[25:] = abs(level - 70)
    elif style == "two halves":
        band[:, 240:] = abs(level - 70)
    elif style == "gradient":
        band += np.linspace(0, 60, 480) * (1 if level == 0 else -1)
    band = np.clip(band, 0, 255).astype(np.uint8)
    for text, at in (("HV 15.00 kV  WD 8.0 mm  x 10 000", (10, 19)), ("SE2   2 um   LAB", (200, 42))):
        cv2.putText(band, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, float(ink), 1, cv2.LINE_AA)
    if style == "inner line":
        band[25] = ink
    elif style == "boxes":
        band[::24], band[:, ::96] = ink, ink
    elif style == "frame":
        band[[0, -1]], band[:, [0, -1]] = ink, ink
    return np.clip(np.vstack([field, band]), 0, 255).astype(np.uint8).astype(np.float32) / 255


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("style", ["plain", "two tones", "two halves", "gradient", "inner line", "boxes", "frame"])
def test_bands_of_every_style_are_cut_at_their_first_row(style, level, dark):
    if (style, level, dark) == ("gradient", 0, True):
        pytest.skip("steps of a gradient are as large as the noise of this field")
    image = lettered(style, level, dark)
    for scaled in (image, image / np.float32(257), 1 - image, 0.2 + image * np.float32(0.5)):
        assert find_band(scaled).top in (300, 301)


def test_never_crops_a_micrograph_without_a_band(shared_data: Path):
    paths = [
        # Pictures of papers, some with the band of their microscope.
        *(path for path in shared_data.glob("*/images/*.png") if path.parts[-3] != "particles-emps"),
        *shared_data.glob("inclusions/*.png"),
        *sorted(shared_data.glob("*/frames/*.png"))[::10],
    ]
    assert len(paths) > 200
    assert [str(path) for path in paths if read_micrograph(path).band.top is not None] == []


def test_what_speaks_for_a_band_is_said():
    image = lettered("plain", 0, dark=False)
    found = find_band(image)
    assert "lettering" in found.reason
    assert find_band(image[:300]).reason == ""
    assert found == Band(300, "detected")


def test_info_says_which_image_of_a_batch_has_its_band_elsewhere(tmp_path):
    image = np.rint(255 * lettered("plain", 0, dark=False)).astype(np.uint8)
    for name in ("a", "b", "c"):
        write_png(tmp_path / f"{name}.png", image)
    # A band that is torn away by noise.
    odd = image.copy()
    odd[300:] = np.random.default_rng(0).integers(0, 255, odd[300:].shape)
    write_png(tmp_path / "d.png", odd)
    done = CliRunner().invoke(app, ["info", str(tmp_path)])
    assert done.exit_code == 0
    printed = done.output
    assert printed.count("band from row 300") == 3
    assert "d.png: no band was found, and most images of this size in the batch have theirs from row 300" in printed


def hidden_bands():
    """Return pictures with bands that no picture alone shows, and the first row of each."""
    rng = np.random.default_rng(5)
    image = np.rint(255 * lettered("plain", 0, dark=False)).astype(np.uint8)
    # Dark fields above dark bands with a noise of their own, the second with faint lettering.
    dark = np.clip(rng.normal(14, 4, image.shape), 0, 255)
    dark[300:] = np.clip(rng.normal(2, 1.5, dark[300:].shape), 0, 255)
    noisy = np.clip(rng.normal(25, 7, image.shape), 0, 255)
    noisy[300:] = np.clip(np.where(image[300:] > 127, 90, 10) + rng.normal(0, 10, image[300:].shape), 0, 255)
    dark[20:60, 40:90] = noisy[20:60, 40:90] = 250
    return image, {"dark": dark.astype(np.uint8), "noisy": noisy.astype(np.uint8)}


# The dark fields are unlike the others, and this is said.
@pytest.mark.filterwarnings("ignore:.*dark and bright exchanged")
def test_a_band_that_a_batch_agrees_on_is_taken_where_the_picture_allows(tmp_path):
    image, hidden = hidden_bands()
    for name in "abcdef":
        write_png(tmp_path / f"{name}.png", image)
    flat = image.copy()
    flat[:] = image[np.arange(350) % 300]
    for name, odd in {**hidden, "flat": flat}.items():
        write_png(tmp_path / f"{name}.png", odd)
    alone = {name: read_micrograph(tmp_path / f"{name}.png").band.top for name in (*hidden, "flat")}
    assert alone["flat"] is None
    assert 300 not in alone.values()
    done = run([tmp_path], Segmenter(2, preset="pixel"), tmp_path / "out")
    assert not done.failures
    for name, source in {"a": "detected", "dark": "batch", "noisy": "batch", "flat": "none"}.items():
        record = json.loads((tmp_path / "out" / f"{name}.json").read_text())
        assert (record["band"]["top"], record["band"]["source"]) == (None if name == "flat" else 300, source), name
        assert ("usual_band" in record["read_options"]) == (name != "a")
    notes = {result.name: " ".join(result.notes) for result in done.images}
    assert "taken from row 300, where most images of this size in the batch have theirs" in notes["noisy"]
    assert "are not clearly unlike the picture, and were left: if they are a band, say --band 300" in notes["flat"]
    # The same again: by its side-car, with its training, and kept.
    assert rerun(tmp_path / "out" / "noisy.json").is_same
    assert rerun(tmp_path / "out" / "a.json", training=[tmp_path]).is_same
    again = run([tmp_path], Segmenter(2, preset="pixel"), tmp_path / "out", resume=True)
    assert all(result.is_resumed for result in again.images)
    # The user's word counts.
    for band, top in (("none", None), (320, 320)):
        assert read_micrograph(tmp_path / "noisy.png", band=band, usual_band=300).band.top == top
    assert not usual_bands(sorted(tmp_path.glob("*.png")), ReadOptions(band="none"), lambda *_: iter(()))


def test_rows_that_look_like_the_picture_are_never_taken():
    rng = np.random.default_rng(3)
    for seed in range(12):
        material = list(MATERIALS)[seed % len(MATERIALS)]
        image = (make_micrograph(material, shape=(300, 260), seed=seed, band=False).image / 255).astype(np.float32)
        for row in (200, 240, 270):
            assert find_expected(image, row) is None, (material, row)
    # A flat substrate with an edge of its own: it is as noisy as the layers above.
    layers = np.repeat([0.8, 0.5, 0.3], 100)[:, None] + rng.normal(0, 0.04, (300, 260))
    assert find_expected(layers.astype(np.float32), 200) is None
    # And where the edge is not where it is expected.
    image, hidden = hidden_bands()
    scaled = (hidden["noisy"] / 255).astype(np.float32)
    assert [find_expected(scaled, row) for row in (290, 298, 301, 305, 320)] == [None, 300, 300, None, None]
    assert find_expected(scaled[:12], 5) is None


def test_a_lone_band_in_a_batch_without_is_said(tmp_path):
    image, _ = hidden_bands()
    for name in ("b", "c", "d"):
        write_png(tmp_path / f"{name}.png", image[np.arange(350) % 300])
    write_png(tmp_path / "a.png", image)
    done = CliRunner().invoke(app, ["info", str(tmp_path)])
    said = "a.png: a band was found from row 300, and most images of this size in the batch have none"
    assert said in done.output
    assert done.output.count("most images of this size") == 1
