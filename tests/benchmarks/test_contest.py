from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp

from benchmarks.contest import Problem, contest
from benchmarks.interleave import interleave
from benchmarks.peers import PEERS, Fit, Peer
from benchmarks.peers.peer import EVERY_LOSS
from benchmarks.records import QUICK

# Made-up peers take microseconds; a machine that stalls must not use up what they may spend.
EFFORT = dataclasses.replace(QUICK, repeats=2, least_seconds=20.0, most_seconds=20.0)
X = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])


def approach(job):
    """Come by a factor of two nearer to the exact factors with each iteration."""
    n = job.max_iter
    return Fit(X[:, :1] * (1 + 0.5**n), np.array([[1.0, 2.0]]), n)


@pytest.fixture
def peers(monkeypatch):
    """Let a made-up subject and a peer called "other" meet, alone."""
    for name in list(PEERS):
        monkeypatch.delitem(PEERS, name)

    def enter(other):

        def fit(job):
            return approach(dataclasses.replace(job, max_iter=job.max_iter or 6))

        subject = Peer("subject", "numpy", "numpy", fit, 6)
        monkeypatch.setitem(PEERS, "nmfcore", subject)
        monkeypatch.setitem(PEERS, "other", other)

    return enter


def problem(**more):
    return Problem("X 3 x 2", X, 1, **more)


def test_a_peer_that_needs_more_iterations_is_followed_until_it_is_there(peers):
    def lag(job):
        fit = approach(dataclasses.replace(job, max_iter=job.max_iter - 1))
        return dataclasses.replace(fit, iterations=job.max_iter)

    peers(Peer("other", "numpy", "numpy", lag, 4))
    outcome = contest(problem(), EFFORT)
    mine, other = outcome.rows
    assert outcome.skipped == ()
    assert mine["s to our loss"] is None
    assert other["iterations"] == 4
    assert other["loss"] > mine["loss"]
    assert (other["reaches our loss"], other["iterations to our loss"]) == (True, 7)
    assert other["we reach its loss"] is True
    assert [curve.label for curve in outcome.curves] == ["subject", "other"]


def test_a_peer_that_never_comes_near_is_said_not_to(peers):
    peers(Peer("other", "numpy", "numpy", lambda job: Fit(0 * X[:, :1], X[:1], job.max_iter), 4))
    other = contest(problem(), EFFORT).rows[1]
    assert other["reaches our loss"] is False
    assert other["iterations to our loss"] is None
    assert other["relative loss"] == pytest.approx(1.0)


def test_each_standing_call_has_another_seed(peers):
    seeds = []

    def fit(job):
        seeds.append((job.stops, job.seed))
        return approach(job)

    peers(Peer("other", "numpy", "numpy", fit, 4))
    contest(problem(), EFFORT)
    assert {seed for stops, seed in seeds if stops} >= {0, 1}
    assert {seed for stops, seed in seeds if not stops} == {0}


@pytest.mark.parametrize(
    ("fit", "reason"),
    [
        (lambda job: 1 / 0, "failed with ZeroDivisionError: division by zero"),
        (lambda job: Fit(np.full((3, 1), np.nan), X[:1], 1), "failed with ValueError: loss is nan after 1 iterations"),
    ],
)
def test_a_peer_that_breaks_is_skipped_with_its_reason(peers, fit, reason):
    peers(Peer("other", "numpy", "numpy", fit, 4))
    outcome = contest(problem(), EFFORT)
    assert [row["peer"] for row in outcome.rows] == ["nmfcore"]
    assert outcome.skipped == (f"X 3 x 2, k = 1, frobenius: other: {reason}",)


def test_a_peer_that_cannot_is_skipped_with_its_reason(peers):
    peers(Peer("other", "numpy", "numpy", lambda job: pytest.fail("was called"), 4))
    PEERS["nmfcore"] = dataclasses.replace(PEERS["nmfcore"], losses=EVERY_LOSS, sparse=True)
    title = "X 3 x 2, k = 1"
    assert contest(problem(beta_loss="kullback-leibler"), EFFORT).skipped == (
        f"{title}, kullback-leibler: other cannot minimise kullback-leibler",
    )
    sparse = dataclasses.replace(problem(), X=sp.csr_matrix(X))
    assert contest(sparse, EFFORT).skipped == (f"{title}, frobenius: other cannot take sparse matrices",)


