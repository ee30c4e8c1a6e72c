from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from segment.app.actions import Actions, read_settings
from segment.app.archive import zip_results
from segment.app.desk import Desk
from segment.app.exploring import choose, explore_image
from segment.app.limits import Limits
from segment.app.model_file import load_model
from segment.app.pictures import candidate_png, uncertainty_png
from segment.app.session import Session, UserError
from segment.app.uploads import Inbox, take
from segment.app.views import sheet
from segment.app.worker import Worker
from segment.explore import Exploration
from segment.io.decode import decode
from segment.model import Segmenter, resolve, write_preset

SETTINGS = (2, "default", "texture", None, False, None, None, 0)
PRESET = b'[mine]\nfeatures = "grey"\nscale = 2.0\nn_phases = 4\nsmoothness = 1.5\nmin_region = 7\n'


class Inline(Worker):
    """Runs tasks at once, in this process."""

    def run(self, owner, task, *arguments):
        yield from task(*arguments)


@pytest.fixture(scope="module")
def explored(tmp_path_factory, steel):
    """Actions of a tab that opened the steel and explored it."""
    from segment.io import write_png

    folder = tmp_path_factory.mktemp("uploads")
    actions = Actions(Desk(), Inbox(folder), Inline(), Limits())
    write_png(actions.inbox.place(actions.desk.token("tab"), "a.png"), steel)
    actions.take("tab", {})
    *steps, (session, message) = actions.explore("tab", 2, *SETTINGS)
    return actions, session, steps, message


def test_an_exploration_tells_how_far_it_is_and_ends_in_cards(explored):
    _, session, steps, message = explored
    assert len(steps) == 48
    assert 'value="48"' in steps[-1]
    assert "48 of 48 ways to segment a" in steps[-1]
    found = session.sheet.exploration
    assert f"{len(found.candidates)} distinct maps of 48" in message
    shown = sheet(session, "word")
    assert [card["number"] for card in shown["cards"]] == list(range(1, len(found.candidates) + 1))
    assert shown["chosen"] is None
    assert decode(candidate_png(session, 1)).shape == (96, 128, 3)
    assert decode(uncertainty_png(session)).shape == (96, 128)
    with pytest.raises(UserError, match="no candidate 99"):
        candidate_png(session, 99)
    with pytest.raises(UserError, match="Nothing has been explored"):
        uncertainty_png(Session())


def test_pixels_are_not_sent_back(explored):
    _, session, _, _ = explored
    *_, found = explore_image(session.field.micrograph, [2], 0)
    assert isinstance(found, Exploration)
    assert found.micrograph.image.size == 0
    assert session.sheet.exploration.micrograph is session.field.micrograph


def test_a_chosen_candidate_is_what_segment_then_makes(explored):
    actions, session, _, _ = explored
    candidate = next(item for item in session.sheet.exploration.candidates if item.parameters.features == "histogram")
    chosen, message = actions.choose("tab", {"number": candidate.number})
    assert f"Candidate {candidate.number} is chosen" in message
    assert sheet(chosen, "word")["chosen"] == candidate.number
    assert sheet(chosen, "word")["uncertainty"] == sheet(session, "word")["uncertainty"], "no picture is drawn again"
    values = chosen.restored.parameters
    settings = (values.n_phases, values.preset, values.features, values.alpha, values.clahe, None, None, 0)
    assert read_settings(chosen.own, *settings) == replace(candidate.parameters, preset=values.preset)
    *_, (mapped, _) = actions.segment("tab", "", *settings)
    assert np.array_equal(mapped.field.phase_map.labels, candidate.labels)
    with zipfile.ZipFile(io.BytesIO(zip_results(mapped))) as archive:
        assert f"{values.preset}".encode() in archive.read("preset.toml")


def test_a_candidate_that_is_not_there_is_refused(explored):
    _, session, _, _ = explored
    for number in (0, len(session.sheet.exploration.candidates) + 1):
        with pytest.raises(UserError, match=f"no candidate {number}"):
            choose(session, number)
    with pytest.raises(UserError, match="press Explore first"):
        choose(Session(), 1)


def test_a_choice_replaces_a_loaded_model(explored, tmp_path):
    _, session, _, _ = explored
    Segmenter(2).fit(session.field.micrograph).save(tmp_path / "m.npz")
    loaded = load_model(session, tmp_path / "m.npz")
    assert loaded.is_loaded
    assert not choose(loaded, 1).is_loaded


def test_a_number_of_phases_beyond_four_is_explored_too(explored):
    actions, _, _, _ = explored
    first, *_ = actions.explore("tab", 6, *SETTINGS)
    assert "1 of 64" in first
    other = Actions(Desk(), actions.inbox, Inline(), Limits())
    with pytest.raises(UserError, match="drop one first"):
        list(other.explore("new tab", 3, *SETTINGS))


def test_a_dropped_preset_sets_the_controls_and_is_used(drop):
    session, complaints = take(Session(), [drop("a.png"), drop("p.toml", PRESET)], Limits())
    assert complaints == ()
    values = session.restored.parameters
    assert (values.preset, values.n_phases, values.smoothness, values.min_region) == ("mine", 4, 1.5, 7)
    settings = read_settings(session.own, 3, "mine", "grey", None, False, None, None, 5)
    expected = {"n_phases": 3, "features": "grey", "scale": 2.0, "smoothness": 1.5, "min_region": 7, "random_state": 5}
    assert settings == replace(resolve(**expected), preset="mine")


def test_the_message_names_the_preset(tmp_path):
    actions = Actions(Desk(), Inbox(tmp_path), Inline(), Limits())
    actions.inbox.place(actions.desk.token("tab"), "p.toml").write_bytes(PRESET)
    assert "The preset mine is set" in actions.take("tab", {})[1]


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
