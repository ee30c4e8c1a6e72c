from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from segment.app.actions import Actions
from segment.app.archive import zip_results
from segment.app.corrections import correct
from segment.app.desk import Desk
from segment.app.limits import Limits
from segment.app.model_file import forget_model, load_model
from segment.app.phases import point, recolour, rename
from segment.app.pictures import choice_svg, colours_png, component_png, fingerprints_svg, loss_svg, micrograph_png
from segment.app.segmentation import Outcome, accept, prepare, segment
from segment.app.session import Session, UserError, remove, show
from segment.app.settings import read_composition, read_settings
from segment.app.uploads import Inbox, take
from segment.app.views import choice, components, download, phases, reading, status, viewer
from segment.app.worker import Worker
from segment.composition import Composition
from segment.io import write_png
from segment.io.decode import decode
from segment.model import Segmenter, resolve
from segment.pipeline import rerun

LIMITS = Limits()


class Inline(Worker):
    """Runs tasks at once, in this process."""

    def run(self, owner, task, *arguments):
        yield from task(*arguments)


def segmented(session: Session, n_phases: int = 2) -> Session:
    job = prepare(session, resolve(n_phases=n_phases))
    *_, outcome = segment(job)
    assert isinstance(outcome, Outcome)
    return accept(session, job, outcome)


@pytest.fixture
def opened(drop) -> Session:
    return take(Session(), [drop("a.png"), drop("b.png")], LIMITS)[0]


@pytest.fixture
def mapped(opened) -> Session:
    return segmented(opened)


@pytest.fixture
def actions(tmp_path) -> Actions:
    return Actions(Desk(), Inbox(tmp_path / "uploads"), Inline(), LIMITS)


def test_a_segmentation_equals_that_of_the_library(mapped):
    field = mapped.fields[1]
    alone = Segmenter(2).fit([other.micrograph for other in mapped.fields]).predict(field.micrograph)
    assert np.array_equal(field.phase_map.labels, alone.labels)
    assert np.array_equal(field.phase_map.abundances, alone.abundances)
    assert field.phase_map.micrograph is field.micrograph


def test_progress_goes_from_nothing_to_all_but_the_last_step(opened):
    *steps, outcome = segment(prepare(opened, resolve(n_phases=2)))
    assert [(step.stage, step.done, step.total) for step in steps] == [
        ("fit", 0, 3), ("segment", 1, 3), ("segment", 2, 3),
    ]  # fmt: skip
    assert len(outcome.maps) == 2
    assert all(found.micrograph.image.size == 0 for found in outcome.maps), "pixels are not sent back"


def test_a_map_is_not_put_on_an_image_that_changed_meanwhile(opened):
    job = prepare(opened, resolve(n_phases=2))
    *_, outcome = segment(job)
    changed = accept(correct(opened, 90, None, everywhere=False), job, outcome)
    assert changed.fields[opened.current].phase_map is None
    assert len(changed.mapped) == 1
    assert len(accept(remove(opened), job, outcome).mapped) == 1


def test_a_band_is_corrected_in_one_image_or_in_all(mapped):
    one = correct(mapped, 80, None, everywhere=False)
    assert [field.micrograph.image.shape[0] for field in one.fields] == [80, 96]
    assert [field.phase_map is None for field in one.fields] == [True, False]
    assert one.fields[0].micrograph.band.source == "user"
    assert one.fields[0].options.to_json() == {"band": 80, "pixel_size_um": None}
    every = correct(mapped, None, None, everywhere=True)
    assert [field.micrograph.image.shape[0] for field in every.fields] == [108, 108]
    assert every.fields[0].options.band == "none"
    back = correct(every, 96, None, everywhere=True)
    assert back.fields[0].options.band == "auto"
    assert back.fields[0].micrograph.band.source == "detected"


def test_a_pixel_size_is_corrected_without_another_segmentation(mapped):
    sized = correct(mapped, 96, 0.25, everywhere=False)
    found = sized.fields[0].phase_map
    assert found.micrograph.calibration.source == "user"
    area = found.fractions[0] * 96 * 128 * 0.0625
    assert phases(sized)["rows"][0]["detail"].startswith(f"{area:.4g} µm²")
    assert sized.fields[0].options.pixel_size_um == 0.25
    assert "0.25 µm (user, confidence high)" in reading(sized.field)


@pytest.mark.parametrize(
    ("band", "size", "expected"),
    [
        (0, None, "from 1 to 107, not 0"),
        (200, None, "not 200"),
        (9.5, None, "9.5"),
        (96, -1, "positive"),
        (96, float("nan"), "nan"),
    ],
)
def test_a_wrong_correction_says_what_would_be_right(band, size, expected, opened):
    with pytest.raises(UserError, match=expected):
        correct(opened, band, size, everywhere=True)