def test_a_peer_that_is_too_slow_is_skipped_with_what_it_would_take(peers, monkeypatch):
    peers(Peer("other", "numpy", "numpy", approach, 4))
    ticks = iter(range(10_000))
    monkeypatch.setattr("benchmarks.contest.perf_counter", lambda: float(next(ticks)))
    effort = dataclasses.replace(EFFORT, least_seconds=0.2, most_seconds=0.2)
    (reason,) = contest(problem(), effort).skipped
    assert "the fewest iterations would take about 1 s, more than the 0.2 s allowed" in reason


def test_whole_calls_alone_are_counted_from_the_one_before_the_rounds(peers):
    calls = []

    def fit(job):
        calls.append((job.max_iter, job.stops, job.seed))
        return approach(job)

    peers(Peer("other", "numpy", "numpy", fit, 4))
    effort = dataclasses.replace(EFFORT, repeats=4)
    outcome = contest(problem(whole_calls=3, patience={"other": 1e3}), effort)
    mine, other = outcome.rows
    assert [call for call in calls if call[1]] == [(4, True, 0), (4, True, 1), (4, True, 2)]
    assert (mine["calls"], other["calls"]) == (12, 3)
    assert (other["reaches our loss"], other["capped"]) == (False, False)
    assert len(outcome.curves[1].seconds) == 1
    calls.clear()
    assert contest(problem(whole_calls=1, patience={"other": 1e3}), effort).rows[1]["calls"] == 1
    assert len([call for call in calls if call[1]]) == 1


@pytest.mark.parametrize("is_reference", [True, False])
def test_the_subject_takes_turns_with_what_is_enough_for_the_loss_of_a_reference(peers, monkeypatch, is_reference):
    turns = {}

    def spy(contenders, rounds, judge, *, rest):
        measured = interleave(contenders, rounds, judge, rest=rest)
        turns.update({name: timing for name, (timing, _) in measured.items()})
        return measured

    monkeypatch.setattr("benchmarks.contest.interleave", spy)
    monkeypatch.setattr("benchmarks.contest.REFERENCES", ("other",) if is_reference else ())
    peers(Peer("other", "numpy", "numpy", approach, 3))
    (_, row) = contest(problem(whole_calls=1, patience={"other": 1e3}), EFFORT).rows
    cut = [timing for name, timing in turns.items() if name.endswith(", 3 iterations")]
    assert len(cut) == (1 if is_reference else 0)
    assert row["we reach its loss"] is True
    if is_reference:
        assert row["our s to its loss"] == cut[0].median


def test_a_whole_call_that_would_take_too_long_is_cut_short_by_what_the_first_rows_show(peers, monkeypatch):
    monkeypatch.setattr("benchmarks.contest.LEAST_HEAD", 1)
    asked = []

    def fit(job):
        asked.append((len(job.X), job.max_iter))
        return dataclasses.replace(approach(job), W=approach(job).W[: len(job.X)])

    peers(Peer("other", "numpy", "numpy", fit, 1000))
    ticks = iter(range(10_000))
    monkeypatch.setattr("benchmarks.contest.perf_counter", lambda: float(next(ticks)))
    # A call takes one second here, whatever it does: three for three times the rows, a quarter of that an iteration.
    (_, row) = contest(problem(whole_calls=1, patience={"other": 3.6}), EFFORT).rows
    assert asked[:-1] == [(1, 1), (1, 1), (1, 12)]
    assert asked[-1] == (3, 14)
    assert row["capped"] is True


def test_only_chosen_peers_take_part(peers):
    peers(Peer("other", "numpy", "numpy", lambda job: pytest.fail("was called"), 4))
    assert len(contest(problem(), dataclasses.replace(EFFORT, peers=("another",))).rows) == 1
    assert len(contest(problem(peers=("another",)), EFFORT).rows) == 1


def test_the_subject_is_measured_in_every_layout_the_peer_in_one(peers):
    peers(Peer("other", "numpy", "numpy", approach, 4))
    rows = contest(problem(layouts=("feature-major", "sample-major")), EFFORT).rows
    assert [row["peer"] for row in rows] == ["nmfcore", "nmfcore", "other"]
    assert {row["setting"] for row in rows[:2]} == {"feature-major", "sample-major"}
