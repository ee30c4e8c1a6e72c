from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segment.composition import CompositionWarning, fraction_profile, guide, guide_batch
from segment.composition.evidence import gate_margin, log_scores
from segment.composition.exact_areas import meet_areas, pixel_counts
from segment.composition.offset_field import solve_offset_field
from segment.mixture.leaders import leaders, margins
from segment.mixture.offsets import solve_offsets


def mixture(fractions, shape=(96, 80), noise=0.8, seed=0):
    """Draw blobs of phases with these area fractions, and noisy abundances of them that sum to one."""
    import cv2

    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.random(shape).astype(np.float32), (0, 0), 4)
    edges = np.quantile(field, np.cumsum(fractions)[:-1])
    truth = np.digitize(field, edges).astype(np.uint8)
    evidence = np.stack([truth == phase for phase in range(len(fractions))]).astype(np.float32)
    evidence = np.exp(2 * evidence + rng.normal(scale=noise, size=evidence.shape))
    return truth, (evidence / evidence.sum(axis=0)).astype(np.float32)


def fractions_of(labels, n_phases):
    return np.bincount(labels.ravel(), minlength=n_phases) / labels.size


targets = st.lists(st.floats(0.02, 1.0), min_size=5, max_size=5)


@given(st.integers(2, 5), st.integers(0, 10**6), targets, st.sampled_from([0.02, 0.1, 0.5]))
def test_the_gradient_of_the_dual_vanishes_at_the_offsets(k, seed, raw, sigma):
    scores = np.random.default_rng(seed).normal(scale=2, size=(k, 4000))
    target = np.array(raw[:k]) / np.sum(raw[:k])
    offsets = solve_offsets(scores, target, sigma)
    fractions = fractions_of(np.argmax(scores + offsets[:, None], axis=0), k)
    assert np.abs(target - fractions - sigma**2 * offsets).max() < 0.01


@given(st.integers(0, 10**6), st.floats(0.05, 0.95), st.sampled_from([0.03, 0.2, 1.0]))
def test_no_threshold_has_a_lower_objective(seed, share, sigma):
    margin = np.random.default_rng(seed).normal(size=2000)
    scores, target = np.stack([np.zeros(2000), margin]), np.array([1 - share, share])

    def objective(shift):
        is_second = margin + shift > 0
        misfit = is_second.mean() - share
        return -np.mean(margin * is_second) + 2 * misfit**2 / (2 * sigma**2)

    offsets = solve_offsets(scores, target, sigma)
    least = min(objective(shift) for shift in np.linspace(-4, 4, 4001))
    assert objective(offsets[1] - offsets[0]) <= least + 2e-3


@given(st.integers(2, 5), st.integers(0, 10**6), targets, st.floats(0.1, 3.0))
def test_no_two_offsets_differ_by_more_than_the_limit(k, seed, raw, limit):
    scores = np.random.default_rng(seed).normal(scale=2, size=(k, 1000))
    offsets = solve_offsets(scores, np.array(raw[:k]) / np.sum(raw[:k]), 0.02, limit)
    assert np.ptp(offsets) <= limit * (1 + 1e-9)


def test_less_certain_fractions_pull_less():
    _, abundances = mixture([0.5, 0.3, 0.2])
    target = np.array([0.2, 0.3, 0.5])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompositionWarning)
        misfits = [np.abs(guide(abundances, target, sigma=s, gate=np.inf).after - target).sum() for s in (0.02, 0.3, 2)]
    assert misfits[0] < 0.04
    assert misfits[0] < misfits[1] < misfits[2]


def test_guidance_repairs_a_biased_segmentation():
    truth, abundances = mixture([0.7, 0.2, 0.1])
    biased = abundances * np.array([0.5, 1, 1.5], np.float32)[:, None, None]
    done = guide(biased, fractions_of(truth, 3))
    assert np.mean(done.labels == truth) > np.mean(leaders(biased) == truth) + 0.1
    assert done.is_guided
    assert not done.contradicts_image


