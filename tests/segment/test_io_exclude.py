from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

from segment import Segmenter
from segment.cli import app
from segment.interchange import export_phase_map
from segment.io import ImageReadError, from_array, read_micrograph, write_png
from segment.io.exclude import fill, find_borders
from segment.measure import measure_fractions
from segment.pipeline import ReadOptions, run

RNG = np.random.default_rng(5)


def halves(height=60, width=80):
    image = np.full((height, width), 60.0)
    image[:, width // 2 :] = 190
    return np.clip(image + RNG.normal(0, 6, image.shape), 1, 255).astype(np.uint8)


GREY = halves()
HOLE = np.ones(GREY.shape, bool)
HOLE[10:40, 5:30] = False


def test_what_is_excluded_changes_nothing_at_all():
    maps = []
    for level in (0, 130, 255):
        image = GREY.copy()
        image[~HOLE] = level
        maps.append(Segmenter(2).fit_predict(from_array(image, valid=HOLE)))
    for other in maps[1:]:
        np.testing.assert_array_equal(maps[0].labels, other.labels)
        np.testing.assert_array_equal(maps[0].abundances, other.abundances)
    found = maps[0]
    assert (found.labels[~HOLE] == 255).all()
    assert (found.labels[HOLE] < 2).all()
    assert found.fractions.sum() == pytest.approx(1)
    truth = np.zeros(GREY.shape, int)
    truth[:, 40:] = 1
    assert np.mean(found.labels[HOLE] == truth[HOLE]) > 0.97
    assert found.fractions[1] == pytest.approx(truth[HOLE].mean(), abs=0.02)


def test_most_of_an_image_may_be_excluded():
    inside = np.zeros(GREY.shape, bool)
    inside[5:35, 25:55] = True
    found = Segmenter(2).fit_predict(from_array(np.where(inside, GREY, 0).astype(np.uint8), valid=inside))
    truth = np.arange(80) >= 40
    assert np.mean((found.labels == truth)[inside]) > 0.97


def test_nothing_excluded_is_the_map_as_it_was():
    plain, full = (Segmenter(2).fit_predict(from_array(GREY, **more)) for more in ({}, {"valid": np.ones_like(HOLE)}))
    np.testing.assert_array_equal(plain.abundances, full.abundances)
    assert full.micrograph.valid is None


def test_excluded_pixels_have_a_row_of_their_own(tmp_path):
    found = Segmenter(2).fit_predict(from_array(GREY, valid=HOLE, pixel_size_um=2.0))
    *phases, last = measure_fractions(found)
    assert [row.phase for row in phases] == [0, 1]
    assert sum(row.fraction for row in phases) == pytest.approx(1)
    assert (last.phase, last.name, last.pixels, last.area_um2) == (255, "excluded", 750, 3000.0)
    assert last.fraction == pytest.approx(750 / GREY.size)
    export_phase_map(found, tmp_path, "a", ["geojson", "npz", "imagej", "ome-tiff"])
    content = json.loads((tmp_path / "a_regions.geojson").read_text())
    assert {feature["properties"]["phase"] for feature in content["features"]} == {0, 1}
    assert content["pixel_size"]["confidence"] == "high"


def test_nan_infinity_and_transparency_are_excluded(tmp_path):
    levels = GREY.astype(np.float32) / 255
    levels[:5], levels[5, :7] = np.nan, np.inf
    tifffile.imwrite(tmp_path / "a.tif", levels)
    found = read_micrograph(tmp_path / "a.tif")
    assert found.valid is not None
    np.testing.assert_array_equal(found.valid, np.isfinite(levels))
    assert np.isfinite(found.image).all()
    assert "407 pixels" in found.notes[-1]
    rgb = np.repeat(levels[..., None], 3, axis=2)
    tifffile.imwrite(tmp_path / "c.tif", rgb, photometric="rgb")
    np.testing.assert_array_equal(read_micrograph(tmp_path / "c.tif").valid, np.isfinite(levels))
    alpha = np.where(HOLE, 255, 0).astype(np.uint8)
    write_png(tmp_path / "b.png", np.dstack([GREY, GREY, GREY, alpha]))
    np.testing.assert_array_equal(read_micrograph(tmp_path / "b.png").valid, HOLE)
    write_png(tmp_path / "d.png", np.dstack([GREY, GREY, GREY, np.zeros_like(GREY)]))
    assert read_micrograph(tmp_path / "d.png").valid is None


def test_a_mask_may_be_of_either_height(tmp_path):
    image = np.vstack([GREY, np.zeros((12, 80), np.uint8)])
    write_png(tmp_path / "a.png", image)
    for rows in (60, 72):
        mask = np.zeros((rows, 80), np.uint8)
        mask[:60] = 255 * HOLE
        write_png(tmp_path / "m.png", mask)
        found = read_micrograph(tmp_path / "a.png", mask=tmp_path / "m.png")
        np.testing.assert_array_equal(found.valid, HOLE)
        assert "m.png" in found.notes[-1]


@pytest.mark.parametrize(
    ("mask", "found"),
    [
        (np.ones((5, 5), np.uint8), r"5 x 5 pixels, the image has 80 x 60"),
        (np.zeros((60, 80), np.uint8), "every pixel is excluded"),
        (RNG.integers(0, 255, (60, 80, 3), np.uint8), "one channel"),
        (None, "not an image"),
    ],
)
def test_a_bad_mask_is_named(tmp_path, mask, found):
    write_png(tmp_path / "a.png", GREY)
    if mask is None:
        (tmp_path / "m.png").write_bytes(b"text")
    else:
        write_png(tmp_path / "m.png", mask)
    with pytest.raises(ImageReadError, match=found) as raised:
        read_micrograph(tmp_path / "a.png", mask=tmp_path / "m.png")
    assert "a.png" in str(raised.value)
    assert "m.png" in str(raised.value) or "every" in found
    with pytest.raises(ImageReadError, match="no such file"):
        read_micrograph(tmp_path / "a.png", mask=tmp_path / "none.png")


def test_a_run_with_masks_beside_the_images(tmp_path):
    for name in ("a", "b"):
        write_png(tmp_path / "in" / f"{name}.png", halves())
    write_png(tmp_path / "in" / "a_mask.png", (255 * HOLE).astype(np.uint8))
    done = run([tmp_path / "in"], Segmenter(2), tmp_path / "out", options=ReadOptions(mask=str(tmp_path / "in")))
    assert [image.name for image in done.images] == ["a", "b"]
    with (tmp_path / "out" / "fractions.csv").open(newline="") as stream:
        rows = [(row["image"], row["phase"], row["name"], row["pixels"]) for row in csv.DictReader(stream)]
    assert [row[:2] for row in rows] == [("a", "0"), ("a", "1"), ("a", "255"), ("b", "0"), ("b", "1")]
    assert rows[2][2:] == ("excluded", "750")
    record = json.loads((tmp_path / "out" / "a.json").read_text())
    assert record["input"]["excluded_pixels"] == 750
    again = run(
        [tmp_path / "in"], Segmenter(2), tmp_path / "out", options=ReadOptions(mask=str(tmp_path / "in")), resume=True
    )
    assert [image.is_resumed for image in again.images] == [True, True]
    assert again.images[0].fractions == done.images[0].fractions


def test_the_command_prints_the_phases_of_an_image_with_a_hole(tmp_path):
    for name in ("a", "b"):
        write_png(tmp_path / "in" / f"{name}.png", halves())
    write_png(tmp_path / "masks" / "a.png", (255 * HOLE).astype(np.uint8))
    words = ["run", str(tmp_path / "in"), "-k", "2", "-o", str(tmp_path / "out"), "--mask", str(tmp_path / "masks")]
    done = CliRunner().invoke(app, [*words, "--report"])
    assert done.exit_code == 0, done.output
    assert "750 pixels (15.6 %) are 0 in a.png: excluded" in done.output
    assert "no mask for it" in done.output


@pytest.mark.parametrize(
    ("place", "count"),
    [
        ((slice(0, 7), slice(None)), 560),
        ((slice(-4, None), slice(None)), 320),
        ((slice(None), slice(0, 9)), 540),
        ((slice(None), slice(-1, None)), 60),
    ],
)
def test_black_borders_are_excluded_and_may_be_kept(tmp_path, place, count):
    image = GREY.copy()
    image[place] = 0
    write_png(tmp_path / "a.png", image)
    found = read_micrograph(tmp_path / "a.png", band="none")
    assert found.valid is not None
    assert np.count_nonzero(~found.valid) == count
    assert read_micrograph(tmp_path / "a.png", band="none", borders="none").valid is None


def test_what_is_black_at_the_edge_is_no_border_by_itself():
    ragged = GREY.astype(np.float32)
    for column in range(80):
        ragged[: 10 + column % 4, column] = 0
    pores = GREY.astype(np.float32)
    pores[:8], pores[30:40, 20:30] = 0, 0
    drawn = np.zeros((60, 80), np.float32)
    drawn[20:] = 1
    for image in (ragged, pores, drawn, GREY.astype(np.float32), np.zeros((5, 5), np.float32)):
        assert find_borders(image) is None


def test_mirrored_pixels_stand_in():
    image = np.arange(12, dtype=np.float32)[None].repeat(3, axis=0)
    valid = np.zeros((3, 12), bool)
    valid[:, 4:8] = True
    np.testing.assert_array_equal(fill(image, valid)[1], [7, 6, 5, 4, 4, 5, 6, 7, 7, 6, 5, 4])
