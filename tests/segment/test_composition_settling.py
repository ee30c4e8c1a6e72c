from __future__ import annotations

import cv2
import numpy as np
import pytest

from segment import Segmenter
from segment.composition import Composition, settle
from segment.mixture.leaders import leaders


def two_phases(seed, share, shape=(90, 100)):
    """Draw a minor bright phase, and abundances that cannot tell the phases apart well and are biased towards it."""
    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.random(shape).astype(np.float32), (0, 0), 5)
    truth = field > np.quantile(field, 1 - share)
    image = np.where(truth, 0.7, 0.4) + rng.normal(scale=0.05, size=shape)
    evidence = np.where(truth, 0.75, 0.55) + rng.normal(scale=0.05, size=shape)
    return truth, image.astype(np.float32), np.stack([1 - evidence, evidence]).astype(np.float32)


def test_the_batch_finds_its_own_fractions():
    truths, images, batch = zip(*(two_phases(seed, share) for seed, share in enumerate((0.1, 0.3))), strict=True)
    done = settle(batch, images, names=["matrix", "particle"])
    for truth, guidance in zip(truths, done, strict=True):
        assert guidance.before[1] > 0.7
        assert guidance.after[1] == pytest.approx(truth.mean(), abs=0.08)
        assert np.mean(guidance.labels == truth) > 0.9
        assert guidance.names == ("matrix", "particle")
        assert guidance.target.sum() == pytest.approx(1.0)
        assert guidance.flipped > 0.3 * truth.size


def test_a_phase_without_a_pixel_does_not_break_the_estimate():
    _, image, abundances = two_phases(0, 0.2)
    three = np.concatenate([abundances, np.full_like(abundances[:1], 1e-3)])
    done = settle([three], [image])[0]
    assert np.isfinite(done.offsets).all()
    assert done.after[:2].sum() > 0.9


def test_settling_is_deterministic_and_leaves_its_input():
    _, image, abundances = two_phases(0, 0.2)
    before = abundances.copy()
    first, second = settle([abundances], [image])[0], settle([abundances], [image])[0]
    assert np.array_equal(first.labels, second.labels)
    assert np.array_equal(abundances, before)


def test_bad_batches_are_refused():
    _, image, abundances = two_phases(0, 0.2)
    with pytest.raises(ValueError, match="sizes of their abundances"):
        settle([abundances], [image[1:]])
    with pytest.raises(ValueError, match="sizes of their abundances"):
        settle([abundances], [image, image])
    with pytest.raises(ValueError, match="batch is empty"):
        settle([], [])
    with pytest.raises(ValueError, match="finite and not negative"):
        settle([-abundances], [image])


def test_phases_are_learned_anew_where_that_is_clearer():
    truth, image, abundances = two_phases(0, 0.2)
    rng = np.random.default_rng(1)
    views = (truth + rng.normal(scale=0.2, size=(2, *truth.shape))).astype(np.float32)
    done = settle([abundances], [image], views=[views])[0]
    assert done.is_guided
    assert done.ambiguity < 0.9
    assert np.mean(done.labels == truth) > np.mean(settle([abundances], [image])[0].labels == truth)
    assert done.after == pytest.approx(done.target, abs=0.02)


def test_an_image_that_is_clear_already_stays_as_it_is():
    truth, image, _ = two_phases(0, 0.2)
    abundances = np.stack([~truth, truth]).astype(np.float32)
    done = settle([abundances], [image], views=[image[None]])[0]
    assert not done.is_guided
    assert done.ambiguity > 0.9
    assert np.array_equal(done.labels, leaders(abundances))
    assert (done.flipped, done.offsets.tolist()) == (0, [0.0, 0.0])


@pytest.mark.parametrize(("shift", "is_guided"), [(0, False), (12, True)])
def test_a_map_with_sharper_boundaries_is_not_given_up_for_an_estimate(shift, is_guided):
    truth, image, abundances = two_phases(0, 0.2)
    rng = np.random.default_rng(1)
    views = (truth + rng.normal(scale=0.2, size=(2, *truth.shape))).astype(np.float32)
    # The map that is shown has the boundaries of the image, or has them where there are none.
    shown = np.roll(truth, shift, axis=1).astype(np.uint8)
    done = settle([abundances], [image], views=[views], shown=[shown])[0]
    assert done.ambiguity < 0.9
    assert (done.sharpness > 1) is is_guided
    assert done.is_guided is is_guided


def test_a_segmenter_takes_auto():
    truth, image, _ = two_phases(0, 0.2)
    image = np.clip(image, 0, 1)
    segmenter = Segmenter(2, tol=1e-2, alpha=0.0, features="pixel", sharpening=0).fit(image)
    done = segmenter.predict(image, fractions="auto")
    assert done.guidance.ambiguity is not None
    assert np.array_equal(done.labels, done.guidance.labels)
    assert done.fractions.tolist() == done.guidance.after.tolist()
    assert np.mean(done.labels == truth) > np.mean(leaders(done.abundances) == truth)
    with pytest.raises(ValueError, match="numbers or 'auto', got 'best'"):
        segmenter.predict(image, fractions="best")


def test_auto_goes_with_nothing_that_needs_known_fractions():
    Composition("auto").check(["a", "b"])
    with pytest.raises(ValueError, match="need known ones"):
        Composition("auto", hard=True).check(["a", "b"])
    with pytest.raises(ValueError, match="numbers or 'auto'"):
        Composition("guess").check(["a", "b"])
