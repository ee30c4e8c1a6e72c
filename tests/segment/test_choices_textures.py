"""Phases that grey levels cannot tell: when they are told by their texture, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from threadpoolctl import threadpool_limits
from typer.testing import CliRunner

from segment import Segmenter
from segment.cli.main import app
from segment.evaluate import evaluate
from segment.explore.configurations import DEFAULT, make_grid
from segment.explore.trial import share, try_candidate
from segment.features import extract
from segment.features.spectrum import is_resolved
from segment.model import ModelFileError
from segment.model.choices.textures import TEXTURES, contrast, order, spread
from segment.model.choosing import choose
from segment.model.training import extract_features
from segment.records import PhaseMap

SHAPE = (192, 200)
HOLDS = {"spread": 1.2, "order_before": 0.1, "order": 0.6, "doubt": 0.05, "contrast": 0.1}
OTHERS = ("colours", "boundaries")


def noise(grain: float, seed: int) -> np.ndarray:
    """Noise of a grain, in pixels, with as many pixels of each grey level from 0 to 1."""
    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.standard_normal(SHAPE), (0, 0), grain)
    levels = np.empty(field.size)
    levels[np.argsort(field, axis=None)] = np.linspace(0, 1, field.size)
    return levels.reshape(SHAPE).astype(np.float32)


def mosaic(seed: int = 0, step: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Fine noise on the left and coarse noise on the right, whose grey levels are `step` higher; and which is which."""
    truth = np.zeros(SHAPE, np.uint8)
    truth[:, 90 + 10 * seed :] = 1
    return (np.where(truth == 1, noise(3.5, seed) + step, noise(0.8, seed + 100)) / (1 + step)).astype(
        np.float32
    ), truth


@pytest.fixture(scope="module")
def fitted() -> tuple[Segmenter, PhaseMap]:
    segmenter = Segmenter(2)
    return segmenter, segmenter.fit_predict(mosaic()[0])


def score(labels: np.ndarray, truth: np.ndarray) -> float:
    return evaluate(labels, truth, n_classes=2).mean_iou


def test_textures_of_one_brightness_are_told(fitted):
    segmenter, found = fitted
    image, truth = mosaic()
    assert score(Segmenter(2, choices=OTHERS).fit_predict(image).labels, truth) < 0.45
    assert score(found.labels, truth) > 0.85
    model = segmenter.model
    assert model.parameters.features == "spectrum" == found.parameters["features"]
    assert segmenter.parameters.features == "texture"
    assert model.chosen.name == "textures"
    assert TEXTURES.holds(model.chosen.figures)
    assert found.treatment.neighbourhood.window_px == pytest.approx(192 / 15)


@pytest.mark.parametrize(
    "image",
    [mosaic(step=2.0)[0], mosaic(step=0.4)[0], noise(1.0, 3), noise(3.0, 4)],
    ids=["bright", "brighter", "fine", "coarse"],
)
def test_where_grey_levels_tell_phases_or_no_texture_is_clear_nothing_changes(image):
    plain, asked = (Segmenter(2, choices=which).fit(image).model for which in (OTHERS, ["textures"]))
    assert asked.chosen is None
    np.testing.assert_array_equal(asked.components, plain.components)
    assert asked.parameters == replace(plain.parameters, choices=("textures",))


def test_a_constant_image_has_no_texture():
    with pytest.warns(RuntimeWarning, match="explain nothing"):
        assert Segmenter(2).fit(np.full(SHAPE, 0.5, np.float32)).model.chosen is None


@pytest.mark.parametrize("options", [{"choices": []}, {"features": "histogram"}, {"preset": "pixel"}])
def test_what_was_asked_for_otherwise_stays(options):
    segmenter = Segmenter(2, **options).fit(mosaic()[0])
    assert segmenter.model.chosen is None
    assert segmenter.model.parameters == segmenter.parameters


def test_a_window_narrower_than_the_widest_octave_tells_nothing():
    image = mosaic()[0][:160, 10:170]
    assert not is_resolved(image.shape, 1.0)
    assert Segmenter(2).fit(image).model.chosen is None


def test_one_choice_for_all_images_of_a_batch():
    images, truths = zip(*(mosaic(seed) for seed in (0, 1)), strict=True)
    segmenter = Segmenter(2).fit(images)
    assert segmenter.model.chosen is not None
    labels = [segmenter.predict(image).labels for image in images]
    # The same texture has the same number in both.
    assert score(np.concatenate(labels), np.concatenate(truths)) > 0.8
    grey = np.clip(noise(3.0, 5) + 2 * mosaic()[1], 0, 3) / 3
    assert Segmenter(2).fit([images[0], grey, grey.T.copy()]).model.chosen is None


@pytest.mark.parametrize(
    ("name", "value"), [("spread", 0.99), ("order_before", 0.25), ("order", 0.39), ("doubt", 0.1), ("contrast", 0.3)]
)
def test_all_five_must_hold(name, value):
    assert TEXTURES.holds(HOLDS)
    assert not TEXTURES.holds({**HOLDS, name: value})


