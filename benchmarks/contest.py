"""One matrix, all peers: what each makes of it in its own way, and how long each takes to the same loss."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import scipy.sparse as sp

from benchmarks.field import field_of
from benchmarks.interleave import Contender, interleave
from benchmarks.loss import divergence, trivial_loss
from benchmarks.peers import PEERS, REFERENCES, SUBJECT, Fit, Job, Setting
from benchmarks.peers.peer import FROBENIUS
from benchmarks.records import Curve, Effort, Timing
from benchmarks.search import Point, affordable_iterations, first_to_reach, predict_seconds, search

LEAST_HEAD, MOST_HEAD = 20_000, 500_000
PILOT, LONG_PILOT = 3, 12
QUICK_CALLS, QUICK_SECONDS = 3, 0.5
MOST_ITERATIONS = 20_000


@dataclass(frozen=True)
class Problem:
    """A matrix to factorise.

    Attributes
    ----------
    name : str
        In a few words, with its shape.
    X : ndarray or sparse matrix of shape (n_samples, n_features)
    n_components : int
    beta_loss : {"frobenius", "kullback-leibler", "itakura-saito"}
    layouts : tuple of str
        Layouts that are tried: the subject is measured in every one, every other peer in the one that suits it best.
    peers : tuple of str or None
        Only these; None: all.
    patience : mapping of str to float
        What a peer may spend, in seconds, where that is not what the effort says.
    whole_calls : int or None
        Standing calls of a peer, the first of them before the rounds, and nothing else, for matrices on which a call
        takes long; None: it also looks for the fewest iterations to equal loss.
    """

    name: str
    X: Any
    n_components: int
    beta_loss: str = FROBENIUS
    layouts: tuple[str, ...] = ("sample-major",)
    peers: tuple[str, ...] | None = None
    patience: Mapping[str, float] = field(default_factory=dict)
    whole_calls: int | None = None

    @property
    def title(self) -> str:
        """Matrix, number of components and loss."""
        return f"{self.name}, k = {self.n_components}, {self.beta_loss}"

    def head(self) -> Problem:
        """Return the same problem on its first rows, a tenth of them within bounds, or all where there are few."""
        rows = min(max(self.X.shape[0] // 10, LEAST_HEAD), MOST_HEAD)
        return replace(self, X=self.X[:rows]) if self.X.shape[0] > 2 * rows else self


@dataclass(frozen=True)
class Outcome:
    """What a contest came to: one row a contender, the curves, and who was left out and why."""

    rows: list[dict[str, Any]]
    curves: tuple[Curve, ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entrant:
    """A peer with its matrix laid out as it likes it.

    Attributes
    ----------
    problem : Problem
    name : str
    setting : Setting
    X : ndarray or sparse matrix
    """

    problem: Problem
    name: str
    setting: Setting
    X: Any

    @property
    def label(self) -> str:
        """Name and setting."""
        return f"{self.name}, {self.setting}"

    def fit(self, max_iter: int | None, stops: bool, seed: int = 0) -> Fit:
        """Make one whole call."""
        job = Job(self.X, self.problem.n_components, self.problem.beta_loss, max_iter, stops, seed)
        return PEERS[self.name].fit_as(self.setting, job)

    def loss(self, fit: Fit) -> float:
        """Compute the loss of a fit apart from its peer."""
        value = divergence(self.X, fit.W, fit.H, self.problem.beta_loss)
        if not math.isfinite(value):
            raise ValueError(f"loss is {value} after {fit.iterations} iterations")
        return value

    @property
    def fewest(self) -> int:
        """Fewest iterations it can be asked for."""
        return PEERS[self.name].fewest

    def visit(self, iterations: int) -> Point:
        """Time a call of so many iterations, its stopping rule off; of the fewest possible where those are more."""
        iterations = max(iterations, self.fewest)
        start = perf_counter()
        fit = self.fit(iterations, stops=False)
        return Point(iterations, perf_counter() - start, self.loss(fit))


@dataclass(frozen=True)
class Trial:
    """What an entrant showed before the rounds.

    Attributes
    ----------
    entrant : Entrant
    own : Point
        Its standing call: own stopping rule, own cap.
    cap : int or None
        Iterations the standing call was limited to, where it did not stop before; None: its own rule or cap ended it.
    points : tuple of Point
        All calls by rising iterations.
    allowed : float
        Seconds that its calls in the rounds may take together.
    """

    entrant: Entrant
    own: Point
    cap: int | None
    points: tuple[Point, ...]
    allowed: float

    @property
    def max_iter(self) -> int:
        """Limit of the standing call."""
        return self.cap or PEERS[self.entrant.name].max_iter


def contest(problem: Problem, effort: Effort) -> Outcome:
    """Let every peer that can factorise a matrix do so.

    Parameters
    ----------
    problem : Problem
    effort : Effort

    Returns
    -------
    Outcome

    Notes
    -----
    1. The subject fits; the loss it ends at is the target.
    2. Every other peer shows what an iteration costs, makes its standing call (own stopping rule; fewer iterations
       where that call would take longer than allowed) and, in the time that is left, looks for the fewest iterations
       that reach the target, by `search`. With `whole_calls` it only shows on the first rows what an iteration
       costs, and makes its standing call.
    3. In the rounds, standing calls and calls that reach the target take turns; each standing call of a contender has
       another seed. All of a peer's calls there take no longer than allowed; what cannot be called twice in that time
       is not called again. With `whole_calls` the call before the rounds counts as one of so many.
    4. The subject's calls with few iterations, and with more of them in the time of the most patient peer, show before
       the rounds how many it needs for the loss that each peer ended at; for scikit-learn's solvers, calls with that
       many take part in the rounds, in every layout of the subject.
    """
    names, refused = field_of(effort, problem.beta_loss, sp.issparse(problem.X), problem.peers)
    skipped = [f"{problem.title}: {reason}" for reason in refused]
    ours = [_try_subject(entrant) for entrant in _lay_out(problem, SUBJECT)]
    target = max(trial.own.loss for trial in ours)
    usual = effort.allow(min(trial.own.seconds for trial in ours))
    theirs: list[Trial] = []
    for name in names:
        try:
            theirs.append(_try_out(problem, name, problem.patience.get(name, usual), target))
        except _TooSlow as reason:
            skipped.append(f"{problem.title}: {PEERS[name].title}: {reason}")
        except Exception as error:  # A peer that breaks must not end the run; its message goes into the report.
            words = " ".join(str(error).split())[:120]
            skipped.append(f"{problem.title}: {PEERS[name].title}: failed with {type(error).__name__}: {words}")
    losses = [trial.own.loss for trial in theirs]
    patience = max((trial.allowed for trial in theirs), default=usual)
    ladder = _climb(ours[0], min(losses, default=target), patience)
    contenders = (*_contenders(ours, theirs, effort, target), *_cut_short(ours, theirs, ladder))
    measured = interleave(contenders, effort.repeats, lambda judged: judged(), rest=effort.rest)
    trivial = trivial_loss(problem.X, problem.beta_loss)
    rows = [_row(trial, ours, measured, target, trivial, ladder) for trial in (*ours, *theirs)]
    traces = [(ours[0].entrant, ladder), *((trial.entrant, trial.points) for trial in theirs)]
    return Outcome(rows, tuple(_curve(entrant, points, trivial) for entrant, points in traces), tuple(skipped))


class _TooSlow(Exception):
    pass


def _lay_out(problem: Problem, name: str) -> Iterator[Entrant]:
    for setting in PEERS[name].settings:
        if setting.layout in problem.layouts:
            yield Entrant(problem, name, setting, setting.arrange(problem.X))


def _try_subject(entrant: Entrant) -> Trial:
    entrant.fit(None, stops=True)
    start = perf_counter()
    fit = entrant.fit(None, stops=True)
    own = Point(fit.iterations, perf_counter() - start, entrant.loss(fit))
    return Trial(entrant, own, None, (own,), float("inf"))


def _try_out(problem: Problem, name: str, allowed: float, target: float) -> Trial:
    entrant, points = _quickest(problem, name, allowed)
    if problem.whole_calls is None:
        points = [entrant.visit(entrant.fewest)]
        if predict_seconds(points, PILOT * entrant.fewest) <= allowed:
            points.append(entrant.visit(PILOT * entrant.fewest))
    usual = PEERS[name].max_iter
    cap = max(entrant.fewest, affordable_iterations(points, allowed, usual))
    start = perf_counter()
    fit = entrant.fit(cap, stops=True)
    own = Point(fit.iterations, perf_counter() - start, entrant.loss(fit))
    capped = cap < usual and own.iterations >= cap
    if problem.whole_calls is not None:
        return Trial(entrant, own, cap if capped else None, (own,), allowed)
    points = search(entrant.visit, [*points, own], target, allowed - own.seconds, MOST_ITERATIONS)
    return Trial(entrant, own, cap if capped else None, tuple(points), allowed)


def _quickest(problem: Problem, name: str, allowed: float) -> tuple[Entrant, list[Point]]:
    """Choose the setting in which a peer does its first iterations quickest, on the first rows where X has many.

    Also return what these calls would take on all rows.
    """
    head = problem.head()
    more = problem.X.shape[0] / head.X.shape[0]
    # Where nothing else is known before a call that takes long, one iteration has to be told from the start.
    longer = PILOT if problem.whole_calls is None else LONG_PILOT
    pilots: dict[Setting, list[Point]] = {}
    entrants = list(_lay_out(head, name))
    entrants[0].visit(entrants[0].fewest)
    least = float("inf")
    for entrant in entrants:
        fewest = entrant.visit(entrant.fewest)
        least = min(least, more * fewest.seconds)
        if more * fewest.seconds <= allowed:
            further = entrant.visit(longer * entrant.fewest)
            pilots[entrant.setting] = [replace(call, seconds=more * call.seconds) for call in (fewest, further)]
    if not pilots:
        raise _TooSlow(f"the fewest iterations would take about {least:.3g} s, more than the {allowed:.3g} s allowed")
    setting = min(pilots, key=lambda one: pilots[one][-1].seconds)
    return Entrant(problem, name, setting, setting.arrange(problem.X)), pilots[setting]


def _contenders(ours: list[Trial], theirs: list[Trial], effort: Effort, target: float) -> Iterator[Contender]:
    for trial in ours:
        calls = QUICK_CALLS if trial.own.seconds < QUICK_SECONDS else 1
        yield Contender(trial.entrant.label, _standing(trial), calls=calls)
    for trial in theirs:
        calls = trial.entrant.problem.whole_calls
        if calls is not None:
            if calls > 1:
                yield Contender(trial.entrant.label, _standing(trial, first_seed=1), rounds=calls - 1)
            continue
        reached = first_to_reach(trial.points, target)
        share = trial.allowed if reached is None else trial.allowed / 2
        if 2 * trial.own.seconds <= share:
            yield Contender(trial.entrant.label, _standing(trial), rounds=int(share / trial.own.seconds))
        if reached is not None and 2 * reached.seconds <= share:
            call = _reaching(trial, reached.iterations)
            yield Contender(_equal(trial), call, rounds=int(share / reached.seconds))


def _cut_short(ours: list[Trial], theirs: list[Trial], ladder: tuple[Point, ...]) -> Iterator[Contender]:
    """Yield the subject, in every layout, with no more iterations than it needs for the loss of a reference."""
    enough = {
        point.iterations
        for trial in theirs
        if trial.entrant.name in REFERENCES and (point := first_to_reach(ladder, trial.own.loss)) is not None
    }
    for trial in ours:
        calls = QUICK_CALLS if trial.own.seconds < QUICK_SECONDS else 1
        for iterations in sorted(enough):
            yield Contender(_after(trial, iterations), _reaching(trial, iterations), calls=calls)


def _after(trial: Trial, iterations: int) -> str:
    return f"{trial.entrant.label}, {iterations} iterations"


def _equal(trial: Trial) -> str:
    return f"{trial.entrant.label}, to equal loss"


def _standing(trial: Trial, first_seed: int = 0) -> Any:
    def call(turn: int) -> Any:
        fit = trial.entrant.fit(trial.max_iter, stops=True, seed=first_seed + turn)
        return lambda: trial.entrant.loss(fit)

    return call


def _reaching(trial: Trial, iterations: int) -> Any:
    def call(turn: int) -> Any:
        trial.entrant.fit(iterations, stops=False)
        return lambda: None

    return call


def _climb(trial: Trial, target: float, allowed: float) -> tuple[Point, ...]:
    """Call the subject with rising limits up to its own end, and beyond it where a peer ended lower."""
    points: list[Point] = []
    limit = 1
    while limit < trial.own.iterations and sum(point.seconds for point in points) < allowed:
        points.append(trial.entrant.visit(limit))
        limit = max(limit + 1, round(1.5 * limit))
    return tuple(search(trial.entrant.visit, [*points, trial.own], target, allowed, MOST_ITERATIONS))


def _row(
    trial: Trial,
    ours: list[Trial],
    measured: dict[str, tuple[Timing, list[Any]]],
    target: float,
    trivial: float,
    ladder: tuple[Point, ...],
) -> dict[str, Any]:
    entrant, own = trial.entrant, trial.own
    is_subject = entrant.name == SUBJECT
    timing, losses = measured.get(entrant.label, (Timing(()), []))
    if not losses or (entrant.problem.whole_calls is not None and not is_subject):
        timing, losses = Timing((own.seconds,)) + timing, [own.loss, *losses]
    reached = first_to_reach(trial.points, target)
    if reached is None:
        to_ours = max(point.seconds for point in trial.points)
    else:
        to_ours = measured[_equal(trial)][0].median if _equal(trial) in measured else reached.seconds
    mine = first_to_reach(ladder, own.loss)
    soon = mine or max(ladder, key=lambda point: point.seconds)
    again = [measured[name][0].median for one in ours if (name := _after(one, soon.iterations)) in measured]
    return {
        "matrix": entrant.problem.name,
        "k": entrant.problem.n_components,
        "loss function": entrant.problem.beta_loss,
        "peer": entrant.name,
        "setting": str(entrant.setting),
        "seconds": timing.median,
        "spread": timing.spread,
        "calls": len(timing.seconds),
        "iterations": own.iterations,
        "capped": trial.cap is not None,
        "loss": own.loss,
        "relative loss": own.loss / trivial if trivial else 0.0,
        "worst loss of the seeds": max(losses),
        "s to our loss": None if is_subject else to_ours,
        "reaches our loss": None if is_subject else reached is not None,
        "iterations to our loss": None if is_subject or reached is None else reached.iterations,
        "our s to its loss": None if is_subject else max(again, default=soon.seconds),
        "we reach its loss": None if is_subject else mine is not None,
    }


def _curve(entrant: Entrant, points: tuple[Point, ...], trivial: float) -> Curve:
    return Curve(
        PEERS[entrant.name].title,
        entrant.problem.title,
        tuple(point.seconds for point in points),
        tuple(point.loss / trivial if trivial else 0.0 for point in points),
    )
