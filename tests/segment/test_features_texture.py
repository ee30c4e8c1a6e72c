from __future__ import annotations

import numpy as np
import pytest

from segment.evaluate import evaluate
from segment.features import extract
from segment.features.flatten import find_levels, flatten
from segment.features.histogram import fill_histogram
from segment.features.scale import window_sigma, window_weight, working_shape
from segment.model.sharpening import sharpen

BANDS = {"pair": slice(0, 2), "grey": slice(2, 10), "blob": slice(10, 16), "edge": slice(16, 22)}


def noise(shape, seed=0):
    return np.random.default_rng(seed).random(shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(90, 130), (500, 450)])
def test_every_band_sums_to_a_constant(shape):
    stack = extract(noise(shape), "texture")
    weight = stack.neighbourhood.weight
    for name, band in BANDS.items():
        np.testing.assert_allclose(stack.data[band].sum(axis=0), 1 if name == "pair" else weight, atol=1e-4)


def test_windows_count_where_phases_are_larger_than_they():
    fine, coarse = (np.tile(np.repeat(np.float32([0.2, 0.8]), n), (120, 120 // n)) for n in (2, 60))
    chosen = [extract(image, "texture").neighbourhood for image in (fine, coarse)]
    assert [one.window_px for one in chosen] == [4.0, 4.0]
    assert chosen[0].coarseness < 0.05 < 0.5 < chosen[1].coarseness < 1
    assert (chosen[0].weight, chosen[1].weight) == (0.25, 1.0)
    assert [window_weight(share) for share in (0.0, 0.2, 0.3)] == [0.25, pytest.approx(0.8), 1.0]


def test_the_window_is_told_in_pixels_of_the_image_and_follows_the_scale():
    assert extract(noise((900, 640)), "texture").neighbourhood.window_px == pytest.approx(640 / 30)
    assert extract(noise((90, 60)), "histogram", scale=3.0).neighbourhood.window_px == pytest.approx(6.0)
    assert extract(np.full((9, 9), 0.5), "texture").neighbourhood is None
    assert extract(noise((9, 9)), "pixel").neighbourhood is None


def test_a_histogram_is_the_share_of_area_under_the_window():
    band = np.zeros((60, 60), np.float32)
    band[:, 30:] = 1
    out = np.empty((2, 60, 60), np.float32)
    fill_histogram(band, 4.0, out)
    np.testing.assert_allclose(out.sum(axis=0), 1, atol=1e-6)
    np.testing.assert_allclose(out[1][:, 29:31].mean(), 0.5, atol=0.02)
    assert out[1][:, :14].max() < 0.01
    assert np.all(np.diff(out[1][30]) >= -1e-6)


def test_values_between_two_centres_are_shared():
    band = np.repeat(np.float32([0.0, 0.25, 1.0]), 30)[None].repeat(90, axis=0)
    out = np.empty((3, *band.shape), np.float32)
    fill_histogram(band, 0.5, out)
    assert out[:, 45, 15].round(3).tolist() == [1, 0, 0]
    assert out[:, 45, 45].round(3).tolist() == [0, 1, 0]


@pytest.mark.parametrize("slope", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("shape", [(96, 96), (300, 200)])
def test_flattening_takes_shading_and_leaves_phases(slope, shape):
    columns = np.arange(shape[1]) // 12 % 3 == 0
    phases = np.broadcast_to(columns, shape)
    image = (0.2 + 0.3 * phases + slope * np.linspace(0, 1, shape[0])[:, None]).astype(np.float32)
    flat = flatten(image, n_levels=2)
    for phase in (False, True):
        assert flat[phases == phase].std() < 0.35 * image[phases == phase].std()
    assert flat[phases].mean() - flat[~phases].mean() == pytest.approx(0.3, abs=0.05)
    assert flat.mean() == pytest.approx(image.mean(), abs=0.02)


def test_flattening_keeps_the_grey_levels_of_large_phases():
    image = np.full((200, 200), 0.3, np.float32)
    image[:, 100:] = 0.6
    flat = flatten(image)
    assert flat[:, 120:].mean() - flat[:, :80].mean() > 0.25


def test_flattening_says_what_is_wrong():
    with pytest.raises(ValueError, match="n_levels must be at least 1, got 0"):
        flatten(noise((8, 8)), n_levels=0)


def test_levels_are_those_of_the_image():
    image = np.repeat(np.float32([0.1, 0.5, 0.9]), 100) + np.random.default_rng(0).normal(0, 0.01, 300)
    np.testing.assert_allclose(find_levels(image.astype(np.float32), 3), [0.1, 0.5, 0.9], atol=0.02)


def test_large_images_are_reduced_and_windows_follow_the_size():
    assert working_shape((800, 1200)) == (400, 600)
    assert window_sigma((400, 600)) == pytest.approx(2 * window_sigma((200, 900)))
    assert window_sigma((1, 1)) == 0.5


def test_sharpened_components_are_the_means_of_what_they_lead():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 3000)
    X = (np.eye(3)[truth] * 0.6 + 0.2 + rng.normal(0, 0.01, (3000, 3))).clip(0).astype(np.float32)
    H = sharpen(X, X, np.eye(3, dtype=np.float32), 10)
    np.testing.assert_allclose(H, [X[truth == k].mean(axis=0) for k in range(3)], rtol=1e-5)
    idle = np.vstack([H, np.float32([[0, 0, 0]])])
    np.testing.assert_array_equal(sharpen(X, np.c_[X, np.zeros(3000, np.float32)], idle, 3)[3], 0)


def test_the_default_beats_thresholds_and_single_pixels_on_labelled_micrographs(shared_data):
    from benchmarks.quality import METHODS, load_sets

    sets, _ = load_sets(2)
    scores = {
        method: np.mean(
            [
                evaluate(METHODS[method](item), item.truth).mean_iou
                for name in ("metaldam", "precipitates", "nanoparticles")
                for item in sets[name]
            ]
        )
        for method in ("multi-Otsu", "segment, preset pixel", "segment, preset default")
    }
    assert scores["segment, preset default"] > scores["multi-Otsu"] + 0.03
    assert scores["segment, preset default"] > scores["segment, preset pixel"] + 0.05
