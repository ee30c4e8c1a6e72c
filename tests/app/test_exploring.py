from __future__ import annotations

import io
import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from segment.app.exploring import choose, explore_image
from segment.app.limits import Limits
from segment.app.pictures import candidate_png, uncertainty_png
from segment.app.session import Session
from segment.app.settings import parameters_of
from segment.app.uploads import take
from segment.app.user_error import UserError
from segment.explore import Exploration, agreement_matrix
from segment.io.decode import decode
from segment.model import Segmenter, resolve, write_preset
from segment.pipeline import Progress
from tests.app.service import Page

PRESET = b'[mine]\nfeatures = "grey"\nscale = 2.0\nn_phases = 4\nsmoothness = 1.5\nmin_region = 7\n'


@pytest.fixture(scope="module")
def once(tmp_path_factory, png):
    """A page that opened the steel and explored it."""
    page = Page(tmp_path_factory.mktemp("explored"))
    page.drop(("a.png", png))
    page.do("set", name="n_phases", value=2)
    page.run("explore", image="a.png")
    assert "distinct maps of 48. Click the one that fits." in page.said
    return page


@pytest.fixture
def explored(once, page):
    """A page of its own project, a copy of the explored one."""
    shutil.copytree(once.folder / "projects" / once.word, page.folder / "projects" / once.word)
    page.word = once.word
    return page


def test_an_exploration_ends_in_cards_which_are_kept(explored):
    found = explored.session.sheet.exploration
    sheet = explored.view["sheet"]
    assert [card["number"] for card in sheet["candidates"]] == list(range(1, len(found.candidates) + 1))
    assert sheet["chosen"] is None
    small = decode(explored.get(sheet["candidates"][0]["picture"]).content)
    assert small.shape == (96, 128, 3)
    assert decode(explored.get(sheet["uncertainty"]).content).shape == (96, 128)
    with pytest.raises(UserError, match="no candidate 99"):
        candidate_png(explored.session, 99)
    with pytest.raises(UserError, match="Nothing has been explored"):
        uncertainty_png(Session())


def test_no_two_cards_are_nearly_the_same(explored):
    maps = [candidate.labels for candidate in explored.session.sheet.exploration.candidates]
    agreement = agreement_matrix(maps)
    np.fill_diagonal(agreement, 0)
    assert len(maps) > 1
    assert agreement.max() <= 0.86


def test_progress_counts_the_ways_and_pixels_are_not_sent_back(explored):
    *steps, found = explore_image(explored.session.fields[0].micrograph, [2], 0)
    assert isinstance(found, Exploration)
    assert found.micrograph.image.size == 0
    assert isinstance(steps[-1], Progress)
    assert (steps[-1].done, steps[-1].total) == (16, 16)
    assert "16 of 16 ways to segment a" in steps[-1].name


def test_a_chosen_candidate_is_what_segment_then_makes(explored):
    found = explored.session.sheet.exploration.candidates
    candidate = next(item for item in found if item.parameters.features == "histogram")
    before = explored.view["sheet"]
    view = explored.do("choose", number=candidate.number)
    assert f"Candidate {candidate.number} is chosen" in explored.said
    assert view["sheet"]["chosen"] == candidate.number
    assert view["sheet"]["uncertainty"] == before["uncertainty"], "no picture is drawn again"
    session = explored.session
    assert parameters_of(session.settings, session.own) == replace(
        candidate.parameters, preset=f"candidate {candidate.number}"
    )
    assert f"candidate {candidate.number}" in view["presets"]
    explored.run("segment")
    assert np.array_equal(explored.session.fields[0].phase_map.labels, candidate.labels)
    with zipfile.ZipFile(io.BytesIO(explored.get(f"/project/{explored.word}/project.zip").content)) as archive:
        assert f"candidate {candidate.number}".encode() in archive.read("preset.toml")


def test_a_candidate_that_is_not_there_is_refused(explored):
    for number in (0, len(explored.session.sheet.exploration.candidates) + 1):
        explored.do("choose", number=number)
        assert f"no candidate {number}" in explored.said
    with pytest.raises(UserError, match="press Explore first"):
        choose(Session(), 1, 12)


def test_a_choice_replaces_a_loaded_model(explored, tmp_path):
    Segmenter(2).fit(explored.session.fields[0].micrograph).save(tmp_path / "m.npz")
    assert explored.drop(("m.npz", (tmp_path / "m.npz").read_bytes()))["is_loaded"]
    assert not explored.do("choose", number=1)["is_loaded"]


def test_a_dropped_preset_sets_the_controls_and_is_used(page, png):
    view = page.drop(("a.png", png), ("p.toml", PRESET))
    assert not page.is_error, page.said
    settings = view["settings"]
    assert [settings[name] for name in ("preset", "n_phases", "smoothness", "min_region")] == ["mine", 4, 1.5, 7]
    page.do("set", name="n_phases", value=3)
    page.do("set", name="seed", value=5)
    expected = {"n_phases": 3, "features": "grey", "scale": 2.0, "smoothness": 1.5, "min_region": 7, "random_state": 5}
    session = page.session
    assert parameters_of(session.settings, session.own) == replace(resolve(**expected), preset="mine")


def test_the_message_names_the_preset(page):
    page.drop(("p.toml", PRESET))
    assert "The preset mine is set" in page.said


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[mine]\nn_phase = 2\n", "p.toml: [mine] has the unknown key 'n_phase'"),
        (b"[mine]\nn_phases = 0\n", "p.toml: [mine] n_phases"),
        (b"\xff\xfe", "p.toml: not a preset file"),
    ],
)
def test_a_file_that_is_no_preset_is_refused(drop, content, expected):
    session, (complaint,) = take(Session(), [drop("p.toml", content)], Limits())
    assert expected in complaint
    assert session.own is None


def test_a_preset_that_was_written_here_is_taken(drop, tmp_path):
    parameters = replace(resolve(features="levels", n_phases=3), preset="written")
    write_preset(tmp_path / "w.toml", parameters)
    session, _ = take(Session(), [drop("w.toml", (tmp_path / "w.toml").read_bytes())], Limits())
    assert session.own == parameters
