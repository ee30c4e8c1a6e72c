from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from segment.app import memory
from segment.app.segmentation import Outcome, prepare, segment, take_maps
from segment.app.session import remove
from segment.app.settings import Settings, parameters_of, read_composition
from segment.app.user_error import UserError
from segment.composition import Composition
from segment.io import write_png
from segment.io.decode import decode
from segment.model import Segmenter
from segment.samples.sample import make_micrograph


def test_a_segmentation_equals_that_of_the_library(mapped):
    field = mapped.session.fields[1]
    alone = Segmenter(2).fit([other.micrograph for other in mapped.session.fields]).predict(field.micrograph)
    assert np.array_equal(field.phase_map.labels, alone.labels)
    assert np.array_equal(field.phase_map.abundances, alone.abundances)


def test_progress_goes_from_nothing_to_all_but_the_last_step(opened):
    *steps, outcome = segment(prepare(opened.session))
    assert [(step.stage, step.done, step.total) for step in steps] == [
        ("fit", 0, 3), ("segment", 1, 3), ("segment", 2, 3),
    ]  # fmt: skip
    assert isinstance(outcome, Outcome)
    assert all(found.micrograph.image.size == 0 for found in outcome.maps), "pixels are not sent back"


def test_a_map_is_not_put_on_an_image_that_changed_meanwhile(opened):
    session = opened.session
    job = prepare(session)
    *_, outcome = segment(job)
    opened.do("correct", image="a.png", band="90", pixel_size="", everywhere=False)
    assert [field.phase_map is None for field in take_maps(opened.session, job, outcome)[0].fields] == [True, False]
    assert len(take_maps(remove(session, "a.png"), job, outcome)[0].mapped) == 1


def test_a_map_is_put_on_an_image_that_undo_and_redo_brought_back(opened):
    job = prepare(opened.session)
    *_, outcome = segment(job)
    opened.ask("undo")
    opened.ask("redo")
    assert len(take_maps(opened.session, job, outcome)[0].mapped) == 2


def test_names_and_colours_survive_another_segmentation_and_follow_their_pixels(mapped):
    mapped.do("rename", phase=0, name="ferrite")
    mapped.do("rename", phase=1, name="martensite")
    mapped.do("recolour", phase=1, colour="#ff0000")
    assert [phase["name"] for phase in mapped.run("segment")["phases"]] == ["ferrite", "martensite"]
    mapped.do("set", name="n_phases", value=4)
    view = mapped.run("segment")
    names = [phase["name"] for phase in view["phases"]]
    assert names[0] == "ferrite"
    bright = names.index("martensite")
    assert bright > 0
    assert view["phases"][bright]["colour"] == "#ff0000"
    # Of four phases the one that has most in common with what was called martensite.
    mapped.do("remove", image="b.png")
    assert [phase["name"] for phase in mapped.view["phases"]] == names


def test_a_name_whose_phase_is_gone_is_told(mapped):
    mapped.do("set", name="n_phases", value=4)
    mapped.run("segment")
    for phase, name in enumerate(("one", "two", "three", "four")):
        mapped.do("rename", phase=phase, name=name)
    mapped.do("set", name="n_phases", value=2)
    mapped.run("segment")
    assert mapped.said.count("its name is given to none") == 2
    assert len({phase["name"] for phase in mapped.view["phases"]} & {"one", "two", "three", "four"}) == 2


def test_a_phase_can_be_named_before_there_is_a_map(opened):
    opened.do("rename", phase=1, name="martensite")
    assert [phase["name"] for phase in opened.run("segment")["phases"]] == ["phase 0", "martensite"]
    assert "2 images segmented. Name the phases" in opened.said


def test_one_image_is_mapped_by_the_model_that_there_is(mapped, png):
    digest = mapped.session.segmenter.model.digest
    mapped.drop(("c.png", png))
    assert [image["colours"] is None for image in mapped.view["images"]] == [False, False, True]
    mapped.run("segment", images=["c.png"])
    assert mapped.session.segmenter.model.digest == digest
    assert len(mapped.session.mapped) == 3
    # An image that only looks like another one of them keeps its own map.
    assert np.array_equal(*(mapped.session.fields[index].phase_map.labels for index in (0, 2)))


def test_a_phase_is_split_by_strokes_and_the_others_stay(page, tmp_path):
    sample = make_micrograph("ductile_iron", shape=(160, 200), band=False)
    write_png(tmp_path / "iron.png", sample.image)
    page.drop(("iron.png", (tmp_path / "iron.png").read_bytes()))
    page.do("set", name="n_phases", value=2)
    page.run("segment")
    before = page.session.fields[0].phase_map.labels
    # Of two phases one holds ferrite and pearlite, or graphite and pearlite.
    mostly = [int(np.bincount(before[sample.truth == true]).argmax()) for true in range(3)]
    phase = max(mostly, key=mostly.count)
    one, other = (true for true in range(3) if mostly[true] == phase)
    view = page.do("split", phase=phase)
    assert view["settings"]["n_phases"] == 3
    assert "Segment divides" in view["source"]
    page.run("segment")
    assert "paint a few strokes where it stays" in page.said
    for new, true in ((phase, one), (2, other)):
        inside = distance_transform_edt((sample.truth == true) & (before == phase))
        row, column = (int(place) for place in np.unravel_index(int(inside.argmax()), inside.shape))
        page.do("paint", image="iron.png", phase=new, width=9, points=[[column - 3, row], [column + 3, row]])
    page.run("segment")
    assert not page.is_error, page.said
    after = page.session.fields[0].phase_map.labels
    assert (after[sample.truth == other] == 2).mean() > (after[sample.truth == one] == 2).mean() + 0.3
    assert (after[before != phase] == before[before != phase]).mean() > 0.8
    assert page.view["splits"] is None


