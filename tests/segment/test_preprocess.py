from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from segment.preprocess import prepare

IMAGE = np.random.default_rng(3).random((30, 44)).astype(np.float32)
SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))
LEVELS = st.floats(0, 1, width=32)


def test_native_size_is_untouched():
    np.testing.assert_array_equal(prepare(IMAGE), IMAGE)


@given(npst.arrays(np.float32, SHAPES, elements=LEVELS), st.none() | st.integers(1, 50) | SHAPES, st.booleans())
def test_size_type_and_range(image, size, clahe):
    before = image.copy()
    prepared = prepare(image, size=size, clahe=clahe)
    assert prepared.shape == (image.shape if size is None else (size, size) if isinstance(size, int) else size)
    assert prepared.dtype == np.float32
    assert prepared.flags.c_contiguous
    assert prepared.min() >= 0
    assert prepared.max() <= 1
    np.testing.assert_array_equal(image, before)


def test_shrinking_averages_areas():
    blocks = IMAGE[:30, :40].reshape(15, 2, 20, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(prepare(IMAGE[:, :40], size=(15, 20)), blocks, atol=1e-6)


def test_growing_is_linear_between_pixels():
    ramp = np.tile(np.linspace(0, 1, 8, dtype=np.float32), (4, 1))
    grown = prepare(ramp, size=(4, 80))
    assert np.all(np.diff(grown[0]) >= -1e-6)
    np.testing.assert_allclose(np.diff(grown[0, 10:70]), np.diff(grown[0, 10:70]).mean(), atol=1e-5)


def test_clahe_is_opencvs_with_clip_2_and_8_by_8_tiles():
    image = np.round(IMAGE * 65535) / 65535
    reference = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(np.rint(image * 65535).astype(np.uint16))
    np.testing.assert_allclose(prepare(image, clahe=True), reference / 65535, atol=1e-6)


def test_clahe_comes_after_the_resize():
    both = prepare(IMAGE, size=16, clahe=True)
    np.testing.assert_array_equal(both, prepare(prepare(IMAGE, size=16), clahe=True))
    assert not np.array_equal(both, prepare(IMAGE, size=16))


@pytest.mark.parametrize(
    ("size", "error"),
    [
        (0, ValueError),
        ((5, -1), ValueError),
        (2.5, TypeError),
        ("512", TypeError),
        ((1, 2, 3), TypeError),
        ((4.0, 4), TypeError),
    ],
)
def test_bad_size_is_named(size, error):
    with pytest.raises(error, match="size must"):
        prepare(IMAGE, size=size)


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (IMAGE * 255, "from"),
        (IMAGE - 0.5, "from -"),
        (np.full((3, 3), np.nan), "nan"),
        (np.zeros((0, 3)), r"\(0, 3\)"),
        (np.zeros((3, 3, 3)), r"\(3, 3, 3\)"),
    ],
)
def test_bad_image_is_named(image, found):
    with pytest.raises(ValueError, match=f"image must .*{found}"):
        prepare(image)
