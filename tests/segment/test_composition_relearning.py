from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from segment import Segmenter
from segment.composition import CompositionWarning, fraction_profile, guide, relearning
from segment.composition.prior import Prior
from segment.mixture import boundaries
from segment.mixture.em import Areas, fit, label
from segment.mixture.leaders import leaders
from segment.mixture.normals import fit_normals
from segment.mixture.pixels import DRAWN, calm, principal_views, sample_pixels

SHAPE = (80, 90)


def scene(fractions, noise=0.3, seed=0, n_views=3):
    """Draw blobs of phases, dark to bright, with views that tell them apart and abundances that hardly do."""
    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.random(SHAPE).astype(np.float32), (0, 0), 4)
    truth = np.digitize(field, np.quantile(field, np.cumsum(fractions)[:-1])).astype(np.uint8)
    grey = (0.2 + 0.25 * truth + rng.normal(scale=0.25 * noise, size=SHAPE)).astype(np.float32)
    centres = rng.normal(size=(n_views, len(fractions)))
    views = (centres[:, truth] + rng.normal(scale=noise, size=(n_views, *SHAPE))).astype(np.float32)
    evidence = np.exp((truth == np.arange(len(fractions))[:, None, None]) + rng.normal(size=(len(fractions), *SHAPE)))
    return truth, grey, views, (evidence / evidence.sum(axis=0)).astype(np.float32)


def fractions_of(labels, n_phases):
    return np.bincount(labels.ravel(), minlength=n_phases) / labels.size


def accuracy(labels, truth):
    return float(np.mean(labels == truth))


def test_learning_anew_tells_apart_what_the_abundances_do_not():
    truth, grey, views, abundances = scene([0.6, 0.3, 0.1], noise=0.8)
    known = fractions_of(truth, 3)
    without, done = guide(abundances, known, image=grey), guide(abundances, known, image=grey, views=views)
    assert accuracy(done.labels, truth) > accuracy(without.labels, truth) + 0.015
    assert done.after == pytest.approx(known, abs=0.02)
    assert done.ambiguity < 1
    assert (without.ambiguity, done.is_guided, done.contradicts_image) == (None, True, False)
    assert json.loads(json.dumps(done.to_json()))["ambiguity"] == done.ambiguity


def test_the_bits_do_not_depend_on_the_threads_of_blas():
    _, grey, _, abundances = scene([0.6, 0.3, 0.1])
    features = np.random.default_rng(1).random((40, 400, 450)).astype(np.float32)
    found = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, user_api="blas"):
            views = principal_views(features)
            done = guide(abundances, [0.5, 0.3, 0.2], image=grey, views=views[:, :80, :90])
        found.append((views, done.labels, done.ambiguity))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_wrong_fraction_of_clear_phases_is_left_alone():
    truth, grey, views, _ = scene([0.9, 0.1], noise=0.1)
    abundances = np.stack([truth == 0, truth == 1]).astype(np.float32)
    with pytest.warns(CompositionWarning, match=r"leave \d+\.\d times as much .* uncertain .*; labels are unguided"):
        done = guide(abundances, [0.7, 0.3], image=grey, views=views)
    assert (done.is_guided, done.contradicts_image, done.flipped) == (False, True, 0)
    assert np.array_equal(done.labels, truth)
    with pytest.warns(CompositionWarning, match=r"uncertain .* evidence$"):
        exact = guide(abundances, [0.7, 0.3], image=grey, views=views, hard=True)
    assert np.abs(exact.after - [0.7, 0.3]).max() * truth.size < 1