def test_names_and_colours_reach_every_map_and_the_model(mapped):
    named = recolour(rename(mapped, 1, "  martensite "), 0, "#0a14ff")
    assert named.names == ("phase 0", "martensite")
    for field in named.fields:
        assert field.phase_map.names == named.names
        assert field.phase_map.colours[0] == (10, 20, 255)
    assert named.model.names == named.names
    assert mapped.names == ("phase 0", "phase 1"), "the session before is what it was"
    top = decode(colours_png(named.fields[0]))
    assert {tuple(colour) for colour in top.reshape(-1, 3).tolist()} == set(named.colours)


@pytest.mark.parametrize(
    ("name", "expected"), [("", "needs a name"), ("PHASE 0", "already"), ("x" * 61, "60"), ("a\0b", "printable")]
)
def test_a_name_that_cannot_be_is_refused(name, expected, mapped):
    with pytest.raises(UserError, match=expected):
        rename(mapped, 1, name)


@pytest.mark.parametrize("colour", ["red", "#12345", "#1234567", "url(x)"])
def test_a_colour_is_six_hexadecimal_digits(colour, mapped):
    with pytest.raises(UserError, match="#rrggbb"):
        recolour(mapped, 0, colour)
    with pytest.raises(UserError, match="no phase 7"):
        recolour(mapped, 7, "#123456")


def test_pointing_finds_the_phase_of_the_pixel(mapped):
    labels = mapped.field.phase_map.labels
    row, column = (int(place[0]) for place in np.nonzero(labels == 1))
    session, spot = point(mapped, (column + 0.5) / 128, (row + 0.5) / 108)
    assert (spot.row, spot.column, spot.phase) == (row, column, 1)
    assert 0.5 <= spot.share <= 1
    assert session.selected == 1
    with pytest.raises(UserError, match="band"):
        point(mapped, 0.5, 0.99)
    assert point(mapped, -3, -3)[1].row == 0


def test_without_phases_there_is_nothing_to_point_at(opened):
    with pytest.raises(UserError, match="press Segment first"):
        point(opened, 0.5, 0.5)


def test_the_download_holds_what_the_command_line_would_write_and_more(mapped):
    named = rename(correct(mapped, 96, 0.5, everywhere=True), 1, "martensite")
    with zipfile.ZipFile(io.BytesIO(zip_results(named))) as archive:
        files = set(archive.namelist())
        record = json.loads(archive.read("a.json"))
        labels = decode(archive.read("b_labels.png"))
        report = archive.read("report.html").decode()
    pictures = {f"{name}_{kind}.png" for name in "ab" for kind in ("labels", "phases", "components", "overlay")}
    assert files == pictures | {"a.json", "b.json", "fractions.csv", "model.npz", "report.html"}
    assert record["phases"] == ["phase 0", "martensite"]
    assert record["read_options"] == {"band": "auto", "pixel_size_um": 0.5}
    assert record["input"]["path"] == "a.png"
    assert np.array_equal(labels, named.fields[1].phase_map.labels)
    assert "martensite" in report


def test_the_downloaded_model_is_loaded_and_gives_the_same_map_with_its_names(mapped, opened, tmp_path):
    with zipfile.ZipFile(io.BytesIO(zip_results(rename(mapped, 0, "ferrite")))) as archive:
        archive.extract("model.npz", tmp_path)
    loaded = load_model(opened, tmp_path / "model.npz")
    assert loaded.names == ("ferrite", "phase 1")
    again = segmented(rename(loaded, 1, "martensite"), n_phases=5)
    assert again.names == ("ferrite", "martensite"), "a loaded model is applied, its names are kept"
    assert np.array_equal(again.fields[0].phase_map.labels, mapped.fields[0].phase_map.labels)
    assert len(segmented(forget_model(again), n_phases=3).names) == 3


def test_nothing_mapped_is_nothing_to_download(opened):
    with pytest.raises(UserError, match="press Segment first"):
        zip_results(opened)
    assert download(opened, "token") == ""


def test_pictures_show_the_whole_image_and_only_the_segmented_rows(mapped):
    field = mapped.field
    assert decode(micrograph_png(field)).shape == (108, 128)
    assert decode(colours_png(field)).shape == (96, 128, 3)
    share = decode(component_png(field, 1))
    assert np.abs(share / 255 - field.phase_map.abundances[1]).max() <= 1 / 255
    # Names are drawn as outlines; what they say stands in comments beside them.
    assert b"<!-- $\\x$ -->" in fingerprints_svg(rename(mapped, 0, "$\\x$"))
    assert b"iteration" in loss_svg(mapped) or loss_svg(mapped).startswith(b"<?xml")
    with pytest.raises(UserError, match="no phase 2"):
        component_png(field, 2)


def test_what_users_write_is_shown_as_text(mapped):
    evil = "<img src=x onerror=alert(1)>"
    assert "<img" not in status(evil)
    assert "<img src=x" not in components(rename(mapped, 0, evil), "token")
    assert viewer(mapped, "token")["rows"] == 96


def test_the_table_gives_the_mean_over_images_with_its_interval(mapped):
    first = phases(mapped)["rows"][0]
    assert first["detail"] == f"2 images: {first['fraction']} ± 0.0 %", "two equal images"
    assert phases(remove(mapped))["rows"][0]["detail"] == ""


