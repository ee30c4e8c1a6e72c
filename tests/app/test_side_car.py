from __future__ import annotations

import io
import json
import zipfile

import pytest

from segment.app.actions import Actions
from segment.app.archive import zip_results
from segment.app.corrections import correct
from segment.app.desk import Desk
from segment.app.limits import Limits
from segment.app.phases import rename
from segment.app.session import Session
from segment.app.uploads import Inbox, take
from segment.app.worker import Worker
from segment.pipeline.outputs import digest_labels

LIMITS = Limits()


class Inline(Worker):
    """Runs tasks at once, in this process."""

    def run(self, owner, task, *arguments):
        yield from task(*arguments)


@pytest.fixture
def actions(tmp_path) -> Actions:
    return Actions(Desk(), Inbox(tmp_path / "uploads"), Inline(), LIMITS)


@pytest.fixture
def side_car(actions, drop) -> bytes:
    """The side-car of a guided map of an image with a corrected band and pixel size, and a named phase."""
    session, _ = take(Session(), [drop("steel.png")], LIMITS)
    actions.desk.update("tab", lambda _: correct(session, 80, 0.25, everywhere=False))
    *_, (session, _) = actions.segment("tab", "70, 30", 2, "high_sparsity", "pixel", 0.2, True, None, None, 5)
    with zipfile.ZipFile(io.BytesIO(zip_results(rename(session, 1, "martensite")))) as archive:
        return archive.read("steel.json")


def test_a_dropped_side_car_brings_back_labels_names_and_settings(side_car, actions, drop):
    recorded = json.loads(side_car)
    # The side-car first: the image it was made of comes with it all the same.
    session, complaints = take(Session(), [drop("steel.json", side_car), drop("again.png")], LIMITS)
    assert complaints == ()
    assert session.restored is not None
    assert session.restored.parameters.to_json() == recorded["parameters"]
    assert session.restored.known == "70, 30"
    assert session.names == ("phase 0", "martensite")
    assert session.field is not None
    assert session.field.micrograph.band.top == 80
    assert session.field.micrograph.calibration.pixel_size_um == 0.25
    actions.desk.update("tab", lambda _: session)
    # The settings of the page do not matter where a model is applied; what is known does.
    *_, (session, _) = actions.segment("tab", session.restored.known, 3, "default", "pixel", None, False, None, None, 0)
    assert digest_labels(session.field.phase_map.labels) == recorded["labels_sha256"]


def test_settings_are_restored_once(side_car, drop):
    session, _ = take(Session(), [drop("steel.json", side_car)], LIMITS)
    assert session.restored is not None
    session, _ = take(session, [drop("other.png")], LIMITS)
    assert session.restored is None
    assert session.is_loaded


def test_another_image_keeps_its_own_band_and_pixel_size(side_car, drop):
    record = json.loads(side_car)
    record["input"]["sha256"] = "0" * 64
    session, complaints = take(Session(), [drop("a.png"), drop("s.json", json.dumps(record).encode())], LIMITS)
    assert complaints == ()
    assert session.field.micrograph.band == session.field.detected.band
    assert session.field.micrograph.calibration.pixel_size_um is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"version": 99}, "side-car of version 99; this version reads 1"),
        ({"format": "x"}, "not the side-car of a segmentation"),
        ({"model": {}}, "it lacks"),
        ({"model": []}, "damaged"),
        ({"read_options": {"band": "high", "pixel_size_um": None}}, None),
        ({"read_options": {"band": 7.5, "pixel_size_um": None}}, "band or pixel size cannot be"),
        ({"read_options": {"band": "auto", "pixel_size_um": "x"}}, "band or pixel size cannot be"),
        ({"composition": {"fractions": [0.7, 0.3], "hard": True}}, "for which this page has no fields"),
        ({"composition": {"fractions": [0.7]}}, "damaged"),
    ],
)
def test_a_side_car_that_cannot_be_followed_says_why_and_the_image_is_taken(change, expected, side_car, drop):
    content = json.dumps({**json.loads(side_car), **change}).encode()
    session, complaints = take(Session(), [drop("a.png"), drop("s.json", content)], LIMITS)
    assert len(session.fields) == 1
    if expected is None:
        assert complaints == ()
        return
    assert len(complaints) == 1
    assert complaints[0].startswith("s.json: ")
    assert expected in complaints[0]
    assert "/" not in complaints[0]
    assert session.restored is None
    assert session.segmenter is None