def test_a_clear_map_of_three_phases_is_not_given_up_for_one_as_clear_as_the_abundances():
    truth, grey, views, _ = scene([0.8, 0.1, 0.1], noise=0.1)
    poor = np.random.default_rng(0).dirichlet(np.ones(3), size=SHAPE).transpose(2, 0, 1)
    abundances = (0.5 * (truth == np.arange(3)[:, None, None]) + poor).astype(np.float32)
    wrong = [0.5, 0.3, 0.2]
    alone = guide(abundances, wrong, image=grey, views=views)
    same = guide(abundances, wrong, image=grey, views=views, shown=leaders(abundances))
    assert alone.is_guided
    assert alone.sharpness is None
    assert np.array_equal(same.labels, alone.labels)
    assert same.ambiguity == pytest.approx(alone.ambiguity)
    with pytest.warns(CompositionWarning, match="labels are unguided"):
        beside = guide(abundances, wrong, image=grey, views=views, shown=truth)
    assert beside.ambiguity > 2 * alone.ambiguity


def cut(truth, grey, views, target, shown, sigma=0.05):
    abundances = 0.5 * (truth == np.arange(2)[:, None, None]) + np.random.default_rng(0).random((2, *SHAPE))
    scores = np.log(abundances + 0.1).astype(np.float32)
    target = np.array(target, dtype=np.float64)
    return relearning.relearn(abundances.astype(np.float32), scores, grey, views, target, sigma, shown)


def test_a_sharp_map_of_two_phases_is_not_given_up_for_blurred_boundaries():
    truth, grey, views, _ = scene([0.8, 0.2], noise=0.1)
    right, wrong = cut(truth, grey, views, [0.8, 0.2], truth), cut(truth, grey, views, [0.69, 0.31], truth)
    # Poor abundances leave so much in doubt that doubt alone would follow.
    assert max(right.ambiguity, wrong.ambiguity) < relearning.CUT
    assert (right.is_blurred, wrong.is_blurred) == (False, True)
    assert right.sharpness == pytest.approx(1, abs=0.05)
    assert wrong.sharpness < 0.5
    poor = (0.5 * (truth == np.arange(2)[:, None, None]) + np.random.default_rng(0).random((2, *SHAPE))).astype("f4")
    with pytest.warns(CompositionWarning, match=r"draw boundaries 0\.\d\d times as sharp, .*; labels are unguided$"):
        done = guide(poor, [0.69, 0.31], image=grey, views=views, shown=truth)
    assert 0 < done.sharpness < 0.5
    assert json.loads(json.dumps(done.to_json()))["sharpness"] == done.sharpness


@pytest.mark.parametrize(
    ("ratio", "misfit", "is_blurred", "is_met"),
    [
        (0.96, 0, False, False),
        (0.94, 0, False, True),
        (0.89, 1, False, True),
        (0.77, 3.9, False, True),
        (0.83, 3.9, False, False),
        (0.75, 5, False, False),
        (0.73, 5, True, False),
        (0.1, 99, False, False),
    ],
)
def test_boundaries_may_be_the_less_sharp_the_farther_the_map_is_from_the_fractions(
    monkeypatch, ratio, misfit, is_blurred, is_met
):
    truth, grey, views, _ = scene([0.5, 0.5])
    sharpnesses = iter([3.0, 3.0 * ratio])
    monkeypatch.setattr(relearning, "sharpness", lambda labels, gradients, valid: next(sharpnesses))
    shift = 0.1 if misfit else 0.0
    target = fractions_of(truth, 2) + [shift, -shift]
    found = cut(truth, grey, views, target, truth, sigma=shift / misfit**0.5 if misfit else 0.05)
    assert found.ambiguity < relearning.CUT
    assert found.sharpness == pytest.approx(ratio)
    assert (found.is_blurred, found.is_met) == (is_blurred, is_met)


def test_fractions_that_a_sharper_map_has_already_leave_it_as_it_is():
    truth, grey, views, _ = scene([0.8, 0.2], noise=0.1)
    poor = (0.5 * (truth == np.arange(2)[:, None, None]) + np.random.default_rng(0).random((2, *SHAPE))).astype("f4")
    known = fractions_of(truth, 2) + [-0.04, 0.04]
    # Without a warning: nothing is contradicted.
    done = guide(poor, known, image=grey, views=views, shown=truth)
    assert (done.is_guided, done.contradicts_image, done.flipped) == (False, False, 0)
    assert done.sharpness < 0.9
    exact = guide(poor, known, image=grey, views=views, shown=truth, hard=True)
    assert np.abs(exact.after - known).max() * truth.size < 1