def test_the_record_counts_what_it_changed():
    truth, abundances = mixture([0.6, 0.4])
    done = guide(abundances, {"b": 0.5, "a": 0.5}, names=["a", "b"])
    unguided = leaders(abundances)
    assert done.flipped == np.count_nonzero(done.labels != unguided) > 0
    assert done.before.tolist() == fractions_of(unguided, 2).tolist()
    assert done.after.tolist() == fractions_of(done.labels, 2).tolist()
    assert (done.names, done.target.tolist()) == (("a", "b"), [0.5, 0.5])
    assert done.labels.dtype == np.uint8
    assert json.loads(json.dumps(done.to_json()))["flipped"] == done.flipped


@given(st.integers(2, 5), st.integers(0, 1000), targets)
def test_hard_fractions_are_met_to_the_pixel(k, seed, raw):
    rng = np.random.default_rng(seed)
    abundances = rng.dirichlet(np.ones(k), size=(31, 27)).transpose(2, 0, 1).astype(np.float32)
    target = np.array(raw[:k]) / np.sum(raw[:k])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompositionWarning)
        done = guide(abundances, target, hard=True)
    assert np.abs(done.after - target).max() * done.labels.size < 1


def test_hard_fractions_are_met_where_many_pixels_are_alike():
    abundances = np.zeros((2, 40, 40), np.float32)
    abundances[0, :20], abundances[1, 20:] = 1, 1
    done = guide(abundances, [0.1, 0.9], hard=True, smoothing=0)
    assert done.after.tolist() == [0.1, 0.9]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7).filter(lambda raw: sum(raw) > 0), st.integers(1, 10**6))
def test_pixels_are_shared_out_to_the_last(raw, n_pixels):
    target = np.array(raw) / np.sum(raw)
    counts = pixel_counts(target, n_pixels)
    assert counts.sum() == n_pixels
    assert np.abs(counts - target * n_pixels).max() < 1 + 1e-6


def test_the_pixels_moved_are_those_that_lose_least():
    raised = [np.array([[[5.0, 2.0, 1.0, 0.0]], [[0.0, 1.5, 0.9, 1.0]]], np.float32)]
    labels = [np.array([[0, 0, 0, 1]], np.uint8)]
    moved = meet_areas(raised, labels, np.array([0.5, 0.5]), np.array([0, 1]))
    assert moved[0].tolist() == [[0, 0, 1, 1]]
    assert labels[0].tolist() == [[0, 0, 0, 1]]


@pytest.mark.parametrize("options", [{}, {"hard": True}, {"sigma": 0.5}])
def test_a_phase_of_fraction_zero_gets_no_pixel(options):
    _, abundances = mixture([0.4, 0.3, 0.3])
    done = guide(abundances, [0.5, 0.5, 0.0], **options)
    assert 2 not in done.labels
    assert done.offsets[2] == -np.inf
    assert done.to_json()["offsets"][2] is None


@given(st.floats(0.3, 2.0), st.integers(0, 1000))
def test_sure_pixels_keep_their_label(gate, seed):
    _, abundances = mixture([0.5, 0.3, 0.2], seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompositionWarning)
        done = guide(abundances, [0.05, 0.05, 0.9], gate=gate)
    scores = log_scores(abundances)
    is_sure = margins(scores) > done.gate
    assert is_sure.any()
    assert np.array_equal(done.labels[is_sure], leaders(scores)[is_sure])


