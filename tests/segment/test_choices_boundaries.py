"""Two phases that are grains and their boundaries: when they are told so, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.stats import norm
from threadpoolctl import threadpool_limits
from typer.testing import CliRunner

from segment import Segmenter
from segment.cli.main import app
from segment.composition import CompositionWarning
from segment.evaluate import evaluate
from segment.explore.configurations import DEFAULT, make_grid
from segment.explore.trial import share, try_candidate
from segment.features import extract
from segment.features.edges import gradient
from segment.features.flatten import find_levels
from segment.model import ModelFileError
from segment.model.choices.boundaries import BOUNDARIES, examine
from segment.model.choosing import choose
from segment.model.training import extract_features
from segment.records import PhaseMap
from segment.samples import make_micrograph
from segment.samples.fields import jittered_points, nearest_point

SHAPE = (160, 176)
HOLDS = {"evenness": 0.95, "spread": 1.1, "variety": 0.5, "length": 0.7, "steepness": 3.0}
OTHERS = ("colours", "textures")


def polycrystal(seed: int = 0, levels: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Grains with as many grey levels as there are grains, or `levels` of them, and pixels of their boundaries."""
    rng = np.random.default_rng(seed)
    points = jittered_points(SHAPE, 28.0, 0.4, rng)
    grain = nearest_point(SHAPE, points, 2.0, rng)[0]
    rank = (rng.permutation(len(points)) + 0.5) / len(points)
    # Of many levels, most are near the middle.
    bright = 0.5 + norm.ppf(rank) / 5 if levels is None else np.floor(rank * levels) / (levels - 1)
    image = (0.2 + 0.6 * bright[grain] + rng.normal(scale=0.02, size=SHAPE)).astype(np.float32)
    border = np.zeros(SHAPE, np.uint8)
    border[:-1] |= grain[:-1] != grain[1:]
    border[:, :-1] |= grain[:, :-1] != grain[:, 1:]
    return np.clip(image, 0, 1), cv2.dilate(border, np.ones((3, 3), np.uint8))


@pytest.fixture(scope="module")
def fitted() -> tuple[Segmenter, PhaseMap]:
    segmenter = Segmenter(2)
    return segmenter, segmenter.fit_predict(polycrystal()[0])


def score(labels: np.ndarray, truth: np.ndarray) -> float:
    return evaluate(labels, truth, n_classes=2).mean_iou


def test_boundaries_of_grains_of_many_levels_are_told(fitted):
    segmenter, found = fitted
    image, truth = polycrystal()
    assert score(Segmenter(2, choices=OTHERS).fit_predict(image).labels, truth) < 0.45
    assert score(found.labels, truth) > 0.6
    assert segmenter.model.parameters.features == "edges" == found.parameters["features"]
    assert segmenter.parameters.features == "texture"
    assert segmenter.model.chosen.name == "boundaries"
    assert BOUNDARIES.holds(segmenter.model.chosen.figures)
    assert found.treatment.neighbourhood.window_px == pytest.approx(1.5)


@pytest.mark.parametrize("levels", [2, 3, 4])
def test_grains_of_a_few_levels_are_phases(levels):
    image, _ = polycrystal(levels=levels)
    plain, asked = (Segmenter(2, choices=which).fit(image).model for which in (OTHERS, ["boundaries"]))
    assert asked.chosen is None
    np.testing.assert_array_equal(asked.components, plain.components)
    assert asked.parameters == replace(plain.parameters, choices=("boundaries",))


@pytest.mark.parametrize("grain", [0.5, 2.0, 6.0, 15.0])
def test_noise_and_shading_have_no_grains(grain):
    field = cv2.GaussianBlur(np.random.default_rng(1).standard_normal(SHAPE), (0, 0), grain)
    assert not BOUNDARIES.holds(examine((0.5 + 0.15 * field / field.std()).astype(np.float32)))


def test_what_has_no_edge_has_no_grains():
    ramp = np.tile(np.linspace(0, 1, 200, dtype=np.float32), (160, 1))
    for image in (ramp, np.full(SHAPE, 0.5, np.float32), np.zeros((1, 1), np.float32), np.eye(3, dtype=np.float32)):
        assert not BOUNDARIES.holds(examine(image))


@pytest.mark.parametrize("options", [{"choices": []}, {"features": "histogram"}, {"preset": "pixel"}, {"n_phases": 3}])
def test_what_was_asked_for_otherwise_stays(options):
    segmenter = Segmenter(**{"n_phases": 2, **options}).fit(polycrystal()[0])
    assert segmenter.model.chosen is None
    assert segmenter.model.parameters == segmenter.parameters


def test_one_choice_for_all_images_of_a_batch():
    images, truths = zip(*(polycrystal(seed) for seed in (0, 1)), strict=True)
    segmenter = Segmenter(2).fit(images)
    assert segmenter.model.chosen is not None
    labels = [segmenter.predict(image).labels for image in images]
    assert score(np.concatenate(labels), np.concatenate(truths)) > 0.6
    phases = polycrystal(levels=2)[0]
    assert Segmenter(2).fit([images[0], phases, phases.T.copy()]).model.chosen is None


@pytest.mark.parametrize(
    ("name", "value"), [("evenness", 0.89), ("spread", 0.79), ("variety", 0.29), ("length", 0.39), ("steepness", 2.4)]
)
def test_all_five_must_hold(name, value):
    assert BOUNDARIES.holds(HOLDS)
    assert not BOUNDARIES.holds({**HOLDS, name: value})