def test_a_map_that_misses_a_phase_is_no_measure_of_boundaries():
    truth, grey, views, _ = scene([0.5, 0.5], noise=0.1)
    speck = np.zeros_like(truth)
    speck[:3] = truth[:3]
    found = cut(truth, grey, views, fractions_of(truth, 2), speck)
    assert (found.sharpness, found.is_blurred) == (None, False)
    assert found.ambiguity == cut(truth, grey, views, fractions_of(truth, 2), None).ambiguity
    # Nor is one in which nothing is sharp.
    assert cut(truth, grey, np.zeros_like(views), fractions_of(truth, 2), truth).sharpness is None


def test_too_much_doubt_about_two_phases_is_enough_to_refuse_them():
    truth, grey, views, _ = scene([0.9, 0.1], noise=0.1)
    scores = np.where(truth == np.arange(2)[:, None, None], 0, -5).astype(np.float32)
    wrong, speck = np.array([0.7, 0.3]), np.zeros_like(truth)
    found = relearning.relearn(np.exp(scores), scores, grey, views, wrong, 0.05, speck)
    assert (found.sharpness, found.is_blurred) == (None, True)
    assert found.ambiguity > relearning.CUT


def test_boundaries_of_a_large_image_are_looked_at_in_every_second_row_and_column(monkeypatch):
    truth, grey, views, _ = scene([0.7, 0.3], noise=0.1)
    shapes = []
    watched = relearning.gradient
    monkeypatch.setattr(relearning, "gradient", lambda planes: shapes.append(planes.shape) or watched(planes))
    for largest in (truth.size, truth.size - 1):
        monkeypatch.setattr(boundaries, "LOOKED_AT", largest)
        assert not cut(truth, grey, views, [0.7, 0.3], truth).is_blurred
    assert shapes == [(3, 80, 90), (3, 40, 45)]


def test_fractions_of_other_phases_are_left_alone():
    truth, grey, views, _ = scene([0.7, 0.2, 0.1])
    abundances = (truth == np.arange(3)[:, None, None]).astype(np.float32)
    with pytest.warns(CompositionWarning, match="with the names in another order it would be 0 %"):
        done = guide(abundances, fractions_of(truth, 3)[::-1], image=grey, views=views)
    # The phases are as clear under wrong names.
    assert done.ambiguity < 1.2
    assert done.misnaming > 0.3
    assert np.array_equal(done.labels, truth)


def test_phases_are_found_where_the_abundances_say_next_to_nothing():
    truth, grey, views, abundances = scene([0.5, 0.3, 0.2], noise=0.2)
    known = fractions_of(truth, 3)
    useless = np.random.default_rng(0).dirichlet(np.ones(3), size=SHAPE).transpose(2, 0, 1).astype(np.float32)
    without, done = (guide(useless + 0.1 * abundances, known, image=grey, views=seen) for seen in (None, views))
    assert accuracy(without.labels, truth) < 0.9
    assert accuracy(done.labels, truth) > 0.99


@pytest.mark.parametrize(("shade", "noise", "is_refined"), [(0.25, 0.8, False), (0.03, 0.15, True)])
def test_two_phases_are_refined_only_where_that_is_far_clearer(monkeypatch, shade, noise, is_refined):
    truth, _, views, _ = scene([0.7, 0.3], noise=noise)
    grey = (0.3 + shade * truth + np.random.default_rng(3).normal(scale=0.1, size=SHAPE)).astype(np.float32)
    abundances = np.clip(np.stack([1 - grey, grey + 0.2]), 0.01, 1)

    def found(clearly=relearning.CLEARLY):
        monkeypatch.setattr(relearning, "CLEARLY", clearly)
        target = fractions_of(truth, 2)
        return relearning.relearn(abundances, np.log(abundances), grey, views, target, 0.05).scores

    default, once, refined = found(), found(0.0), found(np.inf)
    assert not np.array_equal(once, refined)
    assert np.array_equal(default, refined if is_refined else once)
    assert accuracy(leaders(default), truth) > 0.85


