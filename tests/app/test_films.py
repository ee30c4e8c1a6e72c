from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageSequence

from segment.app.limits import Limits
from segment.app.records import check
from segment.io import write_png
from segment.samples import make_coarsening
from tests.app.service import Page


@pytest.fixture(scope="session")
def film():
    """Ten frames of a film in which particles merge."""
    return make_coarsening(n_frames=10, shape=(96, 96), n_particles=25, jumps=(5,), seed=1)


@pytest.fixture(scope="session")
def stack(film, tmp_path_factory) -> bytes:
    """The film as one TIFF."""
    path = tmp_path_factory.mktemp("film") / "film.tif"
    tifffile.imwrite(path, film.frames, photometric="minisblack")
    return path.read_bytes()


@pytest.fixture(scope="module")
def once(stack, tmp_path_factory):
    """A page that opened a film and measured it."""
    page = Page(tmp_path_factory.mktemp("measured"))
    assert page.client.post(f"/project/{page.word}/files", params={"name": "film.tif"}, content=stack).is_success
    page.ask("take", is_film=True)
    assert page.said.startswith("10 images opened.")
    page.run("film", interval="0.5s", polarity="auto", gap="2")
    assert not page.is_error, page.said
    return page


def test_every_page_of_a_film_is_a_frame_in_order(once, film):
    names = [field.file_name for field in once.session.fields]
    assert names[0] == "film_01.tif"
    assert names[-1] == "film_10.tif"
    for field, frame in zip(once.session.fields, film.frames, strict=True):
        assert np.array_equal(np.rint(255 * field.full), frame)
    assert "page 3 of film.tif" in once.view["images"][2]["notes"]


def test_a_film_has_its_tables_pictures_events_and_files(once, film):
    assert once.said == "Film: measured on 10 images."
    found = once.view["findings"]["film"]
    rows = dict(found["tables"][0]["rows"])
    first, last = (int(part) for part in rows["objects in the first and last frame"].split(" → "))
    assert first > last > 3
    captions = [picture["caption"] for picture in found["pictures"]]
    assert captions[0].startswith("Drift of the specimen")
    assert [picture["moves"] for picture in found["pictures"]].count(True) == 1
    moving = next(picture["address"] for picture in found["pictures"] if picture["moves"])
    assert len(ImageSequence.all_frames(Image.open(io.BytesIO(once.get(moving).content)))) == 10
    frames = once.get(found["files"]["frames.csv"]).text.splitlines()
    assert len(frames) == 11
    assert frames[5].split(",")[1] == "film_05"
    page = once.get(found["files"]["report.html"])
    assert "film_01.tif, film_02.tif" in page.text
    assert "sandbox" in page.headers["content-security-policy"]
    assert str(once.folder) not in page.text + once.get(found["files"]["series.json"]).text
    assert any("vanishes" in place["text"] for place in found["places"])
    for place in found["places"]:
        assert place["image"] in {image["name"] for image in once.view["images"]}
        assert 0 <= place["x"] <= 96
        assert 0 <= place["y"] <= 96
    assert list((once.folder / "projects" / once.word).glob("film-*")) == []
    with zipfile.ZipFile(io.BytesIO(once.get(f"/project/{once.word}/project.zip").content)) as archive:
        assert {"film/objects.csv", "film/film.gif", "film/report.html"} <= set(archive.namelist())


def test_an_excluded_region_is_no_object(page, film, tmp_path):
    for index, frame in enumerate(film.frames[:4]):
        write_png(tmp_path / f"f{index}.png", frame)
        page.drop((f"f{index}.png", (tmp_path / f"f{index}.png").read_bytes()))
    page.run("film", interval="", polarity="auto", gap=2)
    whole = page.get(page.view["findings"]["film"]["files"]["objects.csv"]).text.count("\n")
    for index in range(4):
        page.do("outline", image=f"f{index}.png", kind="exclude", points=[[0, 0], [60, 0], [60, 96], [0, 96]])
    page.run("film", interval="", polarity="auto", gap=2)
    assert not page.is_error, page.said
    assert page.get(page.view["findings"]["film"]["files"]["objects.csv"]).text.count("\n") < 0.7 * whole


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"interval": "soon"},
            "The time from a frame to the next: a positive time such as '0.5s' or '2min', got 'soon'.",
        ),
        ({"polarity": "grey"}, "Objects are auto, bright or dark, not 'grey'."),
        ({"gap": -1}, "The number of frames for which an object may be missing must be"),
    ],
)
def test_an_option_that_cannot_be_is_refused_in_a_sentence(opened, values, expected):
    opened.run("film", **values)
    assert opened.is_error
    assert opened.said.startswith(expected)


def test_one_image_is_no_film(page, png):
    page.run("film")
    assert page.said == "A film has at least two frames, and no image is open: drop its frames, or open its file."
    page.drop(("a.png", png))
    page.run("film")
    assert "one image is open" in page.said


def test_a_film_larger_than_what_is_taken_says_which_option_takes_more(tmp_path, stack):
    page = Page(tmp_path, Limits(n_images=4))
    page.client.post(f"/project/{page.word}/files", params={"name": "film.tif"}, content=stack)
    page.ask("take", is_film=True)
    assert "4 images are open already, the most that are taken; more with 'segment ui --images'" in page.said
    assert len(page.session.fields) == 4


@pytest.mark.parametrize("name", ["../up.html", ".hidden.csv", "run.exe", "a\\b.csv"])
def test_a_project_of_somebody_else_cannot_write_where_it_likes(once, name):
    session = once.session
    check(session)
    damaged = replace(session.film, files={**session.film.files, name: session.film.files["frames.csv"]})
    with pytest.raises(ValueError, match="of what was measured cannot be"):
        check(replace(session, film=damaged))
