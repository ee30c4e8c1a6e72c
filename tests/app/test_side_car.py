from __future__ import annotations

import io
import json
import zipfile

import pytest

from segment.app.limits import Limits
from segment.app.session import Session
from segment.app.uploads import take
from segment.pipeline.outputs import digest_labels
from tests.app.service import Page

LIMITS = Limits()


@pytest.fixture(scope="module")
def side_car(tmp_path_factory, png) -> bytes:
    """The side-car of a guided map of an image with a corrected band and pixel size, and a named phase."""
    page = Page(tmp_path_factory.mktemp("side-car"))
    page.drop(("steel.png", png))
    page.do("correct", image="steel.png", band=80, pixel_size=0.25, everywhere=False)
    for name, value in (
        ("preset", "high_sparsity"), ("n_phases", 2), ("features", "pixel"), ("alpha", 0.2), ("clahe", True),
        ("seed", 5), ("known", "70, 30"),
    ):  # fmt: skip
        page.do("set", name=name, value=value)
    page.run("segment")
    page.do("rename", phase=1, name="martensite")
    with zipfile.ZipFile(io.BytesIO(page.get(f"/project/{page.word}/project.zip").content)) as archive:
        report = archive.read("report.html").decode()
        assert "guided" in report
        return archive.read("steel.json")


def test_a_dropped_side_car_brings_back_labels_names_and_settings(side_car, page, png):
    recorded = json.loads(side_car)
    # The side-car first: the image it was made of comes with it all the same.
    view = page.drop(("steel.json", side_car), ("again.png", png))
    assert not page.is_error, page.said
    assert view["is_loaded"]
    parameters = {"alpha": 0.2, "clahe": True, "features": "pixel", "n_phases": 2, "preset": "high_sparsity", "seed": 5}
    assert parameters.items() <= view["settings"].items()
    assert view["settings"]["known"] == "70, 30"
    assert [phase["name"] for phase in view["phases"]] == ["phase 0", "martensite"]
    assert (view["images"][0]["band"], view["images"][0]["pixel_size"]) == (80, 0.25)
    # The settings of the page do not matter where a model is applied; what is known does.
    page.do("set", name="n_phases", value=3)
    page.run("segment")
    assert digest_labels(page.session.fields[0].phase_map.labels) == recorded["labels_sha256"]


def test_another_image_keeps_its_own_band_and_pixel_size(side_car, drop):
    record = json.loads(side_car)
    record["input"]["sha256"] = "0" * 64
    session, complaints = take(Session(), [drop("a.png"), drop("s.json", json.dumps(record).encode())], LIMITS)
    assert complaints == ()
    assert session.fields[0].micrograph.band == session.fields[0].detected.band
    assert session.fields[0].micrograph.calibration.pixel_size_um is None


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
    assert session.settings == Session().settings
    assert session.segmenter is None
