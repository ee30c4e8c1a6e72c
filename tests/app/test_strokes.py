from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segment.app.actions import Actions
from segment.app.archive import zip_results
from segment.app.corrections import correct
from segment.app.desk import Desk
from segment.app.limits import Limits
from segment.app.model_file import forget_model, with_model
from segment.app.phases import recolour, rename
from segment.app.segmentation import accept, prepare, segment
from segment.app.session import Field, Session, UserError, show
from segment.app.strokes import paint, painted_labels, undo, wipe
from segment.app.uploads import Inbox, take
from segment.app.views import model_line, viewer
from segment.app.worker import Worker
from segment.io import from_array, write_png
from segment.io.decode import decode
from segment.model import Segmenter, resolve
from segment.model.labels import UNLABELLED
from segment.pipeline import ReadOptions, run

LIMITS = Limits()


@pytest.fixture
def opened(drop) -> Session:
    """Two images of 96 x 128 pixels above a band of 12 rows; the second is shown."""
    return show(take(Session(), [drop("a.png"), drop("b.png")], LIMITS)[0], "b.png")


@pytest.fixture
def painted(opened) -> Session:
    """Two strokes of each of two phases, by the grey level they are on: bright is phase 0."""
    grey = opened.field.micrograph.image
    session = opened
    for phase, order in ((0, -grey), (1, grey)):
        smooth = order.reshape(12, 8, 16, 8).mean(axis=(1, 3))
        for spot in np.argsort(smooth, axis=None)[:4]:
            row, column = (8 * int(index) + 4 for index in np.unravel_index(spot, smooth.shape))
            session = paint(session, "b.png", phase, 5, [(column - 1, row), (column + 1, row)])
    return session


def taught(session: Session, **settings) -> Session:
    job = prepare(session, resolve(n_phases=2, features="pixel", **settings))
    *_, outcome = segment(job)
    return accept(session, job, outcome)


def test_strokes_label_the_pixels_under_them_and_no_others(opened):
    session = paint(opened, "b.png", 0, 1, [(10.5, 20.5), (30.5, 20.5)])
    session = paint(session, "b.png", 2, 5, [(64.5, 50.5)])
    none, ids = painted_labels(session, 3)
    assert none is None, "nothing is painted on the first image"
    assert ids.shape == (96, 128)
    assert ids.dtype == np.uint8
    assert np.argwhere(ids == 0).tolist() == [[20, column] for column in range(10, 31)]
    rows, columns = np.nonzero(ids == 2)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (48, 52, 62, 66)
    assert (rows.mean(), columns.mean()) == (50, 64)
    assert set(np.unique(ids)) == {0, 2, UNLABELLED}


@given(st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 94)), min_size=1, max_size=5), st.integers(1, 60))
def test_a_stroke_covers_its_points_those_beyond_the_edges_at_them(points, width):
    grey = np.zeros((96, 128), dtype=np.float32)
    image = from_array(grey)
    session = Session(fields=(Field(grey, image, image, ReadOptions()),))
    session = paint(session, image.name, 0, width, points)
    session = paint(session, image.name, 1, 1, [(127.5, 95.5)])
    ids = painted_labels(session, 2)[0]
    for x, y in points:
        assert ids[int(min(max(y, 0), 95)), int(min(max(x, 0), 127))] == 0


def test_later_strokes_lie_over_earlier_ones_and_are_taken_back_first(opened):
    session = paint(opened, "b.png", 0, 9, [(64, 50)])
    session = paint(session, "b.png", 1, 3, [(64, 50)])
    (_, ids) = painted_labels(session, 2)
    assert ids[49, 63] == 1
    assert undo(session, "b.png").field.strokes == session.field.strokes[:1]
    with pytest.raises(UserError, match="All strokes are of one phase"):
        painted_labels(undo(session, "b.png"), 2)
    assert painted_labels(wipe(session, "b.png"), 2) is None
    with pytest.raises(UserError, match=r"no stroke on b\.png"):
        undo(opened, "b.png")


def test_segment_learns_what_was_painted_for_all_images(painted):
    done = taught(painted)
    labels = painted_labels(painted, 2)
    alone = Segmenter(2, features="pixel").fit([field.micrograph for field in painted.fields], labels)
    for field in done.fields:
        assert np.array_equal(field.phase_map.labels, alone.predict(field.micrograph).labels)
    grey, found = done.fields[0].micrograph.image, done.fields[0].phase_map.labels
    # Against the order of brightness, which is what the phases have without strokes.
    assert grey[found == 0].mean() > grey[found == 1].mean() + 0.1
    assert done.fields[0].lesson is None
    assert np.array_equal(done.fields[1].lesson, labels[1])


def test_names_and_colours_of_painted_phases_stay(painted):
    done = recolour(rename(taught(painted), 0, "martensite"), 0, "#0a14ff")
    again = taught(paint(done, "b.png", 1, 3, [(5, 5)]))
    assert again.names == ("martensite", "phase 1")
    assert again.colours[0] == (10, 20, 255)
    assert again.fields[0].phase_map.names == again.names
    without = taught(wipe(again, "b.png"))
    assert without.names == ("phase 0", "phase 1"), "other phases are found, which the names are not of"


