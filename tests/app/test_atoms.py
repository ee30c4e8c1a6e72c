from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from segment.app.atoms import overlay
from segment.atoms import analyse_columns
from segment.io import write_png
from segment.samples import make_columns
from tests.app.service import Page


@pytest.fixture(scope="session")
def sample():
    return make_columns(shape=(128, 128), counts=100, random_state=0)


@pytest.fixture(scope="module")
def once(sample, tmp_path_factory):
    """A page that opened an image of columns and found them."""
    folder = tmp_path_factory.mktemp("columns")
    levels = sample.image - sample.image.min()
    write_png(folder / "mos2.png", np.rint(60000 * levels / levels.max()).astype(np.uint16))
    page = Page(folder)
    page.drop(("mos2.png", (folder / "mos2.png").read_bytes()))
    page.run("atoms", image="mos2.png", cell="MoS2", pixel_size="15,6", is_dark=False)
    assert page.said == "Atomic columns: measured on mos2.png.", page.said
    return page


def test_the_columns_are_those_of_the_command(once, sample):
    found = once.view["findings"]["atoms"]
    assert found["image"] == "mos2.png"
    drawn = once.get(found["files"]["overlay.json"]).json()
    alone = analyse_columns(sample.image, pixel_size_pm=15.6, cells=((316.0, 316.0, 120.0),))
    assert len(drawn["x"]) == len(alone.columns)
    # The middle of the first pixel is at a half.
    assert np.allclose(np.sort(drawn["x"]), np.sort(alone.columns.x) + 0.5, atol=0.02)
    assert len(drawn["said"]) == len(drawn["x"])
    assert drawn["said"][0].startswith("Column 0: x ")
    assert " pm" in drawn["said"][0]
    assert all("neighbours" in text for text in drawn["said"])
    assert set(drawn["groups"]) == {"sublattice", "class", "motif"}
    for group in drawn["groups"].values():
        assert len(group["of"]) == len(drawn["x"])
        assert max(group["of"]) < len(group["names"])
    edges = np.array(drawn["edges"])
    assert 0 <= edges.min() <= edges.max() < len(drawn["x"])
    titles = [table["title"] for table in found["tables"]]
    assert titles[:2] == ["Columns", "Lattice"]
    assert {"mos2_columns.csv", "mos2_graph.graphml", "report.html"} <= set(found["files"])
    assert once.get(found["files"]["mos2_columns.csv"]).text.count("\n") == len(drawn["x"]) + 1
    assert list((once.folder / "projects" / once.word).glob("atoms-*")) == []


def test_empty_sites_and_unlike_columns_can_be_turned_to():
    sample = make_columns(shape=(192, 192), counts=400, random_state=2)
    found = analyse_columns(sample.image, pixel_size_pm=15.6)
    assert len(found.lattices[0].empty) > 0
    from segment.app.atoms import _places

    places = list(_places("a.png", found))
    assert [place for place in places if place.text.startswith("Empty site")]
    assert all(0 <= place.x <= 192 and place.width > 20 for place in places)
    assert json.dumps(overlay(found))


def test_few_columns_are_drawn_without_statistics():
    sample = make_columns(shape=(128, 128), counts=400, random_state=0)
    found = analyse_columns(sample.image)
    bare = replace(found, lattices=(), classes=None, neighbours=None, motifs=None, order=None)
    drawn = overlay(bare)
    assert drawn["edges"] == []
    assert drawn["groups"] == {}
    assert "px" in drawn["said"][0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"image": "no.png"}, "There is no image 'no.png' any more"),
        ({"image": "a.png", "cell": "cheese"}, "The lattice should be 'a,b,angle', or one of MoS2"),
        ({"image": "a.png", "pixel_size": "wide"}, "The pixel size in pm must be a number"),
        ({"image": "a.png", "pixel_size": "0"}, "The pixel size in pm must be positive."),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(opened, values, expected):
    opened.run("atoms", **values)
    assert opened.is_error
    assert opened.said.startswith(expected)


def test_an_image_without_columns_says_so_in_a_sentence(page, tmp_path):
    write_png(tmp_path / "flat.png", np.full((64, 64), 90, np.uint8))
    page.drop(("flat.png", (tmp_path / "flat.png").read_bytes()))
    page.run("atoms", image="flat.png")
    assert page.is_error
    assert page.said[0].isupper()
    assert page.said.endswith(".")
