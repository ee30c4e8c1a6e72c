from __future__ import annotations

import numpy as np
import pytest

from segment.atoms import find_columns
from segment.atoms.find import GAUSSIAN_BEND, choose_threshold
from segment.atoms.joint_model import JointModel
from segment.atoms.noise import estimate_noise
from segment.atoms.pixels import check_pixels
from segment.atoms.refine import normal_equations, refine
from segment.atoms.scale import find_scale
from segment.evaluate import match_columns
from segment.records import ColumnShape, ImageNoise
from segment.samples import make_columns


@pytest.mark.parametrize("counts", [30.0, 3.0])
def test_the_scale_comes_from_the_image(counts):
    sample = make_columns(shape=(200, 220), counts=counts, random_state=3)
    scale = find_scale(sample.image)
    assert scale.sigma_px == pytest.approx(sample.sigma_px, rel=0.15)
    assert scale.period_px == pytest.approx(316 / 15.6, abs=1)


def test_noise_alone_has_no_scale():
    with pytest.raises(ValueError, match="no structure beyond noise"):
        find_scale(np.random.default_rng(0).poisson(5.0, (128, 128)).astype(float))


def test_a_period_below_four_pixels_is_refused():
    sample = make_columns("srtio3", shape=(128, 128), pixel_size_pm=110.0, sigma_pm=60.0, counts=500, random_state=0)
    with pytest.raises(ValueError, match=r"columns repeat every .* pixels and are not resolved"):
        find_columns(sample.image)


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (0.02, 0.001), (3.0, 50.0)])
def test_the_noise_of_an_image_is_measured(gain, offset):
    rng = np.random.default_rng(1)
    signal = np.linspace(2.0, 60.0, 256)[:, None] * np.ones(256)
    image = gain * rng.poisson(signal) + np.sqrt(offset) * rng.standard_normal(signal.shape)
    noise = estimate_noise(image)
    assert noise.gain == pytest.approx(gain, rel=0.06)
    assert noise.variance(gain * signal).mean() == pytest.approx((gain**2 * signal).mean() + offset, rel=0.03)


def test_the_threshold_lets_so_few_peaks_of_noise_through():
    assert choose_threshold(np.array([1.0, 2.0]), 10_000, 0.1, 0.01) == np.inf
    heights = np.concatenate([np.full(50, 8.0), np.full(200, 2.0)])
    assert choose_threshold(heights, 10_000, GAUSSIAN_BEND / 9, 0.01) == 8.0


def _model(n=4, shape=(48, 60)):
    rng = np.random.default_rng(5)
    y, x = rng.uniform(12, 36, n), rng.uniform(12, 48, n)
    return JointModel(y, x, rng.uniform(20, 60, n), rng.uniform(3, 6, (2, 3)), ColumnShape(2.6, 0.07), shape)


def test_derivatives_are_finite_differences():
    model, rest = _model(), 1e-5
    local, smooth = model.jacobian()
    for column in range(12):
        step = np.zeros(12 + 6)
        step[column] = rest
        moved = (model.moved(step, np.zeros(2)).expected() - model.expected()).ravel() / rest
        found = local.tocsc()[:, [column]].toarray().ravel()
        # The patch of a column is cut where it has fallen to a thousandth.
        assert np.abs(moved - found).max() < 0.02 * np.abs(moved).max()
    step = np.zeros(18)
    step[12 + 4] = rest
    moved = (model.moved(step, np.zeros(2)).expected() - model.expected()).ravel() / rest
    assert np.allclose(moved, smooth.toarray()[:, 4], atol=1e-6)
    for index, derivative in enumerate(model.shape_derivatives()):
        by_shape = np.eye(2)[index] * rest
        moved = (model.moved(np.zeros(18), by_shape).expected() - model.expected()).ravel() / rest
        assert np.allclose(moved, derivative, atol=0.01 * np.abs(derivative).max())


def test_without_noise_the_fit_finds_what_was_drawn():
    truth = _model(3)
    start = truth.moved(np.append(np.tile([0.6, -0.5, 4.0], 3), np.zeros(6)), np.array([0.1, -0.02]))
    image = truth.expected()
    found = refine(image, start, ImageNoise(1.0, 0.0), np.ones_like(image), max_steps=25, tol=1e-6)
    assert np.abs(found.y - truth.y).max() < 0.01
    assert np.abs(found.x - truth.x).max() < 0.01
    assert np.abs(found.amplitude / truth.amplitude - 1).max() < 0.02


