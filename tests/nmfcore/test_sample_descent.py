"""H lowered on a sample: the values it returns are true, it never ends higher, and it ends where nothing is left."""

from __future__ import annotations

import numpy as np
import pytest

from nmfcore import factorize
from nmfcore.penalties import Penalties
from nmfcore.penalties.l1 import L1
from nmfcore.penalties.l2 import L2
from nmfcore.solvers import tall
from nmfcore.solvers.row_pass import step_H
from nmfcore.solvers.sample_descent import lower_on_sample, unpack, value_of
from nmfcore.solvers.tall import SAMPLE, SampleSums, TallCoordinateDescent
from nmfcore.stopping import smallest_decrease
from tests.nmfcore.data import make_data

PENALTIES = {"none": Penalties(), "L1 and L2": Penalties((L1(0.05, "W"), L2(0.1, "W"), L1(0.2, "H"), L2(0.3, "H")))}


@pytest.fixture(params=[2, 5], ids=["all active sets", "pivoting"])
def case(request):
    sample = np.ascontiguousarray(make_data("low rank", 600, 7).T)
    start = np.random.default_rng(1).random((request.param, 7))
    return sample, start / np.linalg.norm(start, axis=1, keepdims=True)


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_values_are_true_and_the_end_is_stationary(case, name, slope):
    (sample, start), penalties = case, PENALTIES[name]
    # Along a row of H nothing changes where nothing is penalised, so neither may the tilt.
    tilt = slope * np.random.default_rng(2).standard_normal(start.shape) if name != "none" else np.zeros_like(start)
    kept = start.copy()
    sums_at = SampleSums(sample, penalties)
    H, before, after, _ = lower_on_sample(
        sums_at, step_H, start, penalties, tilt, worth=lambda value: 0.0, max_passes=2000
    )
    np.testing.assert_array_equal(start, kept)
    for value, at in ((before, start), (after, H)):
        sums = SampleSums(sample, penalties)(at)
        assert value == pytest.approx(value_of(at, sums, penalties) - np.vdot(tilt, at), rel=1e-9)
    assert after < before
    B, C = unpack(SampleSums(sample, penalties)(H), *H.shape)
    l1, l2 = penalties.shrinkage("H")
    gradient = C @ H - B - tilt + l1 + l2 * H
    residual = np.where(H > 0, gradient, np.minimum(gradient, 0.0))
    assert np.abs(residual).max() < 2e-3 * np.abs(B).max()


def test_few_passes_lower_less_and_never_raise(case):
    sample, start = case
    values = []
    for passes in (1, 3, 10, 60):
        sums_at = SampleSums(sample, Penalties())
        _, before, after, n = lower_on_sample(
            sums_at, step_H, start, Penalties(), np.zeros_like(start), worth=lambda value: 0.0, max_passes=passes
        )
        assert n <= passes
        values.append(after)
    assert before >= values[0] >= values[1] > values[2] > values[3]


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize("m", [20_000, 200_000])
def test_a_fit_makes_no_step_for_nothing_and_none_too_few(m, k):
    rng = np.random.default_rng(k)
    X = rng.random((6, k), np.float32) @ rng.random((k, m), np.float32) ** 2 + 0.2 * rng.random((6, m), np.float32)
    reference, start = 0.5 * float(np.square(X, dtype=np.float64).sum()), rng.random((k, 6)).astype(np.float32)
    state = TallCoordinateDescent(
        X, start, Penalties(), np.random.RandomState(0), reference=reference, tol=1e-4, sample_size=SAMPLE
    )
    losses, expected = [state.loss], np.inf
    while expected > smallest_decrease(state.loss, reference, 1e-4):
        expected = state.step()
        losses.append(state.loss)
    worth = smallest_decrease(state.loss, reference, 1e-4)
    assert np.all(-np.diff(losses) > worth)
    state.step()
    assert 0 <= losses[-1] - state.loss <= worth


@pytest.mark.parametrize(("m", "n", "k", "size"), [(6000, 12, 4, 500), (20_000, 20, 7, 2000)])
def test_a_sample_that_promises_too_much_is_not_believed_for_long(m, n, k, size):
    # Without structure a sample expects many times of what X gives: believed each time, 165 and 169 steps.
    X, rng = np.random.default_rng(0).random((n, m)), np.random.default_rng(1)
    reference, start = 0.5 * float(np.square(X).sum()), rng.random((k, n))
    state = TallCoordinateDescent(
        X, start, Penalties(), np.random.RandomState(0), reference=reference, tol=1e-4, sample_size=size
    )
    n_steps, expected = 0, np.inf
    while expected > smallest_decrease(state.loss, reference, 1e-4):
        expected = state.step()
        n_steps += 1
    assert n_steps <= 40


def test_passes_over_all_rows_are_as_few_as_the_tolerance_asks_for(monkeypatch):
    passes = []
    count = tall.full_pass
    monkeypatch.setattr(tall, "full_pass", lambda *args, **rest: passes.append(1) or count(*args, **rest))
    X = np.random.default_rng(0).random((2000, 20))
    for tol, most in ((1e-4, 16), (1e-6, 200)):
        passes.clear()
        factorize(X, 3, tol=tol, random_state=0)
        assert 3 <= len(passes) <= most
    # A smaller tolerance is followed farther.
    assert len(passes) > 16