def test_each_figure_says_what_it_is_of():
    image, _ = polycrystal()
    whole = examine(image)
    rng = np.random.default_rng(0)
    speckled = np.clip(image + rng.normal(scale=0.3, size=SHAPE), 0, 1).astype(np.float32)
    two = examine(polycrystal(levels=2)[0])
    assert examine(speckled)["evenness"] < 0.9 < whole["evenness"]
    assert two["spread"] < 0.4 < whole["spread"]
    assert two["variety"] < 0.2 < 0.3 < whole["variety"] < 0.7
    discs = np.full(SHAPE, 0.5, np.float32)
    for row in range(20, 150, 26):
        for column in range(20, 170, 26):
            cv2.circle(discs, (column, row), 8, float(rng.random()), -1)
    assert examine(discs)["length"] == 0 < 0.4 < whole["length"]
    blurred = cv2.GaussianBlur(image, (0, 0), 6.0)
    assert examine(blurred)["steepness"] < whole["steepness"]


def test_edges_see_neither_brightness_nor_contrast():
    image, truth = polycrystal()
    plain, dim = (extract(one, "edges").data for one in (image, 0.3 + 0.2 * image))
    np.testing.assert_allclose(plain.sum(axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(plain, dim, atol=1e-4)
    assert plain[0][truth == 1].mean() > 2 * plain[0][truth == 0].mean()
    wide = extract(image, "edges", scale=3.0).data
    assert np.abs(np.diff(wide[0])).max() < np.abs(np.diff(plain[0])).max()


def test_a_large_image_is_seen_as_the_small_one():
    image = polycrystal()[0]
    large = cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR)
    assert gradient(large).shape == (400, 440)
    assert extract(large, "edges").data.shape == (2, 640, 704)


def test_fractions_guide_what_was_told_as_boundaries(fitted):
    segmenter, _ = fitted
    image, truth = polycrystal()
    shares = segmenter.predict(image).fractions
    boundary = int(np.argmin(shares))
    known = [0.0, 0.0]
    known[boundary], known[1 - boundary] = truth.mean(), 1 - truth.mean()
    guided = segmenter.predict(image, fractions=known)
    assert abs(guided.fractions[boundary] - truth.mean()) <= abs(shares[boundary] - truth.mean()) + 0.02
    assert score(guided.labels, truth) > 0.6


def test_fractions_that_blur_boundaries_are_refused_however_far_they_are(fitted):
    segmenter, found = fitted
    image, _ = polycrystal()
    boundary = int(np.argmin(found.fractions))
    known = [0.95, 0.95]
    known[boundary] = 0.05
    with pytest.warns(CompositionWarning, match="times as sharp"):
        guided = segmenter.predict(image, fractions=known)
    assert guided.guidance is not None
    assert not guided.guidance.is_guided
    # Two phases of another kind may be so far blurred by fractions so far from theirs.
    misfit = np.sum(np.square(found.fractions - np.array(known))) / (2 * 0.05**2)
    assert guided.guidance.sharpness > np.exp(-0.05 - 0.05 * misfit)
    np.testing.assert_array_equal(guided.labels, found.labels)


def test_why_is_in_the_file_and_survives_it(fitted, tmp_path):
    segmenter, found = fitted
    path = tmp_path / "model.npz"
    segmenter.save(path)
    loaded = Segmenter.load(path)
    assert loaded.model.chosen == segmenter.model.chosen
    assert loaded.model.digest == segmenter.model.digest
    np.testing.assert_array_equal(loaded.predict(found.micrograph).labels, found.labels)
    broken = replace(segmenter.model, chosen=replace(segmenter.model.chosen, figures={**HOLDS, "length": np.nan}))
    Segmenter.from_model(broken).save(path)
    with pytest.raises(ModelFileError, match="damaged"):
        Segmenter.load(path)


def test_two_phases_with_broad_peaks_are_no_grains():
    for seed in range(3):
        image = make_micrograph("nickel_superalloy", shape=(128, 160), seed=seed, band=False).image
        found = examine(image.astype(np.float32) / 255)
        assert found["variety"] < 0.3 < 0.9 < found["evenness"]


def test_the_run_says_why_and_repeats(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.rint(255 * polycrystal()[0]).astype(np.uint8))
    runner, out = CliRunner(), tmp_path / "out"
    options = ["run", str(tmp_path / "a.png"), "-k", "2", "--band", "none", "-o", str(out)]
    assert "the two phases are grains and their boundaries" in " ".join(runner.invoke(app, options).stdout.split())
    record = json.loads((out / "a.json").read_text(encoding="utf-8"))
    assert record["parameters"]["features"] == "edges"
    assert BOUNDARIES.holds(record["model"]["chosen"]["figures"])
    again = runner.invoke(app, ["rerun", str(out / "a.json")])
    assert again.exit_code == 0, again.output


def test_the_sheet_shows_what_the_default_makes(fitted):
    image, parameters = polycrystal()[0], make_grid([2])[DEFAULT][0]
    trial = try_candidate(share(extract_features(image, parameters), image, parameters), parameters, 1)
    assert trial.parameters == parameters
    np.testing.assert_array_equal(trial.labels, fitted[1].labels)


def test_the_choice_is_the_same_on_any_number_of_threads(fitted):
    with threadpool_limits(1):
        alone = Segmenter(2).fit(polycrystal()[0]).model
    assert alone.chosen == fitted[0].model.chosen
    assert alone.digest == fitted[0].model.digest
    assert choose([polycrystal()[0]], alone.parameters) == (alone.parameters, None)


def test_rounding_alone_is_one_grey_level():
    rounded = np.full((12, 12), 0.5, np.float32)
    rounded[::2] = np.nextafter(np.float32(0.5), np.float32(1))
    assert not BOUNDARIES.holds(examine(rounded))
    np.testing.assert_allclose(find_levels(rounded, 2), 0.5, atol=1e-6)
