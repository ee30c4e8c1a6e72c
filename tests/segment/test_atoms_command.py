from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from segment.atoms import analyse_columns
from segment.cli.main import app
from segment.interchange.columns import column_table, to_graphml, to_xyz
from segment.samples import make_columns, make_defect_world


@pytest.fixture(scope="module")
def sample():
    return make_columns(shape=(150, 170), counts=100, random_state=4)


def _run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_wrong_field_of_view_is_said_and_every_file_is_written(sample, tmp_path):
    np.save(tmp_path / "a.npy", sample.image)
    size = {"field_of_view_x": 170 * 0.0156 * 1.2, "field_of_view_y": 1, "field_of_view_units": "nm"}
    about = {"material_type": "MoS2 monolayer", "experimental_details": {"spatial_info": size}}
    (tmp_path / "a.json").write_text(json.dumps(about))
    done = _run("atoms", tmp_path / "a.npy", "-o", tmp_path / "out", "--report")
    assert done.exit_code == 0, done.output
    assert "+20." in done.output
    assert "rather than" in done.output
    rows = list(csv.DictReader((tmp_path / "out" / "a_columns.csv").read_text().splitlines()))
    side_car = json.loads((tmp_path / "out" / "a_atoms.json").read_text())
    assert len(rows) == side_car["n_columns"]
    assert {"y", "x", "y_error", "x_error_pm", "class", "p_value", "coordination", "motif"} <= rows[0].keys()
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "a_columns.csv", "a_empty_sites.csv", "a_columns.xyz", "a_columns.npz", "a_graph.graphml", "a_markers.json",
        "a_atoms.json", "a_atoms.png", "a_report.html",
    }  # fmt: skip
    page = (tmp_path / "out" / "a_report.html").read_text()
    assert f"<td>{side_car['n_columns']}</td>" in page
    assert "rather than" in page
    assert "<h2>Motifs</h2>" in page
    again = _run("atoms", tmp_path / "a.npy", "-o", tmp_path / "again", "--pixel-pm", "15.6", "--cell", "MoS2")
    assert "the calibration agrees" in again.output
    with np.load(tmp_path / "out" / "a_columns.npz") as first, np.load(tmp_path / "again" / "a_columns.npz") as second:
        assert np.array_equal(first["y"], second["y"])


@pytest.mark.parametrize(
    ("make", "options", "code", "message"),
    [
        (lambda: np.zeros((3, 40, 40)), (), 1, "holds 3 images of 40 x 40 pixels"),
        (lambda: np.random.default_rng(0).poisson(9, (64, 64)).astype(float), (), 1, "no structure beyond noise"),
        (lambda: np.ones((64, 64)), ("--cell", "cheese"), 2, "one of MoS2"),
        (lambda: np.ones((64, 64)), ("--pixel-pm", "-1"), 2, "a positive number of picometres"),
    ],
)
def test_bad_input_ends_in_one_line(make, options, code, message, tmp_path):
    np.save(tmp_path / "b.npy", make())
    done = _run("atoms", tmp_path / "b.npy", "-o", tmp_path / "out", *options)
    assert done.exit_code == code
    assert message in done.output
    assert "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


def test_fewer_than_twenty_columns_get_no_statistics():
    sample = make_columns("srtio3", shape=(60, 60), counts=300, pixel_size_pm=20.0, defects=False, random_state=1)
    found = analyse_columns(sample.image)
    assert len(found.columns) < 20
    assert found.motifs is None
    assert any("too few for statistics" in remark for remark in found.remarks)
    with pytest.raises(ValueError, match="fewer than 20 columns"):
        to_graphml(found, column_table(found))
    assert to_xyz(found).startswith(f"{len(found.columns)}\n")


def test_guide_lists_the_fields_where_defects_are(tmp_path):
    world = make_defect_world(fields=(8, 8), n_defects=80, n_clusters=2, random_state=3)
    np.save(tmp_path / "overview.npy", world.overview)
    done = _run("guide", tmp_path / "overview.npy", "--fields", "8,8", "--most", "6", "--json")
    assert done.exit_code == 0, done.output
    listed = json.loads(done.output)
    assert sum(world.n_defects[place["row"], place["column"]] for place in listed) > 2 * 6 * world.n_defects.mean()
    (tmp_path / "seen.csv").write_text(f"row,column,found\n{listed[0]['row']},{listed[0]['column']},4\n")
    after = _run("guide", tmp_path / "overview.npy", "--fields", "8,8", "--visited", tmp_path / "seen.csv", "--json")
    places = [(place["row"], place["column"]) for place in json.loads(after.output)]
    assert (listed[0]["row"], listed[0]["column"]) not in places
    (tmp_path / "seen.csv").write_text("row,column,found\n9,0,4\n")
    bad = _run("guide", tmp_path / "overview.npy", "--fields", "8,8", "--visited", tmp_path / "seen.csv")
    assert bad.exit_code == 1
    assert "field 9,0 is not one of 8 x 8" in bad.output
