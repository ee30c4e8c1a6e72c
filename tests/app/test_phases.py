from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest

from segment.app.phases import point, shown_fractions, shown_map
from segment.app.user_error import UserError
from segment.io.decode import decode
from segment.pipeline import rerun


def test_names_and_colours_reach_every_map_and_the_model(mapped):
    mapped.do("rename", phase=1, name="  martensite ")
    view = mapped.do("recolour", phase=0, colour="#0a14ff")
    assert [phase["name"] for phase in view["phases"]] == ["phase 0", "martensite"]
    for field in mapped.session.fields:
        shown = shown_map(mapped.session, field)
        assert shown.names == ("phase 0", "martensite") == mapped.session.model.names
        assert shown.colours[0] == (10, 20, 255)
    coloured = decode(mapped.get(view["images"][0]["colours"]).content)
    assert {tuple(colour[:3]) for colour in coloured.reshape(-1, coloured.shape[2]).tolist()} == set(shown.colours)


@pytest.mark.parametrize(
    ("name", "expected"), [("", "needs a name"), ("PHASE 0", "press Merge"), ("x" * 61, "60"), ("a\0b", "printable")]
)
def test_a_name_that_cannot_be_is_refused_and_the_table_shows_the_one_of_before(name, expected, mapped):
    view = mapped.do("rename", phase=1, name=name)
    assert mapped.is_error
    assert expected in mapped.said
    assert view["phases"][1]["name"] == "phase 1"


@pytest.mark.parametrize("colour", ["red", "#12345", "#1234567", "url(x)"])
def test_a_colour_is_six_hexadecimal_digits(colour, mapped):
    mapped.do("recolour", phase=0, colour=colour)
    assert "#rrggbb" in mapped.said
    mapped.do("recolour", phase=7, colour="#123456")
    assert "no phase 7" in mapped.said


def test_pointing_finds_the_phase_of_the_pixel(mapped):
    labels = mapped.session.fields[0].phase_map.labels
    row, column = (int(place[0]) for place in np.nonzero(labels == 1))
    spot = point(mapped.session, "a.png", column + 0.5, row + 0.5)
    assert (spot.row, spot.column, spot.phase, spot.name) == (row, column, 1, "phase 1")
    assert 0.5 <= spot.probability <= 1
    with pytest.raises(UserError, match="band"):
        point(mapped.session, "a.png", 64, 107)
    assert point(mapped.session, "a.png", -3, -3).row == 0
    address = f"/project/{mapped.word}/point?image=a.png&x={column}&y={row}"
    assert mapped.get(address).json()["phase"] == 1


def test_without_phases_there_is_nothing_to_point_at(opened):
    with pytest.raises(UserError, match="press Segment first"):
        point(opened.session, "a.png", 5, 5)


@pytest.fixture
def three(opened):
    opened.do("set", name="n_phases", value=3)
    opened.run("segment")
    return opened


def test_merged_phases_are_one_in_every_number_and_picture(three):
    field = three.session.fields[0]
    dark, middle, bright = field.phase_map.fractions
    three.do("rename", phase=1, name="martensite")
    view = three.do("merge", phase=2, into=1)
    assert [(phase["name"], phase["members"]) for phase in view["phases"]] == [
        ("phase 0", [0]), ("martensite", [1, 2]),
    ]  # fmt: skip
    assert view["images"][0]["fractions"] == pytest.approx([dark, middle + bright])
    shown = shown_map(three.session, three.session.fields[0])
    assert np.array_equal(shown.labels == 1, field.phase_map.labels > 0)
    np.testing.assert_allclose(shown.abundances.sum(axis=0), 1, atol=1e-5)
    assert shown_fractions(three.session, three.session.fields[0]) == pytest.approx(shown.fractions)
    # A name or a colour is given to all of it.
    view = three.do("rename", phase=2, name="bainite")
    assert [phase["name"] for phase in view["phases"]] == ["phase 0", "bainite"]
    view = three.do("separate", phase=1)
    assert [phase["name"] for phase in view["phases"]] == ["phase 0", "bainite", "phase 2"]


def test_a_merge_that_leaves_nothing_is_refused(three):
    three.do("merge", phase=2, into=1)
    three.do("merge", phase=1, into=0)
    assert "nothing would be left" in three.said
    three.do("merge", phase=2, into=1)
    assert "one phase already" in three.said
    three.do("separate", phase=0)
    assert "not merged" in three.said


def test_a_merged_result_is_written_and_made_again_from_its_side_car(three, tmp_path, png):
    three.do("rename", phase=1, name="martensite")
    three.do("merge", phase=2, into=1)
    with zipfile.ZipFile(io.BytesIO(three.get(f"/project/{three.word}/project.zip").content)) as archive:
        archive.extractall(tmp_path / "out")
    record = json.loads((tmp_path / "out" / "a.json").read_text())
    assert record["phases"] == ["phase 0", "martensite", "martensite"]
    assert [row["name"] for row in record["fractions"]] == ["phase 0", "martensite"]
    (tmp_path / "out" / "a.png").write_bytes(png)
    assert rerun(tmp_path / "out" / "a.json").is_same
    assert "Phases were merged to 2: phase 0, martensite." in (tmp_path / "out" / "method.txt").read_text()


def test_a_batch_says_what_its_numbers_are_worth(mapped):
    first = mapped.view["phases"][0]
    percent = 100 * mapped.view["images"][0]["fractions"][0]
    assert first["over"] == f"2 images: {percent:.1f} ± 0.0 %", "two equal images"
    assert mapped.do("remove", image="b.png")["phases"][0]["over"] == ""
