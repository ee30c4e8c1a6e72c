"""Spatial coherence of maps: smoothing of shares and clean-up of labels."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segment import Segmenter
from segment.model.cleaning import clean
from segment.model.smoothing import smooth

QUICK = {"preset": "high_sparsity", "tol": 1e-2, "alpha": 0.0}


def noisy(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    image = np.full((40, 48), 0.3)
    image[:, 24:] = 0.7
    return np.clip(image + rng.normal(scale=0.2, size=image.shape), 0, 1).astype(np.float32)


def region_sizes(labels: np.ndarray) -> list[int]:
    sizes = []
    for label in np.unique(labels):
        found, count = scipy.ndimage.label(labels == label)
        sizes += np.bincount(found.ravel(), minlength=count + 1)[1:].tolist()
    return sizes


@given(arrays(np.uint8, (7, 9), elements=st.integers(0, 3)), st.integers(0, 20))
def test_no_region_is_smaller_than_asked_unless_it_is_the_only_one(labels, min_region):
    cleaned = clean(labels, min_region)
    sizes = region_sizes(cleaned)
    assert len(sizes) == 1 or min(sizes) >= min_region
    assert set(np.unique(cleaned)) <= set(np.unique(labels))


@given(arrays(np.uint8, (7, 9), elements=st.integers(0, 3)))
def test_clean_up_changes_only_regions_that_are_too_small(labels):
    cleaned = clean(labels, 4)
    for label in np.unique(labels):
        found, count = scipy.ndimage.label(labels == label)
        for region in range(1, count + 1):
            inside = found == region
            if inside.sum() >= 4:
                assert (cleaned[inside] == label).all()


def test_a_small_region_goes_where_its_border_is_longest():
    labels = np.zeros((5, 6), dtype=np.uint8)
    labels[:, 3:] = 2
    labels[2, 1:4] = 1
    # Five edges with 0, three with 2.
    assert (clean(labels, 4)[2, 1:4] == 0).all()
    np.testing.assert_array_equal(clean(labels, 3), labels)


@pytest.mark.parametrize("strength", [0.1, 1.0, 8.0])
def test_smoothing_minimises_what_it_says(strength):
    shares = np.random.default_rng(0).random((2, 6, 7)).astype(np.float32)
    h, w = shares.shape[1:]
    chains = [scipy.sparse.diags_array([np.ones(n - 1), np.ones(n - 1)], offsets=[-1, 1]) for n in (h, w)]
    eyes = [scipy.sparse.eye_array(n) for n in (h, w)]
    adjacency = scipy.sparse.kron(chains[0], eyes[1]) + scipy.sparse.kron(eyes[0], chains[1])
    system = scipy.sparse.eye_array(h * w) + strength * scipy.sparse.csgraph.laplacian(adjacency)
    expected = scipy.sparse.linalg.spsolve(system.tocsc(), shares.reshape(2, -1).T).T.reshape(shares.shape)
    np.testing.assert_allclose(smooth(shares, strength), expected, atol=0.02)


def test_strength_zero_changes_nothing():
    shares = np.random.default_rng(1).random((3, 5, 4)).astype(np.float32)
    assert smooth(shares, 0.0) is shares


def test_a_smoother_map_has_fewer_regions():
    segmenter = Segmenter(2, features="pixel", **QUICK).fit(noisy())
    smoother = Segmenter(2, features="pixel", smoothness=4.0, **QUICK).fit(noisy())
    counts = [len(region_sizes(one.predict(noisy(1)).labels)) for one in (segmenter, smoother)]
    assert counts[1] < 0.7 * counts[0]


def test_a_cleaned_map_has_no_small_region_and_its_fractions_are_those_of_its_labels():
    found = Segmenter(2, features="pixel", min_region=12, **QUICK).fit(noisy()).predict(noisy(1))
    assert min(region_sizes(found.labels)) >= 12
    np.testing.assert_allclose(found.fractions, np.bincount(found.labels.ravel()) / found.labels.size)


def test_fractions_met_to_the_pixel_are_not_cleaned_away():
    segmenter = Segmenter(2, features="pixel", min_region=12, **QUICK).fit(noisy())
    found = segmenter.predict(noisy(1), fractions=[0.4, 0.6], hard=True, gate=float("inf"))
    assert np.count_nonzero(found.labels == 0) == round(0.4 * found.labels.size)