def test_a_wider_gate_lets_more_pixels_flip():
    _, abundances = mixture([0.5, 0.3, 0.2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompositionWarning)
        flipped = [guide(abundances, [0.1, 0.1, 0.8], gate=gate).flipped for gate in (0.2, 1.0, 3.0, np.inf)]
    assert sorted(flipped) == flipped
    assert flipped[0] < flipped[-1] / 2


def test_the_gate_is_calibrated_by_how_often_the_image_contradicts_itself():
    # The same picture, its scores doubled: the margin of equal trust doubles too.
    _, abundances = mixture([0.5, 0.5])
    scores = log_scores(abundances)
    once = gate_margin(scores, leaders(scores), 1.0)
    assert gate_margin(2 * scores, leaders(scores), 1.0) == pytest.approx(2 * once)
    assert gate_margin(scores, leaders(scores), 2.0) > once > 0


@pytest.mark.parametrize("scores", [np.zeros((2, 9, 9)), np.stack([np.ones((9, 9)), np.zeros((9, 9))])])
def test_margins_that_are_all_alike_have_no_gate(scores):
    scores = scores.astype(np.float32)
    assert gate_margin(scores, leaders(scores), 1.0) == np.inf


def test_fractions_given_to_the_wrong_phases_are_noticed():
    truth, abundances = mixture([0.8, 0.15, 0.05], noise=0.3)
    true = fractions_of(truth, 3)
    assert not guide(abundances, true).contradicts_image
    with pytest.warns(CompositionWarning, match=r"a, b, c override \d+ % .*; with the names in another order"):
        wrong = guide(abundances, true[::-1], names=["a", "b", "c"])
    assert wrong.contradicts_image
    assert wrong.misnaming > 0.15
    assert np.mean(wrong.labels == truth) > 0.9
    with pytest.warns(CompositionWarning):
        forced = guide(abundances, true[::-1], gate=np.inf)
    assert np.mean(forced.labels == truth) < 0.5


def test_strict_abstains_where_the_prior_contradicts_the_image():
    truth, abundances = mixture([0.8, 0.15, 0.05], noise=0.3)
    with pytest.warns(CompositionWarning, match="labels are unguided"):
        done = guide(abundances, fractions_of(truth, 3)[::-1], strict=True)
    assert (done.is_guided, done.flipped, done.contradicts_image) == (False, 0, True)
    assert np.array_equal(done.labels, leaders(abundances))
    assert done.after.tolist() == done.before.tolist()


def test_strict_changes_nothing_where_there_is_no_contradiction():
    truth, abundances = mixture([0.6, 0.4])
    loose, strict = (guide(abundances, fractions_of(truth, 2), strict=flag) for flag in (False, True))
    assert strict.is_guided
    assert np.array_equal(loose.labels, strict.labels)


@pytest.mark.parametrize("hard", [False, True])
def test_an_image_of_one_grey_level_is_left_unguided(hard):
    with pytest.warns(CompositionWarning, match="no contrast"):
        done = guide(np.full((3, 20, 30), 1 / 3, np.float32), [0.5, 0.3, 0.2], hard=hard)
    assert not done.is_guided
    assert not done.labels.any()


def test_one_phase_alone_is_everywhere():
    with pytest.warns(CompositionWarning, match="no contrast"):
        assert guide(np.ones((1, 8, 8), np.float32), [1.0]).after.tolist() == [1.0]


def test_a_batch_meets_the_fractions_together():
    pairs = [mixture([0.9, 0.1], shape=(60, 50)), mixture([0.3, 0.7], shape=(60, 70), seed=1)]
    truths, batch = zip(*pairs, strict=True)
    total = np.concatenate([truth.ravel() for truth in truths])
    target = fractions_of(total, 2)
    soft, hard = guide_batch(batch, target, sigma=0.02), guide_batch(batch, target, hard=True)
    for truth, done in zip(truths, soft, strict=True):
        assert done.after == pytest.approx(fractions_of(truth, 2), abs=0.08)
        assert np.array_equal(done.offsets, soft[0].offsets)
    joined = np.concatenate([done.labels.ravel() for done in hard])
    assert np.abs(fractions_of(joined, 2) - target).max() * joined.size < 1


def test_the_order_of_a_batch_does_not_matter_much():
    batch = [mixture([0.7, 0.3], seed=seed)[1] for seed in range(3)]
    forward, backward = guide_batch(batch, [0.5, 0.5]), guide_batch(batch[::-1], [0.5, 0.5])
    assert forward[0].offsets == pytest.approx(backward[0].offsets, abs=0.05)


def test_a_profile_puts_the_phases_where_they_are():
    height, width = 120, 90
    rng = np.random.default_rng(3)
    evidence = rng.normal(scale=0.5, size=(2, height, width))
    abundances = np.exp(evidence) / np.exp(evidence).sum(axis=0)
    profile = fraction_profile([[0.9, 0.1], [0.1, 0.9]], (height, width), "down")
    by_place = guide(abundances.astype(np.float32), profile, sigma=0.02, gate=np.inf)
    overall = guide(abundances.astype(np.float32), [0.5, 0.5], sigma=0.02, gate=np.inf)
    wanted, rows = profile[0].mean(axis=1), lambda done: np.mean(done.labels == 0, axis=1)
    assert np.abs(rows(by_place) - wanted).mean() < 0.08 < np.abs(rows(overall) - wanted).mean()
    assert by_place.target == pytest.approx([0.5, 0.5])


def test_a_map_of_one_value_is_that_value():
    _, abundances = mixture([0.6, 0.4])
    everywhere = np.full((2, 96, 80), 0.5)
    as_map, as_number = (guide(abundances, f, gate=np.inf) for f in (everywhere, [0.5, 0.5]))
    assert as_map.after == pytest.approx(as_number.after, abs=0.02)


def test_the_offset_field_respects_its_limit_and_is_smooth():
    _, abundances = mixture([0.6, 0.4])
    target = fraction_profile([[1.0, 0.0], [0.0, 1.0]], (96, 80), "across")
    field = solve_offset_field(log_scores(abundances), target, 0.05, limit=1.5)
    assert np.abs(np.diff(field, axis=0)).max() <= 1.5 + 1e-5
    assert np.array_equal(field, np.broadcast_to(field[:, :1], field.shape))
    assert np.abs(np.diff(field, axis=2)).max() < 0.2


def test_the_same_input_gives_the_same_bits():
    _, abundances = mixture([0.5, 0.3, 0.2], shape=(200, 180))
    before = abundances.copy()
    first, second = guide(abundances, [0.4, 0.4, 0.2]), guide(abundances, [0.4, 0.4, 0.2])
    assert np.array_equal(first.labels, second.labels)
    assert first.offsets.tobytes() == second.offsets.tobytes()
    assert np.array_equal(abundances, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sigma": 0.0}, "sigma must be above 0"),
        ({"sigma": float("nan")}, "sigma must be above 0"),
        ({"gate": -1.0}, "gate must be 'auto' or a number above 0, got -1.0"),
        ({"gate": "wide"}, "got 'wide'"),
        ({"names": ["a"]}, "names: 1 given for 2 phases"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        guide(np.ones((2, 8, 8), np.float32), [0.5, 0.5], **options)


@pytest.mark.parametrize(
    ("abundances", "message"),
    [
        (np.ones((8, 8)), r"shape \(k, h, w\)"),
        (np.ones((2, 0, 8)), r"shape \(k, h, w\)"),
        (np.full((2, 8, 8), -1.0), "finite and not negative"),
        (np.full((2, 8, 8), np.nan), "finite and not negative"),
        (np.full((2, 8, 8), np.inf), "finite and not negative"),
    ],
)
def test_bad_abundances_are_refused(abundances, message):
    with pytest.raises(ValueError, match=message):
        guide(abundances.astype(np.float32), [0.5, 0.5])


def test_a_batch_must_have_images_of_the_same_phases():
    with pytest.raises(ValueError, match="batch is empty"):
        guide_batch([], [0.5, 0.5])
    with pytest.raises(ValueError, match="one k for a batch"):
        guide_batch([np.ones((2, 8, 8), np.float32), np.ones((3, 8, 8), np.float32)], [0.5, 0.5])


def test_the_grey_level_helps_where_the_abundances_are_poor():
    truth, abundances = mixture([0.6, 0.25, 0.15], noise=2.0)
    image = np.choose(truth, [0.2, 0.8, 0.5]) + np.random.default_rng(1).normal(scale=0.05, size=truth.shape)
    target = fractions_of(truth, 3)
    without = guide(abundances, target)
    with_grey = guide(abundances, target, image=image.astype(np.float32))
    assert np.mean(with_grey.labels == truth) > np.mean(without.labels == truth) + 0.015
    assert with_grey.before.tolist() == without.before.tolist()
    exact = guide(abundances, target, image=image.astype(np.float32), hard=True)
    assert np.abs(exact.after - target).max() * truth.size < 1


def test_the_grey_level_is_not_learned_from_a_contradiction():
    truth, abundances = mixture([0.8, 0.15, 0.05], noise=0.3)
    image = truth.astype(np.float32) / 2
    with pytest.warns(CompositionWarning):
        with_grey = guide(abundances, fractions_of(truth, 3)[::-1], image=image)
    with pytest.warns(CompositionWarning):
        without = guide(abundances, fractions_of(truth, 3)[::-1])
    assert np.array_equal(with_grey.labels, without.labels)


def test_an_image_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"sizes of their abundances, \[\(8, 8\)\], got \[\(8, 9\)\]"):
        guide(np.ones((2, 8, 8), np.float32), [0.5, 0.5], image=np.ones((8, 9), np.float32))