def test_a_split_that_cannot_be_is_refused(opened, mapped):
    mapped.do("split", phase=7)
    assert "no phase 7" in mapped.said
    mapped.do("remove", image="a.png")
    mapped.do("remove", image="b.png")
    mapped.do("split", phase=0)
    assert "press Segment first" in mapped.said


def test_known_fractions_guide_the_labels(opened):
    opened.do("set", name="features", value="pixel")
    opened.do("set", name="known", value="70, 30")
    opened.run("segment")
    found = opened.session.fields[0].phase_map
    fitted = Segmenter(2, features="pixel").fit([field.micrograph for field in opened.session.fields])
    alone = fitted.predict(opened.session.fields[0].micrograph, fractions=[0.7, 0.3])
    assert np.array_equal(found.labels, alone.labels)
    for known, expected in (("70", "2 phases, and 1"), ("a, b", "as 70, 30"), ("90, 90", "sum")):
        opened.do("set", name="known", value=known)
        opened.run("segment")
        assert expected in opened.said


@pytest.mark.parametrize(
    ("known", "n_phases", "expected"),
    [
        ("70, 30", 2, [0.7, 0.3]),
        ("0.7, 0.3", 2, [0.7, 0.3]),
        ("70 % 30 %", 2, [0.7, 0.3]),
        ("70,5; 29,5", 2, [0.705, 0.295]),
        ("70,5 29,5", 2, [0.705, 0.295]),
        ("0,2; 0,3; 0,5", 3, [0.2, 0.3, 0.5]),
        ("20,30,50", 3, [0.2, 0.3, 0.5]),
    ],
)
def test_known_fractions_are_read_as_people_write_them(known, n_phases, expected):
    assert read_composition(known, n_phases).fractions == pytest.approx(expected)


def test_unknown_and_estimated_fractions():
    assert read_composition(" Auto ", 2) == Composition("auto")
    assert read_composition("  ", 2) is None


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("preset", "fast", "no preset 'fast'"),
        ("features", "smell", "no features 'smell'"),
        ("alpha", "-1", "at least 0"),
        ("alpha", "much", "must be a number, such as 0.25"),
        ("seed", "1.5", "whole number"),
        ("n_phases", "99", "between 2 and 12, not at 99"),
        ("smoothness", "inf", "at least 0"),
        ("colour", "1", "no setting 'colour'"),
    ],
)
def test_a_wrong_setting_is_named_and_changes_nothing(name, value, expected, opened):
    before = opened.view["settings"]
    after = opened.do("set", name=name, value=value)
    assert opened.is_error
    assert expected in opened.said
    assert after["settings"] == before


def test_settings_are_read_with_decimal_commas_and_empty_ones_take_the_presets_value(opened):
    assert opened.do("set", name="alpha", value="0,2")["settings"]["alpha"] == 0.2
    assert opened.do("set", name="preset", value="high_sparsity")["settings"]["alpha"] == 0.15
    opened.do("set", name="alpha", value="0")
    assert opened.do("set", name="alpha", value="")["settings"]["alpha"] == 0.15
    parameters = parameters_of(opened.session.settings, None)
    assert (parameters.preset, parameters.alpha) == ("high_sparsity", 0.15)
    with pytest.raises(UserError, match="no preset"):
        parameters_of(replace(Settings(), preset="gone"), None)


def test_numbers_of_phases_are_compared(opened):
    opened.do("set", name="most", value=3)
    view = opened.run("compare", image="b.png")
    assert opened.session.comparison.rules.n_phases == (1, 2, 3)
    assert (view["choice"]["image"], [made["n_phases"] for made in view["choice"]["maps"]]) == ("b", [2, 3])
    shown = opened.session.comparison
    alone = Segmenter(3).fit_predict(opened.session.fields[1].micrograph)
    assert np.array_equal(shown.maps[1], alone.labels), "of a small image the whole"
    for made in view["choice"]["maps"]:
        assert decode(opened.get(made["picture"]).content).shape == (96, 128, 3)
    assert "no verdict" in view["choice"]["said"]
    assert len(view["choice"]["rules"]) == 4
    assert opened.get(view["choice"]["picture"]).content.startswith(b"<?xml")


def test_without_an_image_there_is_nothing_to_compute(page):
    for kind in ("segment", "compare", "explore"):
        page.run(kind)
        assert "drop one first" in page.said
    page.run("dance")
    assert "load the page again" in page.said


def test_more_than_the_memory_holds_is_refused_before_it_begins(opened, monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 1_000_000)
    opened.run("segment")
    assert opened.is_error
    assert opened.said.startswith(
        "Mapping 2 images of together 0 million pixels needs about 0.0 GB of memory, and 0.0 GB"
    )
    assert "'segment run', which holds one image at a time." in opened.said
    assert opened.session.mapped == ()
    # Where the system does not say, nothing is refused.
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    prepare(opened.session)


def test_the_memory_of_this_machine_is_read():
    free = memory.free_memory()
    assert free is None or 1_000_000 < free < 10**14
    assert (
        memory.memory_needed([1000], 3) < memory.memory_needed([1000, 1000], 3) < memory.memory_needed([1000, 1000], 9)
    )