def test_two_phases_of_one_brightness_start_from_the_abundances():
    truth, _, views, abundances = scene([0.6, 0.4], noise=0.3)
    rng = np.random.default_rng(4)
    grey = rng.normal(0.5, 0.1, size=SHAPE).astype(np.float32)
    done = guide(abundances, fractions_of(truth, 2), image=grey, views=views)
    assert done.is_guided
    assert accuracy(done.labels, truth) > 0.95


def test_two_phases_start_from_the_grey_levels_where_brightness_tells_them_apart():
    truth = scene([0.6, 0.4])[0]
    rng = np.random.default_rng(5)
    # The abundances and a view have the phases exchanged in one part of the image.
    exchanged = np.where(np.arange(SHAPE[1]) < 20, 1 - truth, truth)
    abundances = (0.1 + 0.8 * (exchanged == np.arange(2)[:, None, None])).astype(np.float32)
    views = (exchanged + rng.normal(scale=0.2, size=(1, *SHAPE))).astype(np.float32)
    grey = (0.3 + 0.3 * truth + rng.normal(scale=0.03, size=SHAPE)).astype(np.float32)
    done = guide(abundances, fractions_of(truth, 2), image=grey, views=views)
    assert done.is_guided
    assert accuracy(done.labels, truth) > 0.95


def test_a_large_image_is_blurred_more_before_its_grey_levels_are_cut(monkeypatch):
    blurs = []

    def watched(image, blur=1.0):
        blurs.append(blur)
        return calm(image, blur)

    monkeypatch.setattr(relearning, "calm", watched)
    for shape in ((80, 90), (700, 770)):
        grey = np.random.default_rng(0).random(shape).astype(np.float32)
        abundances = np.stack([1 - grey, grey])
        relearning.relearn(abundances, np.log(abundances + 0.1), grey, grey[None], np.array([0.5, 0.5]), 0.05)
    assert blurs == [1.0, 1.0, 1.0, 2.0]


def test_the_doubt_of_phases_described_once_is_that_of_the_labels_they_lead_to(monkeypatch):
    monkeypatch.setattr(relearning, "CLEARLY", 0.0)
    truth, grey, views, abundances = scene([0.6, 0.4], noise=1.5)
    target = fractions_of(truth, 2)
    found = relearning.relearn(abundances, np.log(abundances), grey, views, target, 0.05)
    seen = np.concatenate([views, calm(grey)[None]])
    scores, seen, shares = (
        sample_pixels(item.reshape(len(item), -1), DRAWN) for item in (found.scores, seen, abundances)
    )
    raised = scores + Areas(target, 0.05).offsets(scores)[:, None]
    after, before = (fit_normals(seen, leaders(item), 2).entropy(seen) for item in (raised, shares))
    assert found.ambiguity == pytest.approx((after + 0.01) / (before + 0.01), rel=1e-3)


def test_a_wrong_fraction_of_three_clear_phases_is_left_alone():
    truth, grey, views, _ = scene([0.6, 0.3, 0.1], noise=0.1)
    abundances = (truth == np.arange(3)[:, None, None]).astype(np.float32)
    with pytest.warns(CompositionWarning, match="times as much of the image uncertain"):
        done = guide(abundances, [0.4, 0.3, 0.3], image=grey, views=views)
    assert np.array_equal(done.labels, truth)


