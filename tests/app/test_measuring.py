from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from segment.io import write_png
from segment.objects import measure_objects, split_touching


@pytest.fixture
def discs(page, tmp_path):
    """A page with an image of six bright discs, one of them at the edge, on a dark ground."""
    y, x = np.mgrid[:120, :160]
    image = np.full((120, 160), 60.0)
    for row, column, radius in ((20, 20, 8), (20, 80, 10), (60, 40, 12), (60, 110, 6), (100, 80, 9), (100, 159, 10)):
        image[(y - row) ** 2 + (x - column) ** 2 < radius**2] = 190
    noisy = image + np.random.default_rng(0).normal(0, 4, image.shape)
    write_png(tmp_path / "discs.png", np.clip(noisy, 0, 255).astype(np.uint8))
    page.drop(("discs.png", (tmp_path / "discs.png").read_bytes()))
    page.do("set", name="n_phases", value=2)
    return page


def measured(page) -> dict:
    return page.get(f"/project/{page.word}/objects").json()


def test_the_objects_of_an_image_are_measured_summed_up_and_found_at_a_point(discs):
    view = discs.run("measure", image="discs.png", what="bright", split=True, min_pixels="20")
    assert not discs.is_error, discs.said
    assert view["objects"]["image"] == "discs.png"
    found = measured(discs)
    assert (found["n"], found["unit"]) == (6, "px")
    assert sum(found["counts"]) == pytest.approx(sum(discs.session.measured.objects.table["edge_weight"]))
    assert "6 objects of bright objects in discs.png: median diameter" in found["said"]
    assert "1 objects at the edge" in found["said"]
    row = {name: value for name, value in zip(found["columns"], found["rows"][2], strict=True)}
    assert row["diameter_px"] == pytest.approx(24, rel=0.05)
    assert found["places"][2][:2] == pytest.approx([40.5, 60.5], abs=1)
    spot = discs.get(f"/project/{discs.word}/point?image=discs.png&x=40&y=60").json()
    assert spot == {"object": 3}, "there are no phases yet"


def test_the_regions_of_a_phase_are_measured_in_micrometres_and_are_in_the_download(discs):
    discs.do("correct", image="discs.png", band="", pixel_size="0.5", everywhere=False)
    discs.run("segment")
    discs.do("rename", phase=1, name="particles")
    discs.run("measure", image="discs.png", what="1", split=True, min_pixels="")
    found = measured(discs)
    assert found["unit"] == "µm"
    assert "of particles in discs.png" in found["said"]
    field = discs.session.fields[0]
    alone = measure_objects(split_touching(field.phase_map.labels == 1), field.micrograph.image, pixel_size_um=0.5)
    assert np.array_equal(discs.session.measured.objects.labels, alone.labels)
    spot = discs.get(f"/project/{discs.word}/point?image=discs.png&x=40&y=60").json()
    assert spot["name"] == "particles"
    assert spot["object"] > 0
    with zipfile.ZipFile(io.BytesIO(discs.get(f"/project/{discs.word}/project.zip").content)) as archive:
        assert archive.read("discs_objects.csv").decode() == alone.table.to_csv()
        assert "discs_objects.png" in archive.namelist()
    # It is kept, and it is gone with the map that it was measured of.
    other = type(discs.projects)(discs.folder / "projects").find(discs.word).session
    assert np.array_equal(other.measured.objects.labels, alone.labels)
    assert discs.run("segment")["objects"] is None


def test_a_phase_that_is_not_there_is_refused(discs):
    for what in ("0", "9", "x", ""):
        discs.run("measure", image="discs.png", what=what)
        assert "has no map of that phase" in discs.said
    discs.run("measure", image="discs.png", what="bright", min_pixels="few")
    assert "must be a number" in discs.said
    assert discs.get(f"/project/{discs.word}/objects").status_code == 404
