from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from segment.cli import app
from segment.io import write_png
from segment.samples import make_grains


def call(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def fields(tmp_path):
    for seed in range(2):
        sample = make_grains((160, 160), grain_px=24, width_px=3, seed=seed)
        write_png(tmp_path / "in" / f"field{seed}.png", np.where(sample.boundaries, 40, 200).astype(np.uint8))
    return tmp_path / "in"


@pytest.fixture
def scans(tmp_path):
    rng = np.random.default_rng(0)
    image = np.full((200, 260), 220, np.uint8)
    rows, columns = np.ogrid[:200, :260]
    for row, column in rng.uniform([12, 12], [188, 248], (25, 2)):
        image[np.hypot(rows - row, columns - column) < 5] = 40
    write_png(tmp_path / "in" / "scan.png", image)
    write_png(tmp_path / "in" / "empty.png", np.full((120, 120), 220, np.uint8))
    return tmp_path / "in"


def test_grains_states_every_method_with_its_interval_and_what_is_missing(fields, tmp_path):
    result = call("grains", fields, "--pixel-size", 0.5, "-o", tmp_path / "out", "--report", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "out" / "grains.json").read_text())
    assert found["format"] == "segment grains"
    methods = {(size["method"], size["convention"]) for size in found["sizes"]}
    assert {("planimetric, saltykov", "saltykov"), ("intercepts, three concentric circles", "e112")} <= methods
    assert all(size["G_low"] < size["G"] < size["G_high"] for size in found["sizes"])
    assert any("2 fields measured" in note for note in found["caveats"])
    assert any("twin" in note for note in found["caveats"])
    page = (tmp_path / "out" / "report.html").read_text()
    assert "boundary width, px" in page
    assert (tmp_path / "out" / "field0_boundaries.png").exists()


