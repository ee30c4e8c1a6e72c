from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segment.app.session import Field, Session
from segment.app.strokes import erase, paint, painted_labels, rub, wipe
from segment.app.user_error import UserError
from segment.io import from_array, write_png
from segment.io.decode import decode
from segment.model import Segmenter
from segment.model.labels import UNLABELLED
from segment.pipeline import ReadOptions, run


def blank(shape=(96, 128)) -> Session:
    grey = np.zeros(shape, dtype=np.float32)
    image = from_array(grey, name="b.png")
    return Session(fields=(Field(grey, image, image, ReadOptions()),))


@pytest.fixture
def painted(opened):
    """Two strokes of each of two phases, by the grey level they are on: bright is phase 0."""
    grey = opened.session.fields[1].micrograph.image
    opened.do("set", name="features", value="pixel")
    for phase, order in ((0, -grey), (1, grey)):
        smooth = order.reshape(12, 8, 16, 8).mean(axis=(1, 3))
        for spot in np.argsort(smooth, axis=None)[:4]:
            row, column = (8 * int(index) + 4 for index in np.unravel_index(spot, smooth.shape))
            opened.do("paint", image="b.png", phase=phase, width=5, points=[[column - 1, row], [column + 1, row]])
    return opened


def test_strokes_label_the_pixels_under_them_and_no_others():
    session = paint(blank(), "b.png", 0, 1, [(10.5, 20.5), (30.5, 20.5)])
    session = paint(session, "b.png", 2, 5, [(64.5, 50.5)])
    (ids,) = painted_labels(session, 3)
    assert ids.shape == (96, 128)
    assert ids.dtype == np.uint8
    assert np.argwhere(ids == 0).tolist() == [[20, column] for column in range(10, 31)]
    rows, columns = np.nonzero(ids == 2)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (48, 52, 62, 66)
    assert (rows.mean(), columns.mean()) == (50, 64)
    assert set(np.unique(ids)) == {0, 2, UNLABELLED}


@given(st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 94)), min_size=1, max_size=5), st.integers(1, 60))
def test_a_stroke_covers_its_points_those_beyond_the_edges_at_them(points, width):
    session = paint(blank(), "b.png", 0, width, points)
    session = paint(session, "b.png", 1, 1, [(127.5, 95.5)])
    ids = painted_labels(session, 2)[0]
    for x, y in points:
        assert ids[int(min(max(y, 0), 95)), int(min(max(x, 0), 127))] == 0


def test_later_strokes_lie_over_earlier_ones_and_one_alone_is_deleted():
    session = paint(blank(), "b.png", 0, 9, [(64, 50)])
    session = paint(session, "b.png", 1, 3, [(64, 50)])
    assert painted_labels(session, 2)[0][49, 63] == 1
    assert erase(session, "b.png", 1).fields[0].strokes == session.fields[0].strokes[:1]
    with pytest.raises(UserError, match="All strokes are of one phase"):
        painted_labels(erase(session, "b.png", 0), 2)
    assert painted_labels(wipe(session, "b.png"), 2) is None
    with pytest.raises(UserError, match=r"no stroke 2 on b\.png"):
        erase(session, "b.png", 2)


def test_the_eraser_takes_what_it_passes_over_and_leaves_the_rest():
    session = paint(blank(), "b.png", 0, 3, [(10, 50), (110, 50)])
    session = paint(session, "b.png", 1, 3, [(10, 20), (110, 20)])
    cut = rub(session, "b.png", 9, [(60, 40), (60, 60)])
    first, second, other = cut.fields[0].strokes
    assert (first.points[0], second.points[-1]) == ((10, 50), (110, 50))
    assert first.points[-1][0] == pytest.approx(54, abs=1)
    assert second.points[0][0] == pytest.approx(66, abs=1)
    assert other == session.fields[0].strokes[1]
    ids, before = painted_labels(cut, 2)[0], painted_labels(session, 2)[0]
    assert (ids[:, 57:63] != 0).all()
    assert np.array_equal(ids[:, :50], before[:, :50])
    assert rub(session, "b.png", 9, [(60, 80)]).fields[0].strokes == session.fields[0].strokes
    assert rub(session, "b.png", 200, [(60, 50), (10, 50), (110, 50)]).fields[0].strokes == ()


def test_segment_learns_what_was_painted_for_all_images(painted):
    labels = painted_labels(painted.session, 2)
    assert labels[0] is None, "nothing is painted on the first image"
    assert painted.view["source"] == "Segment learns phases from 8 strokes."
    painted.run("segment")
    fields = painted.session.fields
    alone = Segmenter(2, features="pixel").fit([field.micrograph for field in fields], labels)
    for field in fields:
        assert np.array_equal(field.phase_map.labels, alone.predict(field.micrograph).labels)
    grey, found = fields[0].micrograph.image, fields[0].phase_map.labels
    # Against the order of brightness, which is what the phases have without strokes.
    assert grey[found == 0].mean() > grey[found == 1].mean() + 0.1
    assert fields[0].training is None
    assert np.array_equal(fields[1].training, labels[1])


