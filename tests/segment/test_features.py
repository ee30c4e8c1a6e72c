from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import ndimage

from segment.features import FEATURES, extract

SHAPES = st.tuples(st.integers(1, 30), st.integers(1, 30))
IMAGES = npst.arrays(np.float32, SHAPES, elements=st.floats(0, 1, width=32))
IMAGE = np.random.default_rng(5).random((61, 47)).astype(np.float32)


def reference(image):
    """The six features in float64 by another library, before scaling."""
    image = image.astype(np.float64)
    mode = "mirror"
    gradient = np.hypot(ndimage.sobel(image, 0, mode=mode), ndimage.sobel(image, 1, mode=mode))
    mean, square = ndimage.uniform_filter(image, 5, mode=mode), ndimage.uniform_filter(image**2, 5, mode=mode)
    blurs = [ndimage.gaussian_filter(image, sigma, mode=mode, radius=round(3 * sigma)) for sigma in (3, 7)]
    return [image, gradient, ndimage.laplace(image, mode=mode), square - mean**2, *blurs]


def test_pixel_features_against_a_slow_reference():
    stack = extract(IMAGE)
    assert stack.names == ("grey", "gradient", "laplacian", "variance", "gaussian_3", "gaussian_7")
    for plane, slow in zip(stack.data, reference(IMAGE), strict=True):
        scaled = (slow - slow.min()) / (slow.max() - slow.min()) * (1 - 1e-6) + 1e-6
        np.testing.assert_allclose(plane, scaled, atol=2e-5)


@pytest.mark.parametrize("name", FEATURES)
@given(image=IMAGES)
# A range of which the inverse does not exist in float32.
@example(image=np.array([[1.1754944e-38, 0]], np.float32))
@example(image=np.array([[1e-45, 0]], np.float32))
@example(image=np.array([[1e-19, 0, 3e-20]], np.float32))
def test_every_set_is_positive_finite_and_laid_out_for_the_engine(name, image):
    before = image.copy()
    stack = extract(image, name)
    assert stack.data.dtype == np.float32
    assert stack.data.flags.c_contiguous
    assert stack.data.shape == (len(stack.names), *image.shape)
    assert np.all(stack.data > 0)
    assert stack.data.max() <= 1 + 2e-6
    np.testing.assert_array_equal(image, before)
    assert stack.X.shape == (image.size, len(stack.names))
    assert np.shares_memory(stack.X, stack.data)


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("level", [0.0, 0.3, 1 / 3, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (5, 1), (200, 301)])
def test_a_constant_image_is_tiny_everywhere(name, level, shape):
    data = extract(np.full(shape, level, np.float32), name).data
    np.testing.assert_array_equal(data, np.float32(1e-6))


@pytest.mark.parametrize("name", FEATURES)
def test_every_set_ignores_layout_and_threads(name):
    plain = extract(IMAGE, name).data
    for shift in range(4):
        moved = np.empty(IMAGE.size + 8, np.float32)[shift : shift + IMAGE.size].reshape(IMAGE.shape)
        moved[:] = IMAGE
        hold = [np.empty(37 + 64 * shift, np.uint8), extract(moved, name).data]
        np.testing.assert_array_equal(hold[1], plain)
    np.testing.assert_array_equal(extract(np.asfortranarray(IMAGE), name).data, plain)
    np.testing.assert_array_equal(extract(np.repeat(IMAGE, 2, axis=1)[:, ::2], name).data, plain)
    np.testing.assert_array_equal(extract(IMAGE.astype(np.float64), name).data, plain)
    large = np.tile(IMAGE, (9, 12))
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        single = extract(large, name).data
        cv2.setNumThreads(2)
        np.testing.assert_array_equal(extract(large, name).data, single)
    finally:
        cv2.setNumThreads(threads)


@given(IMAGES, st.sampled_from([0.5, 0.25]))
def test_pixel_features_ignore_contrast(image, contrast):
    # Quantised, and dimmed by a power of two: nothing is rounded, so not a bit may change.
    image = np.round(image * 255) / np.float32(256)
    dim = extract(image * np.float32(contrast)).data
    np.testing.assert_array_equal(dim, extract(image).data)


@pytest.mark.parametrize("name", FEATURES)
@given(image=IMAGES, scale=st.sampled_from([0.01, 0.3, 3.0]), flatten=st.sampled_from([0, 1, 3]))
def test_every_set_is_positive_and_finite_at_any_scale_and_flattening(name, image, scale, flatten):
    data = extract(image, name, scale=scale, flatten=flatten).data
    assert np.all((data > 0) & (data <= 1 + 2e-6))


@pytest.mark.parametrize("name", FEATURES)
def test_a_larger_scale_is_a_calmer_image(name):
    fine, coarse = (extract(IMAGE, name, scale=scale).data for scale in (0.5, 4.0))
    # The last feature of every set sees a neighbourhood.
    steps = [np.abs(np.diff(data[-1])).mean() for data in (fine, coarse)]
    assert steps[1] < 0.7 * steps[0]
    np.testing.assert_array_equal(extract(IMAGE, name, scale=1.0, flatten="auto").data, extract(IMAGE, name).data)


@pytest.mark.parametrize("name", FEATURES)
def test_flattening_takes_a_slope_away(name):
    cells = np.kron(np.indices((12, 12)).sum(axis=0) % 2, np.ones((8, 8))).astype(np.float32)
    sloped = (0.2 + 0.2 * cells + 0.4 * np.linspace(0, 1, 96)[:, None]).astype(np.float32)
    if name in ("edges", "roughness", "spectrum"):
        # Edges, blobs and octaves do not see a slope.
        assert np.abs(extract(sloped, name, flatten=2).data - extract(sloped, name, flatten=0).data).mean() < 0.05
        return
    stacks = [extract(sloped, name, flatten=levels).data for levels in (0, 2)]
    slopes = [np.abs(data[:, :32].mean(axis=(1, 2)) - data[:, 64:].mean(axis=(1, 2))).mean() for data in stacks]
    assert slopes[1] < 0.7 * slopes[0]


@pytest.mark.parametrize(
    ("given", "message"),
    [({"scale": 0.0}, "scale .*got 0.0"), ({"scale": np.nan}, "scale"), ({"flatten": -1}, "flatten .*got -1"),
     ({"flatten": "much"}, "got 'much'")],
)  # fmt: skip
def test_a_scale_or_flattening_that_cannot_be_is_named(given, message):
    with pytest.raises(ValueError, match=message):
        extract(IMAGE, **given)


def test_unknown_set_lists_the_known():
    with pytest.raises(ValueError, match="'pixel'.*got 'pixels'"):
        extract(IMAGE, "pixels")


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (np.full((3, 3), np.nan), "NaN"),
        (np.full((3, 3), -np.inf), "infinity"),
        (np.zeros((0, 3)), r"\(0, 3\)"),
        (np.zeros((3, 3, 1)), r"\(3, 3, 1\)"),
    ],
)
def test_bad_image_is_named(image, found):
    with pytest.raises(ValueError, match=f"image must .*{found}"):
        extract(image)
