from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from segment.grains import find_boundaries, trace_network
from segment.io import write_png
from segment.io.decode import decode
from segment.samples import make_micrograph


@pytest.fixture
def grains(page, tmp_path):
    """A page with two images of grains between dark lines, of a known pixel size."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter
    from skimage.segmentation import find_boundaries as between

    for index in range(2):
        rng = np.random.default_rng(index)
        seeds = np.ones((220, 260), bool)
        seeds[rng.integers(0, 220, 40), rng.integers(0, 260, 40)] = False
        nearest = distance_transform_edt(seeds, return_distances=False, return_indices=True)
        cells = nearest[0] * 260 + nearest[1]
        image = gaussian_filter(np.where(between(cells, mode="thick"), 60.0, 190.0), 0.7) + rng.normal(
            0, 4, cells.shape
        )
        write_png(tmp_path / f"g{index}.png", np.clip(image, 0, 255).astype(np.uint8))
        page.drop((f"g{index}.png", (tmp_path / f"g{index}.png").read_bytes()))
    page.do("correct", image="g0.png", band="", pixel_size="0.5", everywhere=True)
    return page


def test_grain_size_has_its_methods_intervals_and_conventions_and_a_page(grains):
    view = grains.run("rate", kind="grains")
    assert not grains.is_error, grains.said
    assert "Grain size (ASTM E112): measured on 2 images." in grains.said
    found = view["findings"]["standard"]
    (table,) = found["tables"]
    assert table["columns"][:3] == ["method", "G", "95 % interval of G"]
    assert len(table["rows"]) >= 4
    assert all(row[-1] == "2" for row in table["rows"]), "both fields"
    field = grains.session.fields[0].micrograph
    alone = trace_network(find_boundaries(field.image).boundaries).n_grains
    assert 20 < alone < 60
    assert decode(grains.get(found["pictures"][0]["address"]).content).shape == (220, 260, 3)
    page = grains.get(found["files"]["report.html"])
    assert "<h1" in page.text
    assert "sandbox" in page.headers["content-security-policy"]
    grains.run("segment")
    with zipfile.ZipFile(io.BytesIO(grains.get(f"/project/{grains.word}/project.zip").content)) as archive:
        assert archive.read("standard/report.html") == page.content
    assert not (grains.folder / "projects" / grains.word / "standard-files").exists()


@pytest.mark.parametrize(("kind", "expected"), [("inclusions", "E1245"), ("e45", "E45"), ("nodularity", "odularity")])
def test_inclusions_are_measured_and_rated(page, tmp_path, kind, expected):
    write_png(tmp_path / "iron.png", make_micrograph("ductile_iron", shape=(240, 320), band=False).image)
    page.drop(("iron.png", (tmp_path / "iron.png").read_bytes()))
    page.do("correct", image="iron.png", band="", pixel_size="0.4", everywhere=False)
    view = page.run("rate", kind=kind)
    assert not page.is_error, page.said
    told = str(view["findings"]["standard"])
    assert expected in told
    assert sum(len(table["rows"]) for table in view["findings"]["standard"]["tables"]) > 1


def test_what_cannot_be_measured_together_is_refused(grains, page):
    grains.do("correct", image="g0.png", band="", pixel_size="0.25", everywhere=False)
    grains.run("rate", kind="grains")
    assert "different pixel sizes (0.25 µm, 0.5 µm)" in grains.said
    grains.run("rate", kind="beauty")
    assert "no standard 'beauty'" in grains.said
    assert grains.get(f"/project/{grains.word}/findings/standard/report.html").status_code == 404