@pytest.mark.parametrize(
    ("conflict", "misnaming", "is_blurred", "expected"),
    [
        (0.8, 0.6, None, True),
        (0.8, 0.6, False, False),
        (0.62, 0.6, False, True),
        (0.25, 0.25, False, False),
        (1.0, 0.75, False, True),
        (0.0, 0.0, True, True),
    ],
)
def test_phases_learned_anew_are_misnamed_only_where_other_names_fit(conflict, misnaming, is_blurred, expected):
    assert Prior().contradicts(conflict, misnaming, is_blurred) is expected


def test_only_the_cut_of_the_grey_levels_leads_to_the_truth():
    fractions = [0.5, 0.3, 0.2]
    truth, grey, views, _ = scene(fractions, noise=0.05, seed=1)
    # The abundances follow another picture, which one of the views repeats, fainter than what tells the truth. It has a
    # trace in the grey levels: they say which of its phases is the brightest.
    other = scene(fractions, seed=5)[0]
    rng = np.random.default_rng(6)
    evidence = (other == np.arange(3)[:, None, None]) + 0.05 * rng.random((3, *SHAPE))
    shade = other + rng.normal(scale=0.4, size=SHAPE)
    views = np.concatenate([views, shade[None]]).astype(np.float32)
    image = (grey + 0.05 * other).astype(np.float32)
    done = guide(evidence.astype(np.float32), fractions_of(truth, 3), image=image, views=views)
    assert done.is_guided
    assert accuracy(done.labels, truth) > 0.95


@pytest.mark.parametrize("options", [{"gate": np.inf}, {"gate": 2.0}, {"fractions": "map"}])
def test_a_gate_or_a_map_keeps_the_phases_as_they_are(options):
    truth, grey, views, abundances = scene([0.5, 0.5])
    fractions = fraction_profile([[0.6, 0.4], [0.4, 0.6]], SHAPE, "down") if "fractions" in options else [0.5, 0.5]
    gate = options.get("gate", "auto")
    done = guide(abundances, fractions, image=grey, views=views, gate=gate)
    assert done.ambiguity is None
    assert np.array_equal(done.labels, guide(abundances, fractions, image=grey, gate=gate).labels)


@pytest.mark.parametrize("options", [{}, {"hard": True}])
def test_an_absent_phase_gets_no_pixel(options):
    truth, grey, views, abundances = scene([0.5, 0.3, 0.2])
    merged = np.minimum(truth, 1)
    known = [*fractions_of(merged, 2), 0.0]
    done = guide(abundances, known, image=grey, views=views, **options)
    assert done.ambiguity is not None
    assert 2 not in done.labels
    assert done.offsets[2] == -np.inf


def test_one_phase_that_is_present_is_everywhere():
    _, grey, views, abundances = scene([0.5, 0.5])
    done = guide(abundances, [0.0, 1.0], image=grey, views=views, hard=True)
    assert done.ambiguity is None
    assert done.after.tolist() == [0, 1]


def test_the_same_input_gives_the_same_bits_and_stays():
    _, grey, views, abundances = scene([0.6, 0.3, 0.1])
    kept = [item.copy() for item in (grey, views, abundances)]
    first, second = (guide(abundances, [0.6, 0.3, 0.1], image=grey, views=views) for _ in range(2))
    assert np.array_equal(first.labels, second.labels)
    assert first.ambiguity == second.ambiguity
    assert all(np.array_equal(a, b) for a, b in zip(kept, (grey, views, abundances), strict=True))


def test_views_need_their_image():
    _, grey, views, abundances = scene([0.5, 0.5])
    with pytest.raises(ValueError, match="views need the image too"):
        guide(abundances, [0.5, 0.5], views=views)
    with pytest.raises(ValueError, match=r"views need the image's size, \(80, 90\), got views of shape \(3, 79, 90\)"):
        guide(abundances, [0.5, 0.5], image=grey, views=views[:, 1:])