def test_error_bars_are_those_of_the_inverse():
    from segment.atoms.covariance import column_errors

    model = _model(5)
    image, noise = model.expected(), ImageNoise(1.0, 0.0)
    equations = normal_equations(image, model, noise, np.ones_like(image), with_shape=True)
    errors = column_errors(equations, model.y, model.x, model.shape.sigma_px)
    full = np.block(
        [[equations.matrix.toarray(), equations.border], [equations.border.T, equations.corner + np.diag([4.0, 100.0])]]
    )
    assert np.allclose(errors.ravel() ** 2, np.diag(np.linalg.inv(full))[:15], rtol=1e-6)


@pytest.mark.parametrize(("counts", "least"), [(30.0, 0.995), (3.0, 0.96)])
def test_columns_are_found_and_their_errors_are_true(counts, least):
    sample = make_columns(shape=(200, 200), counts=counts, random_state=11)
    columns = find_columns(sample.image, pixel_size_pm=sample.pixel_size_pm)
    is_there = sample.amplitude > 0
    true = np.stack([sample.y, sample.x], axis=1)[is_there]
    scores = match_columns(columns.positions, true, tolerance=5.0, shape=(200, 200), margin=15)
    assert scores.f1 >= least
    is_heavy = (sample.kind[is_there] == "Mo")[scores.true] & scores.is_inside_true[scores.true]
    away = (columns.positions[scores.found] - true[scores.true])[is_heavy]
    error = np.stack([columns.y_error, columns.x_error], axis=1)[scores.found][is_heavy]
    assert np.sqrt(np.mean((away / error) ** 2)) == pytest.approx(1.0, abs=0.15)
    assert columns.misfit == pytest.approx(1.0, abs=0.05)


def test_dark_columns_and_another_unit_give_the_same_places():
    sample = make_columns(shape=(128, 128), counts=100, random_state=2)
    bright = find_columns(sample.image)
    dark = find_columns(7.0 - 0.01 * sample.image, is_dark=True)
    inner = bright.positions[~bright.is_edge]
    scores = match_columns(dark.positions[~dark.is_edge], inner, tolerance=1.0)
    assert scores.f1 > 0.97
    assert scores.rms < 0.1


def test_pixels_without_a_value_and_saturated_ones_do_not_count():
    sample = make_columns(shape=(128, 128), counts=100, random_state=2)
    image = sample.image.copy()
    image[40:52, 60:72] = np.nan
    columns = find_columns(image)
    near = (np.abs(columns.y - 46) < 5) & (np.abs(columns.x - 66) < 5)
    assert columns.is_edge[near].all()
    flat = np.minimum(sample.image, 60)
    assert check_pixels(flat).n_saturated > 100
    assert match_columns(find_columns(flat).positions, find_columns(sample.image).positions, tolerance=1.0).f1 > 0.9


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((3, 64, 64)), r"shape \(3, 64, 64\): of a stack or a colour image, give one plane"),
        (np.zeros((10, 64)), "at least 24 pixels a side"),
        (np.full((64, 64), 3.0), "3 everywhere"),
        (np.full((64, 64), np.nan), "has a value in 0 of 4096"),
        (np.zeros((64, 64), dtype=complex), "real numbers, got complex128"),
    ],
)
def test_bad_images_are_named(image, message):
    with pytest.raises(ValueError, match=message):
        find_columns(image)


def test_pairs_are_as_many_and_then_as_near_as_can_be():
    scores = match_columns([[0.0, 0.0], [0.0, 2.0]], [[0.0, 1.0], [0.0, -1.5]], tolerance=1.6)
    assert scores.found.tolist() == [0, 1]
    assert scores.true.tolist() == [1, 0]
    with pytest.raises(ValueError, match="margin needs shape"):
        match_columns([[0, 0]], [[0, 0]], tolerance=1, margin=2)
    with pytest.raises(ValueError, match="tolerance must be positive"):
        match_columns([[0, 0]], [[0, 0]], tolerance=0)


def test_a_sample_has_the_amplitudes_it_says():
    sample = make_columns(shape=(96, 96), counts=50, tails=0.0, background=0.0, defects=False, random_state=0)
    heavy = np.flatnonzero((sample.kind == "Mo") & (np.abs(sample.y - 48) < 30) & (np.abs(sample.x - 48) < 30))
    at = sample.expected[np.rint(sample.y[heavy]).astype(int), np.rint(sample.x[heavy]).astype(int)]
    assert np.allclose(sample.amplitude[heavy], 50)
    assert np.all((at > 45) & (at < 53))
    with pytest.raises(ValueError, match="structure must be one of"):
        make_columns("cheese")
