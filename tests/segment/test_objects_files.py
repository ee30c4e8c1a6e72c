from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from roifile import roiread
from typer.testing import CliRunner

from segment.cli import app
from segment.evaluate import score_objects
from segment.interchange import write_objects_geojson, write_rois
from segment.io import write_png
from segment.io.decode import decode
from segment.objects import measure_objects, trace_outlines
from segment.objects.hulls import shoelace
from segment.plots import outline_picture, plot_sizes


def call(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def assert_one_line(result, code: int, *words: str) -> None:
    assert result.exit_code == code, result.output
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in result.output
    for word in words:
        assert word in line


def truth() -> np.ndarray:
    y, x = np.mgrid[:80, :100]
    labels = np.zeros((80, 100), dtype=np.int32)
    for index, (row, column, r) in enumerate(((15, 20, 9), (40, 60, 12), (65, 30, 7), (70, 96, 8)), start=1):
        labels[(y - row) ** 2 + (x - column) ** 2 <= r * r] = index
    return labels


@pytest.fixture
def image(tmp_path):
    noise = np.random.default_rng(0).normal(scale=4, size=truth().shape)
    write_png(tmp_path / "a.png", np.clip(np.where(truth() > 0, 170, 80) + noise, 0, 255).astype(np.uint8))
    return tmp_path / "a.png"


def test_the_command_measures_an_image(image, tmp_path):
    out = tmp_path / "out"
    exports = ("--export", "geojson", "--export", "roi", "--export", "parquet")
    result = call("objects", image, "-o", out, "--pixel-size", 0.5, *exports, "--json")
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    assert content["images"][0]["n_objects"] == 4
    labels = decode((out / "a_objects.png").read_bytes())
    assert labels.dtype == np.uint16
    assert score_objects(labels, truth()).f1 == 1
    assert len((out / "a_objects.csv").read_text().splitlines()) == 5
    record = json.loads((out / "a_objects.json").read_text())
    assert (record["n_objects"], record["n_touching_edge"], record["sizes"]["n"]) == (4, 1, 3)
    names = {path.name for path in out.iterdir()}
    assert {"a_objects.geojson", "a_objects_um.geojson", "a_rois.zip", "a_objects.parquet", "a_outlines.png"} <= names


def test_ids_are_measured_again_as_they_are(image, tmp_path):
    assert call("objects", image, "-o", tmp_path / "one").exit_code == 0
    assert call("objects", tmp_path / "one" / "a_objects.png", "-o", tmp_path / "two").exit_code == 0
    one, two = (decode((tmp_path / name / "a_objects.png").read_bytes()) for name in ("one", "two"))
    np.testing.assert_array_equal(one, two)


def test_a_phase_of_a_phase_map_becomes_objects_with_the_grey_levels_of_its_image(image, tmp_path):
    assert call("run", image, "-k", 2, "-o", tmp_path / "run", "--names", "matrix,particles").exit_code == 0
    labels = tmp_path / "run" / "a_labels.png"
    assert_one_line(call("objects", labels, "-o", tmp_path / "out"), 1, "a_labels.png", "0 (matrix), 1 (particles)")
    assert_one_line(call("objects", labels, "--phase", "x", "-o", tmp_path / "out"), 1, "no phase 'x'")
    result = call("objects", labels, "--phase", "particles", "-o", tmp_path / "out", "--min-pixels", 20)
    assert result.exit_code == 0, result.output
    assert score_objects(decode((tmp_path / "out" / "a_objects.png").read_bytes()), truth()).f1 == 1
    heading, row, *_ = (tmp_path / "out" / "a_objects.csv").read_text().splitlines()
    assert float(dict(zip(heading.split(","), row.split(","), strict=True))["grey_mean"]) == pytest.approx(
        2 / 3, abs=0.02
    )


def test_an_image_without_objects_is_said_to_have_none(tmp_path):
    write_png(tmp_path / "flat.png", np.full((50, 60), 120, dtype=np.uint8))
    result = call("objects", tmp_path / "flat.png", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "flat: 0 objects" in result.stdout
    assert json.loads((tmp_path / "out" / "flat_objects.json").read_text())["sizes"] is None


def test_wrong_options_and_files_are_named(image, tmp_path):
    (tmp_path / "broken.png").write_bytes(image.read_bytes()[:200])
    assert_one_line(call("objects", image, "--polarity", "grey"), 2, "--polarity", "'grey'")
    assert_one_line(call("objects", image, "--kind", "grey"), 2, "--kind", "'grey'")
    assert_one_line(call("objects", image, "--export", "xls"), 2, "--export", "'xls'")
    result = call("objects", tmp_path / "broken.png", image, "-o", tmp_path / "out")
    assert_one_line(result, 1, "broken.png")
    assert (tmp_path / "out" / "a_objects.csv").is_file()


def test_geojson_has_the_outline_and_the_row_of_each_object(tmp_path):
    objects = measure_objects(truth(), pixel_size_um=0.25)
    outlines = trace_outlines(truth())
    write_objects_geojson(tmp_path / "px.geojson", objects, outlines)
    write_objects_geojson(tmp_path / "um.geojson", objects, outlines, in_micrometres=True)
    for name, unit in (("px", "area_px"), ("um", "area_um2")):
        features = json.loads((tmp_path / f"{name}.geojson").read_text())["features"]
        for feature in features:
            (ring,) = feature["geometry"]["coordinates"]
            assert ring[0] == ring[-1]
            # Marching squares cut the corners of pixels.
            assert shoelace(np.array(ring)) == pytest.approx(feature["properties"][unit], rel=0.05)
    with pytest.raises(ValueError, match="outlines"):
        write_objects_geojson(tmp_path / "x.geojson", objects, outlines[:2])
    with pytest.raises(ValueError, match="in_micrometres"):
        write_objects_geojson(tmp_path / "x.geojson", measure_objects(truth()), outlines, in_micrometres=True)


def test_regions_for_imagej_are_read_back_with_their_fractions_of_a_pixel(tmp_path):
    objects, outlines = measure_objects(truth()), trace_outlines(truth())
    write_rois(tmp_path / "a.zip", objects, outlines)
    write_rois(tmp_path / "b.zip", objects, outlines)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert zipfile.ZipFile(tmp_path / "a.zip").testzip() is None
    regions = roiread(tmp_path / "a.zip")
    assert [region.name for region in regions] == ["00001", "00002", "00003", "00004"]
    np.testing.assert_allclose(regions[1].coordinates(), outlines[1].points[:-1], atol=1e-3)


def test_pictures_show_outlines_and_sizes():
    from segment.objects import size_distribution

    picture = outline_picture(np.full((80, 100), 0.5, dtype=np.float32), trace_outlines(truth()))
    assert picture.shape == (640, 800, 3)
    is_drawn = (picture != picture[0, 0]).any(axis=2)
    # Drawn around the second disc of radius 12: its outline is at 12.5 pixels, and not inside.
    assert is_drawn[40 * 8 : 41 * 8, 72 * 8 : 73 * 8].any()
    assert not is_drawn[38 * 8 : 42 * 8, 58 * 8 : 62 * 8].any()
    table = measure_objects(truth()).table
    figure = plot_sizes(table["diameter_px"], size_distribution(table["diameter_px"]))
    assert "N = 4" in figure.axes[0].texts[-1].get_text()