def test_phases_without_strokes_are_found_and_told(painted):
    job = prepare(painted, resolve(n_phases=3, features="pixel"))
    *_, outcome = segment(job)
    assert outcome.notes[0] == "Taught by your strokes. Without strokes, phase 2 was found among the other pixels."
    assert len(outcome.segmenter.model.names) == 3


def test_a_loaded_model_is_applied_and_strokes_wait(painted):
    loaded = with_model(painted, Segmenter(3).fit(painted.fields[0].micrograph))
    job = prepare(loaded, resolve(n_phases=2))
    assert job.is_fitted
    assert job.labels is None
    assert prepare(forget_model(loaded), resolve(n_phases=2)).labels is not None
    assert "taught by 8 strokes" in model_line(forget_model(loaded))
    assert "strokes" not in model_line(loaded)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("a.png", 0, 3, [(5, 5)]), r"a\.png is no longer shown"),
        (("b.png", 3, 3, [(5, 5)]), "no phase 3 to paint: there are 3"),
        (("b.png", -1, 3, [(5, 5)]), "no phase -1"),
        (("b.png", 0, 0, [(5, 5)]), "width of 1 to 200"),
        (("b.png", 0, 3, []), "a point at least"),
        (("b.png", 0, 3, [(float("nan"), 5)]), "a point at least"),
        (("b.png", 0, 3, [(5, 105)]), "information band"),
    ],
)
def test_a_stroke_that_cannot_be_is_refused(arguments, expected, opened):
    with pytest.raises(UserError, match=expected):
        paint(opened, *arguments)
    with pytest.raises(UserError, match="no longer shown"):
        paint(Session(), *arguments)


def test_strokes_that_cannot_teach_say_why(opened, painted):
    with pytest.raises(UserError, match="All strokes are of one phase"):
        prepare(paint(opened, "b.png", 1, 3, [(5, 5)]), resolve(n_phases=2))
    third = paint(painted, "b.png", 2, 3, [(5, 5)])
    with pytest.raises(UserError, match="Strokes of phase 2 are painted, but the number of phases is 2"):
        prepare(third, resolve(n_phases=2))
    low = paint(opened, "b.png", 0, 3, [(5, 90)])
    with pytest.raises(UserError, match="information band by now"):
        prepare(correct(low, 50, None, everywhere=True), resolve(n_phases=2))


def test_the_viewer_gets_a_brush_for_every_phase_asked_for(painted):
    shown = viewer(painted, "t")
    assert [brush["name"] for brush in shown["brushes"]] == ["phase 0", "phase 1", "phase 2"]
    assert [brush["colour"] for brush in shown["brushes"]] == ["#0072b2", "#e69f00", "#009e73"]
    assert len(shown["strokes"]) == 8
    assert shown["strokes"][0]["width"] == 5
    named = rename(taught(painted), 1, "ferrite")
    assert [brush["name"] for brush in viewer(named, "t")["brushes"]] == ["phase 0", "ferrite", "phase 2"]


def test_the_download_holds_the_strokes_as_the_command_line_takes_them(painted, steel, tmp_path):
    done = taught(painted)
    # Painted after the map was made: no part of how it was made.
    later = paint(done, "b.png", 0, 9, [(64, 50)])
    with zipfile.ZipFile(io.BytesIO(zip_results(later))) as archive:
        archive.extractall(tmp_path / "zip")
        assert np.array_equal(decode(archive.read("strokes/b.png")), done.fields[1].lesson)
        assert "strokes/a.png" not in archive.namelist()
    files = []
    for name in "ab":
        write_png(tmp_path / f"{name}.png", steel)
        files.append(tmp_path / f"{name}.png")
    run(files, Segmenter(2, features="pixel"), tmp_path / "out", labels=tmp_path / "zip" / "strokes")
    for name in "ab":
        ours, theirs = (tmp_path / folder / f"{name}_labels.png" for folder in ("zip", "out"))
        assert ours.read_bytes() == theirs.read_bytes()


def test_a_user_paints_undoes_and_clears(tmp_path, opened):
    actions = Actions(Desk(), Inbox(tmp_path / "uploads"), Worker(), LIMITS)
    actions.desk.update("tab", lambda _: opened)
    session, _ = actions.offer("tab", 5)
    assert session.n_phases == 5
    assert actions.offer("tab", None)[0].n_phases == 2
    event = {"what": "paint", "name": "b.png", "phase": 1, "width": 4, "points": [[5, 5], [9, 9]]}
    _, message = actions.stroke("tab", event)
    assert "1 stroke." in message
    session, message = actions.stroke("tab", event)
    assert "2 strokes." in message
    session, message = actions.stroke("tab", {"what": "undo", "name": "b.png"})
    assert len(session.field.strokes) == 1
    session, message = actions.stroke("tab", {"what": "clear", "name": "b.png"})
    assert session.field.strokes == ()
    assert "from the images alone" in message