def test_grains_without_a_pixel_size_states_pixels_and_no_g(fields, tmp_path):
    result = call("grains", fields, "--kind", "mask", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "mean intercept" in result.output
    assert "G: needs the size of a pixel" in result.output
    assert json.loads((tmp_path / "out" / "grains.json").read_text())["sizes"] == []


def test_an_open_network_is_said_with_its_open_ends(tmp_path):
    field = np.full((120, 120), 200, np.uint8)
    field[60, :90] = 20
    field[20:100, 30] = 20
    write_png(tmp_path / "in" / "open.png", field)
    result = call("grains", tmp_path / "in", "--kind", "mask", "--pixel-size", 1, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "3 open ends" in result.output


def test_a_field_without_boundaries_is_no_failure(tmp_path):
    write_png(tmp_path / "in" / "one.png", np.full((1, 1), 9, np.uint8))
    result = call("grains", tmp_path / "in", "--pixel-size", 1, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "no boundary was crossed" in result.output


def test_painted_boundaries_teach_and_are_no_fields(fields, tmp_path):
    sample = make_grains((160, 160), grain_px=24, width_px=3, seed=0)
    write_png(fields / "field0_labels.png", sample.boundaries.astype(np.uint8))
    result = call("grains", fields, "--labels", fields, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "out" / "grains.json").read_text())
    assert [item["name"] for item in found["fields"]] == ["field0", "field1"]
    assert any("1 labelled images show" in note for note in found["caveats"])
    assert call("grains", fields, "--labels", fields, "--kind", "mask").exit_code == 2
    write_png(fields / "field0_labels.png", sample.boundaries[:50].astype(np.uint8))
    result = call("grains", fields, "--labels", fields, "-o", tmp_path / "other")
    assert result.exit_code == 1
    assert "size of field0" in result.output


def test_inclusions_are_measured_and_rated(scans, tmp_path):
    out = tmp_path / "out"
    result = call("inclusions", scans, "--pixel-size", 1, "--e45", "--nodularity", "--remove", "-o", out, "--report")
    assert result.exit_code == 0, result.output
    found = json.loads((out / "inclusions.json").read_text())
    assert found["area_fraction"]["n_fields"] == 2
    assert found["e1245"]["per_mm2"]["mean"] > 0
    assert found["e45_worst_fields"][0][6]["kind"] == "D"
    assert 0 < found["nodularity"]["over_fields"]["mean"] <= 100
    assert any("empty: none found" in note for note in found["caveats"])
    assert (out / "scan_removed.png").exists()
    page = (out / "report.html").read_text()
    for standard in ("ASTM E1245 over fields", "ASTM E45 by E1122", "Nodularity by ASTM E2567 and ISO 945-4"):
        assert standard in page
    assert (out / "scan_inclusions.csv").read_text().startswith("label,")


def test_anomalies_have_p_values_and_percentiles(scans, tmp_path):
    out = tmp_path / "out"
    image = cv2.imread(str(scans / "scan.png"), cv2.IMREAD_GRAYSCALE)
    image[80:130, 90:150] = 220
    for row, column in np.ndindex(3, 3):
        image[90 + 9 * row : 95 + 9 * row, 100 + 9 * column : 105 + 9 * column] = 40
    write_png(scans / "scan.png", image)
    result = call("anomalies", scans, "-o", out, "--report")
    assert result.exit_code == 0, result.output
    page = (out / "report.html").read_text()
    assert "Most unusual inclusions" in page
    assert "crowding (p" in page
    assert "Areas of interest by a scan statistic" in page
    heading = (out / "scan_anomalies.csv").read_text().splitlines()[0].split(",")
    assert {"isolation_p", "crowding_p", "size_p", "shape_p", "combined_p"} <= set(heading)
    areas = json.loads((out / "anomalies.json").read_text())["areas"]
    assert all(0 <= item["percentile"] <= 100 for item in areas)
    assert {item["field"] for item in areas} == {"scan"}


def test_specks_are_left_out_of_anomalies_and_said(scans, tmp_path):
    image = cv2.imread(str(scans / "scan.png"), cv2.IMREAD_GRAYSCALE)
    image[2:4, 2:4] = image[2:4, 256:258] = 40
    write_png(scans / "scan.png", image)
    out = tmp_path / "out"
    counts = []
    for smallest in (1, 10):
        result = call("anomalies", scans, "-o", out, "--smallest", smallest, "--mlography", "--origin", "100,50")
        assert result.exit_code == 0, result.output
        counts.append(json.loads((out / "anomalies.json").read_text())["inclusions"]["scan"])
    assert counts[0] == counts[1] + 2
    assert "2 specks of fewer than 10 pixels" in result.output
    assert "mlography" in (out / "scan_anomalies.csv").read_text().splitlines()[0].split(",")


def test_areas_have_places_on_the_stage(scans, tmp_path):
    assert call("anomalies", scans, "-o", tmp_path, "--origin", "100,50", "--pixel-size", 2).exit_code == 0
    area = json.loads((tmp_path / "anomalies.json").read_text())["areas"][0]
    assert area["stage_um"][:2] == [100 + 2 * area["left"], 50 + 2 * area["top"]]


@pytest.mark.parametrize("option", [("--origin", "12"), ("--origin", "a,b"), ("--smallest", 0)])
def test_wrong_places_and_sizes_end_with_exit_code_2(option, scans):
    result = call("anomalies", scans, *option)
    assert result.exit_code == 2
    assert option[0] in result.output


@pytest.mark.parametrize(
    ("command", "option"),
    [("grains", "--kind"), ("grains", "--convention"), ("grains", "--standard"), ("inclusions", "--polarity")],
)
def test_unknown_words_end_with_exit_code_2(command, option, scans):
    result = call(command, scans, option, "odd")
    assert result.exit_code == 2
    assert f"{option}: one of" in result.output


@pytest.mark.parametrize("command", ["grains", "inclusions", "anomalies"])
def test_files_of_the_user_are_not_overwritten_and_garbage_is_named(command, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / f"{command}.json").write_text('{"mine": 1}')
    write_png(tmp_path / "in" / "a.png", np.full((30, 30), 9, np.uint8))
    result = call(command, tmp_path / "in", "-o", out)
    assert result.exit_code == 1
    assert "was not written by this program" in result.output
    assert (out / f"{command}.json").read_text() == '{"mine": 1}'
    (tmp_path / "bad.png").write_bytes(b"no image")
    result = call(command, tmp_path / "bad.png", "-o", tmp_path / "other")
    assert result.exit_code == 1
    assert "bad.png" in result.output