def test_names_of_painted_phases_stay_and_without_strokes_they_follow_their_pixels(painted):
    painted.run("segment")
    painted.do("rename", phase=0, name="martensite")
    painted.do("paint", image="b.png", phase=1, width=3, points=[[5, 5]])
    painted.run("segment")
    assert painted.session.names == ("martensite",)
    painted.do("wipe", image="b.png")
    view = painted.run("segment")
    # From the image alone phases go from dark to bright, and martensite was the bright one.
    assert [phase["name"] for phase in view["phases"]] == ["phase 0", "martensite"]


def test_phases_without_strokes_are_found_and_told(painted):
    painted.do("set", name="n_phases", value=3)
    view = painted.run("segment")
    assert "Learned from your strokes. Without strokes, phase 2 was found among the other pixels." in painted.said
    assert len(view["phases"]) == 3


def test_painting_after_a_model_was_loaded_learns_from_the_strokes(opened, tmp_path):
    Segmenter(3).fit(opened.session.fields[0].micrograph).save(tmp_path / "m.npz")
    view = opened.drop(("m.npz", (tmp_path / "m.npz").read_bytes()))
    assert view["is_loaded"]
    assert "applies the loaded model of 3 phases" in view["source"]
    view = opened.do("paint", image="a.png", phase=0, width=3, points=[[5, 5]])
    assert "The loaded model is no longer applied." in opened.said
    assert not view["is_loaded"]
    assert view["source"] == "Segment learns phases from 1 stroke."
    assert opened.ask("undo")["is_loaded"]


@pytest.mark.parametrize(
    ("image", "phase", "width", "points", "expected"),
    [
        ("c.png", 0, 3, [[5, 5]], "no image 'c.png' any more"),
        ("b.png", 3, 3, [[5, 5]], "no phase 3 to paint: there are 2"),
        ("b.png", -1, 3, [[5, 5]], "no phase -1"),
        ("b.png", 0, 0, [[5, 5]], "width of 1 to 200"),
        ("b.png", 0, 3, [], "a point at least"),
        ("b.png", 0, 3, [[5, 105]], "information band"),
        ("b.png", 0, 3, [[5, 5]] * 20_001, "draw a shorter one"),
    ],
)
def test_a_stroke_that_cannot_be_is_refused(image, phase, width, points, expected, opened):
    opened.do("paint", image=image, phase=phase, width=width, points=points)
    assert opened.is_error
    assert expected in opened.said


def test_strokes_that_cannot_be_learned_from_say_why(painted):
    painted.do("paint", image="b.png", phase=1, width=3, points=[[5, 90]])
    painted.do("set", name="n_phases", value=3)
    painted.do("paint", image="b.png", phase=2, width=3, points=[[5, 5]])
    painted.do("set", name="n_phases", value=2)
    painted.run("segment")
    assert "Strokes of phase 2 are painted, but the number of phases is 2" in painted.said
    painted.do("wipe", image="b.png")
    painted.do("paint", image="b.png", phase=1, width=3, points=[[5, 90]])
    painted.run("segment")
    assert "All strokes are of one phase" in painted.said
    painted.do("correct", image="b.png", band=50, pixel_size="", everywhere=True)
    painted.run("segment")
    assert "information band by now" in painted.said


def test_the_download_holds_the_strokes_as_the_command_line_takes_them(painted, steel, tmp_path):
    painted.run("segment")
    training = painted.session.fields[1].training
    # Painted after the map was made: no part of how it was made.
    painted.do("paint", image="b.png", phase=0, width=9, points=[[64, 50]])
    content = painted.get(f"/project/{painted.word}/project.zip").content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path / "zip")
        assert np.array_equal(decode(archive.read("strokes/b.png")), training)
        assert "strokes/a.png" not in archive.namelist()
    files = []
    for name in "ab":
        write_png(tmp_path / f"{name}.png", steel)
        files.append(tmp_path / f"{name}.png")
    run(files, Segmenter(2, features="pixel"), tmp_path / "out", labels=tmp_path / "zip" / "strokes")
    for name in "ab":
        ours, theirs = (tmp_path / folder / f"{name}_labels.png" for folder in ("zip", "out"))
        assert ours.read_bytes() == theirs.read_bytes()


def test_a_dropped_file_of_strokes_is_painted_on_its_image(painted, tmp_path):
    labels = painted_labels(painted.session, 2)[1]
    write_png(tmp_path / "b.png", labels)
    content = (tmp_path / "b.png").read_bytes()
    painted.do("wipe", image="b.png")
    view = painted.drop(("b.png", content))
    assert not painted.is_error, painted.said
    assert [image["name"] for image in view["images"]] == ["a.png", "b.png"]
    assert np.array_equal(painted_labels(painted.session, 2)[1], labels)
    shown = decode(painted.get(view["images"][1]["painted"]).content)
    assert shown.shape[:2] == (108, 128)
    assert np.array_equal(shown[:96, :, 3] == 255, labels != 255)
    # As a file of an image that is not open it is no micrograph.
    painted.drop(("c.png", content))
    assert painted.is_error
    assert "holds phase ids" in painted.said
    assert len(painted.session.fields) == 2


def test_a_scan_of_black_and_white_is_a_micrograph(page, tmp_path):
    write_png(tmp_path / "scan.png", np.where(np.arange(64 * 64).reshape(64, 64) % 7 < 3, 0, 255).astype(np.uint8))
    page.drop(("scan.png", (tmp_path / "scan.png").read_bytes()))
    assert not page.is_error, page.said
    assert len(page.session.fields) == 1