def test_grey_levels_with_peaks_tell_phases_however_their_grains_differ():
    # Particles of one brightness, small ones on the left and large ones on the right.
    image, truth = mosaic()
    particles = cv2.GaussianBlur((image > 0.7).astype(np.float32), (0, 0), 0.7)
    parameters = Segmenter(2).parameters
    assert choose([particles], parameters) == (parameters, None)
    assert choose([image], parameters)[1].figures["spread"] >= 1
    assert score(Segmenter(2).fit_predict(particles).labels, truth) < 0.6


def test_spread_is_one_for_even_grey_levels():
    even = noise(0.8, 1)
    for k in (2, 3, 4):
        assert spread([even], k) == pytest.approx(1, abs=0.05)
    peaks = np.round(2 * even) / 2 + np.float32(0.1) * (noise(0.8, 2) - 0.5)
    assert spread([peaks], 3) < 0.2
    assert spread([even, peaks], 3) < spread([even], 3)
    assert spread([np.full((8, 8), 0.5, np.float32)], 2) == 0


def test_order_is_what_a_window_leaves_of_a_map():
    rng = np.random.default_rng(0)
    specks = rng.integers(0, 2, (96, 128)).astype(np.uint8)
    halves = np.zeros((96, 128), np.uint8)
    halves[:, 64:] = 1
    assert order([specks], [6.0]) < 0.02
    assert order([halves], [6.0]) > 0.85
    assert order([halves], [30.0]) < order([halves], [6.0])
    assert order([halves, specks], [6.0, 6.0]) == pytest.approx(
        (order([halves], [6.0]) + order([specks], [6.0])) / 2, abs=1e-3
    )
    assert order([np.zeros((8, 8), np.uint8)], [2.0]) == 1.0


def test_contrast_is_within_images():
    halves = np.repeat(np.uint8([[0, 1]]), 32, axis=1).repeat(64, axis=0)
    grey = np.float32(0.2 + 0.1 * halves)
    assert contrast([grey], [halves], [4.0]) > 0.8
    assert contrast([grey, grey + 0.5], [halves, halves], [4.0, 4.0]) == pytest.approx(
        contrast([grey], [halves], [4.0])
    )
    assert contrast([grey, grey + 0.5], [halves.T, halves.T], [4.0, 4.0]) < 0.01
    assert contrast([np.full((8, 8), 0.5, np.float32)], [np.zeros((8, 8), np.uint8)], [2.0]) == 1.0


def test_why_is_in_the_file_and_survives_it(fitted, tmp_path):
    segmenter, found = fitted
    path = tmp_path / "model.npz"
    segmenter.save(path)
    loaded = Segmenter.load(path)
    assert loaded.model.chosen == segmenter.model.chosen
    assert loaded.model.digest == segmenter.model.digest
    np.testing.assert_array_equal(loaded.predict(found.micrograph).labels, found.labels)
    broken = replace(segmenter.model, chosen=replace(segmenter.model.chosen, figures={**HOLDS, "doubt": np.nan}))
    Segmenter.from_model(broken).save(path)
    with pytest.raises(ModelFileError, match="damaged"):
        Segmenter.load(path)


def test_the_run_says_why_and_repeats(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.rint(255 * mosaic()[0]).astype(np.uint8))
    runner, out = CliRunner(), tmp_path / "out"
    options = ["run", str(tmp_path / "a.png"), "-k", "2", "--band", "none", "-o", str(out)]
    assert "distinguished by their texture, not by their grey level" in " ".join(
        runner.invoke(app, options).stdout.split()
    )
    record = json.loads((out / "a.json").read_text(encoding="utf-8"))
    assert record["parameters"]["features"] == "spectrum"
    assert TEXTURES.holds(record["model"]["chosen"]["figures"])
    assert json.loads(runner.invoke(app, [*options, "--resume", "--json"]).stdout)["images"][0]["is_resumed"]
    again = runner.invoke(app, ["rerun", str(out / "a.json")])
    assert again.exit_code == 0, again.output


def test_the_sheet_shows_what_the_default_makes(fitted):
    image, parameters = mosaic()[0], make_grid([2])[DEFAULT][0]
    trial = try_candidate(share(extract_features(image, parameters), image, parameters), parameters, 1)
    assert trial.parameters == parameters
    np.testing.assert_array_equal(trial.labels, fitted[1].labels)


def test_the_choice_is_the_same_on_any_number_of_threads(fitted):
    segmenter, _ = fitted
    with threadpool_limits(1):
        alone = Segmenter(2).fit(mosaic()[0]).model
    assert alone.chosen == segmenter.model.chosen
    assert alone.digest == segmenter.model.digest
    assert choose([mosaic()[0]], alone.parameters) == (alone.parameters, None)


def test_octaves_see_neither_brightness_nor_contrast():
    image = mosaic()[0]
    plain, dim = (extract(one, "spectrum").data for one in (image, 0.3 + 0.2 * image))
    np.testing.assert_allclose(plain.sum(axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(plain, dim, atol=1e-4)
    fine, coarse = plain[:, :, 40], plain[:, :, 160]
    assert fine[0].mean() > 1.5 * coarse[0].mean()
    assert coarse[3].mean() > 1.5 * fine[3].mean()
