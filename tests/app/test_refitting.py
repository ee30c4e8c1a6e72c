from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from segment.model import Segmenter
from tests.app.service import Page


@pytest.fixture
def stroked(mapped):
    """Two mapped images, strokes on the first."""
    mapped.do("rename", phase=0, name="ferrite")
    labels = mapped.session.fields[0].phase_map.labels
    for phase in (0, 1):
        rows, columns = np.nonzero(labels == phase)
        for at in np.linspace(0, len(rows) - 1, 6).astype(int):
            place = [[float(columns[at]) + 0.5, float(rows[at]) + 0.5]]
            mapped.do("paint", image="a.png", phase=phase, width=5, points=place)
    return mapped


def refit(page: Page, image: str) -> dict:
    return page.run("segment", images=[image], refit=True)


def test_one_image_is_made_anew_and_all_else_stays(stroked):
    before = stroked.session
    view = refit(stroked, "a.png")
    assert stroked.said.startswith("a.png is refitted by its strokes; the other maps are as they were."), stroked.said
    after = stroked.session
    changed = np.mean(after.fields[0].phase_map.labels != before.fields[0].phase_map.labels)
    assert 0 < changed < 0.3, "another map of the same phases"
    assert np.array_equal(after.fields[1].phase_map.labels, before.fields[1].phase_map.labels)
    assert after.segmenter.model.digest == before.segmenter.model.digest
    assert [image["is_refitted"] for image in view["images"]] == [True, False]
    assert view["phases"][0]["name"] == "ferrite"
    stroked.ask("undo")
    assert [image["is_refitted"] for image in stroked.view["images"]] == [False, False]


def test_the_download_says_by_which_model_and_brings_it_back(mapped):
    field = mapped.session.fields[0]
    own = Segmenter(2, random_state=3).fit(field.micrograph)
    alone = replace(field, own=own, phase_map=own.predict(field.micrograph), training=None)
    mapped.projects.find(mapped.word).change("a model of its own", lambda session: session.with_field(0, alone))
    content = mapped.get(f"/project/{mapped.word}/project.zip").content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        models = [json.loads(archive.read(f"{name}.json"))["model"] for name in ("a", "b")]
        method = archive.read("method.txt").decode()
    assert models[0] != models[1]
    assert "The map of 1 image was made anew from labels on that image alone." in method
    labels = [other.phase_map.labels for other in mapped.session.fields]
    mapped.word = mapped.client.post("/projects").json()["word"]
    mapped.drop(("project.zip", content))
    assert not mapped.is_error, mapped.said
    assert [image["is_refitted"] for image in mapped.view["images"]] == [True, False]
    for other, old in zip(mapped.session.fields, labels, strict=True):
        assert np.array_equal(other.phase_map.labels, old)
    again = mapped.session.fields[0].own
    assert isinstance(again, Segmenter)
    assert again.model.digest == own.model.digest


def test_the_model_of_all_takes_its_place_again(stroked):
    refit(stroked, "a.png")
    stroked.run("segment", images=["a.png"])
    assert stroked.session.fields[0].own is None


def test_refit_needs_a_map_and_strokes(mapped, page):
    refit(mapped, "b.png")
    assert mapped.said.startswith("Paint a few strokes on b.png where its map is wrong")
    mapped.do("outline", image="b.png", kind="exclude", points=[[0, 0], [20, 0], [20, 20]])
    refit(mapped, "b.png")
    assert mapped.said == "b.png has no phase map yet: press Segment first."
