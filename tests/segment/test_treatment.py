"""What an image chose on the way to its map, and in what it differs from those that were learned from."""

from __future__ import annotations

import csv
import io
import json
import warnings
from dataclasses import replace

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from segment import Segmenter, from_array
from segment.cli.main import app
from segment.model import training
from segment.model.mismatch import find_mismatches


def patches(seed: int = 0, shape: tuple[int, int] = (60, 90)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.random((6, 9)).astype(np.float32), shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.rint(255 * np.clip(0.2 + 0.6 * (coarse > 0.5) + rng.normal(0, 0.05, shape), 0, 1)).astype(np.uint8)


@pytest.fixture(scope="module")
def fitted() -> Segmenter:
    return Segmenter(2, min_region=9).fit(from_array(patches(), pixel_size_um=0.1))


def test_the_map_says_what_its_features_saw(fitted):
    treatment = fitted.predict(patches(1)).treatment
    assert treatment.neighbourhood.window_px == pytest.approx(2.0)
    assert 0 < treatment.neighbourhood.coarseness < 1
    written = treatment.to_json(pixel_size_um=0.1)
    assert written["window_um"] == pytest.approx(0.2)
    assert json.loads(json.dumps(written)) == written
    resized = Segmenter(2, size=30).fit(patches()).predict(patches()).treatment
    assert resized.neighbourhood.window_px == pytest.approx((60 * 90 / 30**2) ** 0.5)


def test_the_map_says_how_many_pixels_were_cleaned(fitted):
    image = patches(1)
    # Two pixels wide, of the other phase.
    image[24:26, 34:36] = 255 - image[25, 35]
    raw = replace(fitted.model, parameters=replace(fitted.parameters, min_region=0))
    before = Segmenter.from_model(raw).predict(image)
    after = fitted.predict(image)
    assert before.treatment.reassigned == 0
    assert after.treatment.reassigned == np.count_nonzero(before.labels != after.labels) > 0


@pytest.mark.parametrize(
    ("dtype", "pixel_size_um", "said"),
    [
        (np.uint16, None, "type uint16, where the model was trained on uint8: each was divided"),
        (np.uint8, 0.2, "of 0.2 um, where the model was trained on 0.1 um: the image was mapped as it is"),
    ],
)
def test_another_depth_or_magnification_is_said_and_kept(fitted, dtype, pixel_size_um, said):
    image = patches(1).astype(dtype) * (257 if dtype is np.uint16 else 1)
    with pytest.warns(RuntimeWarning, match=said) as caught:
        found = fitted.predict(from_array(image, pixel_size_um=pixel_size_um))
    assert len(caught) == 1
    assert said in found.treatment.notes[0]
    np.testing.assert_array_equal(found.labels, fitted.predict(patches(1)).labels)


@pytest.mark.parametrize("pixel_size_um", [None, 0.1, 0.104])
def test_the_same_depth_and_magnification_is_not_mentioned(fitted, pixel_size_um):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fitted.predict(from_array(patches(1), pixel_size_um=pixel_size_um)).treatment.notes == ()


def test_what_an_older_model_does_not_say_is_not_compared():
    image = from_array(patches().astype(np.uint16), pixel_size_um=0.2)
    assert find_mismatches(image, [{"name": "a", "sha256": None}]) == ()
    assert len(find_mismatches(image, [{"dtype": "uint8", "pixel_size_um": 0.1}, {"dtype": "float32"}])) == 2


def test_the_window_is_in_the_side_car_and_in_the_table_of_a_run_and_of_what_was_kept(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), patches())
    options = ["run", str(tmp_path / "a.png"), "-k", "2", "--band", "none", "-o", str(tmp_path / "out")]
    runner = CliRunner()
    assert "2 px" in runner.invoke(app, options).stdout
    record = json.loads((tmp_path / "out" / "a.json").read_text(encoding="utf-8"))
    assert record["treatment"]["window_px"] == pytest.approx(2.0)
    assert record["treatment"]["window_um"] is None
    content = json.loads(runner.invoke(app, [*options, "--resume", "--json"]).stdout)
    assert content["images"][0]["is_resumed"]
    assert content["images"][0]["window_px"] == pytest.approx(2.0)
    assert len(list(csv.reader(io.StringIO((tmp_path / "out" / "fractions.csv").read_text())))) == 3


def test_of_many_pixels_a_sample_of_every_image_is_learned_from(monkeypatch):
    images = [patches(0), patches(1, (90, 120))]
    whole = Segmenter(2, refine=False).fit(images).model
    monkeypatch.setattr(training, "MOST_ENTRIES", 22 * 4000)
    sampled = Segmenter(2, refine=False).fit(images).model
    greys = [image.astype(np.float32) / np.float32(255) for image in images]
    X, levels = training.stack_features(greys, sampled.parameters)
    assert X.shape == (1333 + 2667, 22)
    assert np.corrcoef(X[:, 0], levels)[0, 1] > 0.9
    assert not np.array_equal(sampled.components, whole.components)
    cosines = np.sum(sampled.fingerprints * whole.fingerprints, axis=1)
    assert cosines.min() > 0.999
    assert sampled.reconstruction_error == pytest.approx(whole.reconstruction_error, rel=0.1)
    again = Segmenter(2, refine=False).fit(images).model
    assert again.digest == sampled.digest