def test_principal_views_keep_distances_as_far_as_they_can():
    _, _, views, _ = scene([0.6, 0.4], n_views=5)
    features = np.concatenate([views, views])
    kept = principal_views(features)
    assert kept.shape == (6, *SHAPE)
    expected, found = (np.diff(part.reshape(len(part), -1), axis=1) for part in (features, kept))
    assert np.linalg.norm(found, axis=0) == pytest.approx(np.linalg.norm(expected, axis=0), rel=1e-4)
    variances = kept.reshape(6, -1).var(axis=1)
    assert np.all(np.diff(variances) < 1e-6)


@given(st.integers(1, 5), st.integers(2, 4), st.integers(0, 1000))
def test_a_group_has_the_normal_distribution_of_its_pixels(width, k, seed):
    rng = np.random.default_rng(seed)
    views, labels = rng.normal(size=(width, 400)).astype(np.float32), rng.integers(k, size=400)
    found = fit_normals(views, labels, k)
    for phase in range(k):
        part = views[:, labels == phase]
        assert found.means[phase] == pytest.approx(part.mean(axis=1), abs=1e-5)
        covariance = np.linalg.inv(found.whiteners[phase].T @ found.whiteners[phase])
        deviation = views[:, :5] - found.means[phase][:, None]
        quadratic = np.einsum("dn,de,en->n", deviation, np.linalg.inv(covariance), deviation)
        expected = -(quadratic + np.linalg.slogdet(covariance)[1]) / 2
        assert found.scores(views[:, :5])[phase] == pytest.approx(expected, abs=1e-3)
    assert found.shares(views).sum(axis=0) == pytest.approx(np.ones(400), abs=1e-5)
    assert 0 <= found.entropy(views) <= np.log(k) + 1e-6


def test_phases_without_pixels_and_views_without_variance_do_no_harm():
    views = np.zeros((3, 50), np.float32)
    views[0, 25:] = 1
    found = fit_normals(views, (np.arange(50) >= 25).astype(int), 3)
    assert np.isfinite(found.scores(views)).all()
    assert found.entropy(views) < 0.1


def test_the_clearer_of_two_starts_counts():
    rng = np.random.default_rng(0)
    views = rng.normal(size=(2, 2000)).astype(np.float32)
    truth = np.arange(2000) < 400
    views[0, truth] += 8
    views[1] *= 4
    crosswise = (views[1] > np.quantile(views[1], 0.8)).astype(int)
    prior = Areas(np.array([0.8, 0.2]), 0.05)
    alone = relearning._describe(views, [crosswise], prior)
    both = relearning._describe(views, [crosswise, truth.astype(int)], prior)
    assert both[1] < alone[1]
    assert np.mean(leaders(both[0].scores(views)) == truth) > 0.99


@pytest.mark.parametrize(("sigma", "near"), [(0.0, 0.002), (0.02, 0.05)])
def test_one_loop_fits_with_areas_and_without(sigma, near):
    rng = np.random.default_rng(0)
    views = rng.normal(size=(2, 4000)).astype(np.float32)
    views[0, :800] += 1.5
    start, prior = (views[0] > 0.7).astype(int), Areas(np.array([0.6, 0.4]), sigma)
    free, known = fit(views, start, 2), fit(views, start, 2, prior=prior)
    assert abs(label(known, views, prior).mean() - 0.4) < near
    assert abs(label(free, views).mean() - 0.4) > 0.1
    np.testing.assert_array_equal(label(free, views), free.shares(views).argmax(axis=0))


def test_a_segmenter_learns_anew():
    truth, grey, _, _ = scene([0.6, 0.4])
    grey = np.clip(grey, 0, 1)
    done = Segmenter(2, features="pixel", tol=1e-2).fit(grey).predict(grey, fractions=fractions_of(truth, 2))
    assert done.guidance.ambiguity is not None
    assert done.fractions == pytest.approx(fractions_of(truth, 2), abs=0.03)
