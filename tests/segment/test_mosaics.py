from __future__ import annotations

import numpy as np
import pytest

import segment.features.rows as rows
import segment.model.training as training
from segment import Segmenter
from segment.features import FEATURES, extract, open_rows
from segment.io import from_array
from segment.records import GreyImage
from segment.samples import make_micrograph

SHAPE = (130, 170)


@pytest.fixture
def small_blocks(monkeypatch):
    """Images above 10,000 pixels are large, and their features are taken 23 rows at a time."""
    monkeypatch.setattr(training, "LARGE", 10_000)
    monkeypatch.setattr(training, "GRID", 1_000_000)
    monkeypatch.setattr(rows, "BLOCK", 23 * SHAPE[1])


@pytest.mark.parametrize("name", FEATURES)
def test_features_of_rows_are_those_of_the_whole(name, monkeypatch):
    monkeypatch.setattr(rows, "BLOCK", 23 * SHAPE[1])
    image = np.random.default_rng(0).random(SHAPE, np.float32)
    valid = np.ones(SHAPE, bool)
    valid[:40, :50] = False
    for one in (image, GreyImage(image, valid=valid), np.full(SHAPE, 0.5, np.float32)):
        whole, opened = extract(one, name), open_rows(one, name)
        assert opened.neighbourhood == whole.neighbourhood
        found = [(pixels, stack.data.copy()) for pixels, stack in opened.blocks()]
        assert [pixels.start for pixels, _ in found][:2] == [0, 23 * SHAPE[1]]
        np.testing.assert_allclose(np.concatenate([data for _, data in found], axis=1), whole.data, atol=2e-6)


@pytest.mark.parametrize("material", ["dual_phase_steel", "nickel_superalloy"])
def test_a_map_in_blocks_is_the_map_of_the_whole(material, request):
    sample = make_micrograph(material, shape=SHAPE, seed=1, band=False)
    k = len(sample.names)
    whole = Segmenter(k).fit_predict(sample.image)
    request.getfixturevalue("small_blocks")
    blocks = Segmenter(k).fit_predict(sample.image)
    assert np.mean(blocks.labels != whole.labels) < 1e-4
    np.testing.assert_allclose(blocks.abundances, whole.abundances, atol=1e-3)


def test_excluded_pixels_of_a_large_image(small_blocks):
    image = make_micrograph("dual_phase_steel", shape=SHAPE, band=False).image
    valid = np.ones(SHAPE, bool)
    valid[:, :60] = False
    maps = [
        Segmenter(2).fit_predict(from_array(np.where(valid, image, np.uint8(filler)), valid=valid)).labels
        for filler in (0, 255)
    ]
    np.testing.assert_array_equal(*maps)
    assert np.all(maps[0][:, :60] == 255)


def test_features_that_cannot_be_of_rows_are_not_computed_for_large_images(small_blocks, monkeypatch):
    """Nothing asks for all features of a large image at once."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("all features at once")

    monkeypatch.setattr(training, "extract", refuse)
    image = make_micrograph("dual_phase_steel", shape=SHAPE, band=False).image
    monkeypatch.setattr(training, "MOST_ENTRIES", 22 * 5_000)
    assert Segmenter(2, choices=[]).fit_predict(image).labels.max() == 1