def test_images_are_turned_to_and_put_away(opened):
    assert show(opened, "b.png").current == 1
    assert remove(show(opened, "b.png")).field.file_name == "a.png"
    assert remove(remove(opened)).field is None
    with pytest.raises(UserError, match=r"'c.png'"):
        show(opened, "c.png")


def test_a_users_day(actions, drop):
    path = actions.inbox.place(actions.desk.token("tab"), "a.png")
    drop("a.png").rename(path)
    session, message = actions.take("tab", {"refusals": []})
    assert len(session.fields) == 1
    assert "1 image opened" in message
    settings = (2, "default", "pixel", None, False, None, None, 0)
    *steps, (session, message) = actions.segment("tab", "", *settings)
    assert "<progress" in steps[0]
    assert "1 image segmented" in message
    session, message = actions.edit("tab", {"phase": 1, "what": "name", "content": "martensite"})
    assert actions.desk.get("tab").names == ("phase 0", "martensite")
    _, message = actions.point("tab", {"x": 0.1, "y": 0.1})
    assert "Row 10, column 12" in message
    *_, (session, _) = actions.compare("tab", 3, *settings)
    assert session.comparison.n_phases == (1, 2, 3)
    assert session.comparison.parameters.features == "pixel"
    assert choice_svg(session).startswith(b"<?xml")
    assert "no verdict" in choice(session, "t")
    actions.remove("tab")
    with pytest.raises(UserError, match="no image"):
        actions.remove("tab")
    with pytest.raises(UserError, match="drop one first"):
        list(actions.segment("tab", "", *settings))


def test_a_refusal_of_the_browser_is_passed_on_with_what_was_taken(actions, drop):
    drop("a.png").rename(actions.inbox.place(actions.desk.token("tab"), "a.png"))
    _, message = actions.take("tab", {"refusals": ["big.tif: is 2000 MB large."]})
    assert "big.tif" in message
    assert "The other one is open." in message
    assert 'role="alert"' in message


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ((3, "fast", "pixel", None, False, None, None, 0), "fast"),
        ((3, "default", "pixel", -1, False, None, None, 0), "alpha"),
        ((3, "default", "pixel", None, False, None, None, -4), "random_state"),
        ((3, "default", "pixel", None, False, -1, None, 0), "smoothness"),
        ((3, "default", "pixel", None, False, None, -1, 0), "min_region"),
    ],
)
def test_a_wrong_setting_is_named(settings, expected, actions, opened):
    actions.desk.update("tab", lambda _: opened)
    with pytest.raises(UserError, match=expected):
        list(actions.segment("tab", "", *settings))


def test_known_fractions_guide_the_labels(actions, opened):
    actions.desk.update("tab", lambda _: opened)
    *_, (session, _) = actions.segment("tab", "70, 30", 2, "default", "pixel", None, False, None, None, 0)
    found = session.field.phase_map
    alone = Segmenter(2, features="pixel").fit([field.micrograph for field in session.fields])
    assert np.array_equal(found.labels, alone.predict(session.field.micrograph, fractions=[0.7, 0.3]).labels)
    assert found.guidance is not None
    for known, expected in (("70", "2 phases, and 1"), ("a, b", "as 70, 30"), ("90, 90", "sum")):
        with pytest.raises(UserError, match=expected):
            list(actions.segment("tab", known, 2, "default", "pixel", None, False, None, None, 0))
    assert read_composition(" auto ", 2) == Composition("auto")


def test_a_guided_download_says_so_in_the_report_and_is_made_again_from_its_side_car(actions, drop, tmp_path, steel):
    actions.desk.update("tab", lambda session: take(session, [drop("a.png")], LIMITS)[0])
    *_, (session, _) = actions.segment("tab", "70, 30", 2, "default", "pixel", None, False, None, None, 0)
    with zipfile.ZipFile(io.BytesIO(zip_results(session))) as archive:
        archive.extractall(tmp_path / "out")
    assert "guided" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    write_png(tmp_path / "out" / "a.png", steel)
    assert rerun(tmp_path / "out" / "a.json").is_same


def test_an_empty_setting_takes_the_presets_value():
    assert read_settings(None, 3, "high_sparsity", "pixel", None, False, None, None, None).alpha == 0.15
    assert read_settings(None, 3, "high_sparsity", "pixel", 0.0, False, None, None, None).alpha == 0.0


def test_a_desk_keeps_tabs_apart_and_forgets_the_oldest(opened):
    desk = Desk(capacity=2)
    desk.update("a", lambda _: opened)
    words = {desk.token(tab) for tab in ("a", "b")}
    assert len(words) == 2
    assert desk.get("b") == Session()
    assert desk.at(desk.token("a")) is opened
    assert desk.at("guess") is None
    word = desk.token("b")
    desk.get("a")
    desk.get("c")
    assert desk.at(word) is None, "b was not used for longest"
    assert desk.get("a") is opened
    desk.close("a")
    assert desk.get("a") == Session()


def test_where_work_happens_is_not_in_the_record(mapped):
    assert mapped.fields[0].micrograph.path == Path("a.png")
