"""How many iterations a contender needs to reach a loss: whole calls with more and more, or fewer and fewer of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

CLOSE_ENOUGH = 1.15
FEWEST_TO_BISECT = 2


@dataclass(frozen=True)
class Point:
    """One whole call, initialisation included.

    Attributes
    ----------
    iterations : int
        Limit it was called with, in the contender's own count.
    seconds : float
    loss : float
    """

    iterations: int
    seconds: float
    loss: float


def first_to_reach(points: Sequence[Point], target: float) -> Point | None:
    """Return the point of fewest iterations whose loss is not above the target; None where there is none."""
    reached = [point for point in points if point.loss <= target]
    return min(reached, key=lambda point: point.iterations, default=None)


def predict_seconds(points: Sequence[Point], iterations: int) -> float:
    """Predict the time of a call from the two calls with the most iterations: a start and so much an iteration."""
    ordered = sorted(points, key=lambda point: point.iterations)
    last = ordered[-1]
    if len(ordered) == 1 or ordered[-2].iterations == last.iterations:
        return last.seconds * iterations / last.iterations
    before = ordered[-2]
    slope = (last.seconds - before.seconds) / (last.iterations - before.iterations)
    # Where noise hides the slope, the whole call counts as iterations.
    slope = slope if slope > 0 else last.seconds / last.iterations
    return last.seconds + slope * (iterations - last.iterations)


def affordable_iterations(points: Sequence[Point], seconds: float, most: int) -> int:
    """Return how many iterations, at most `most`, a call of so many seconds can hold; at least 1."""
    if predict_seconds(points, most) <= seconds:
        return most
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if predict_seconds(points, middle) <= seconds else (low, middle)
    return low


def search(
    call: Callable[[int], Point], known: Sequence[Point], target: float, seconds: float, most: int
) -> list[Point]:
    """Look for the fewest iterations that reach a target, within so many seconds of calls.

    Parameters
    ----------
    call : callable
        ``call(iterations) -> Point``, its stopping rule off.
    known : sequence of Point
        Calls made before, at least one.
    target : float
        Loss to reach.
    seconds : float
        What all calls together may take; a call that is predicted to take more than is left is not made.
    most : int
        Most iterations of a call.

    Returns
    -------
    list of Point
        Known and new calls by rising iterations. `first_to_reach` finds the answer in them.

    Notes
    -----
    Above the last known call the iterations double; between a call that failed and one that reached the target they
    are halved on a logarithmic scale until the two differ by less than 15 % or by one iteration.
    """
    points = list(known)
    left = seconds

    def affordable(iterations: int) -> bool:
        return predict_seconds(points, iterations) <= left

    def visit(iterations: int) -> None:
        nonlocal left
        points.append(call(iterations))
        left -= points[-1].seconds

    while first_to_reach(points, target) is None:
        last = max(point.iterations for point in points)
        following = min(2 * last, most)
        if following <= last or not affordable(following):
            break
        visit(following)
    while (reached := first_to_reach(points, target)) is not None:
        below = [point.iterations for point in points if point.iterations < reached.iterations]
        low, high = max(below, default=0), reached.iterations
        if high - low < FEWEST_TO_BISECT or high <= CLOSE_ENOUGH * low:
            break
        middle = max(low + 1, min(high - 1, round(sqrt(max(low, 1) * high))))
        if not affordable(middle):
            break
        visit(middle)
    return sorted(points, key=lambda point: point.iterations)
