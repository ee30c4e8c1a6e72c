"""Intercepts: how often test lines cross grain boundaries, and how long the pieces between are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segment.grains.mlography import measure_mlography_intercepts
from segment.grains.network import trace_network
from segment.grains.nist import measure_nist_intercepts
from segment.grains.test_lines import TestLine, lay_circles, lay_lines
from segment.records import Intercepts, Network

# One or two pixels between two crossings of the same two grains are the roughness of a digital boundary.
SHORTEST_PIECE = 3
LINES_A_FIELD = 12
PATTERNS: dict[str, tuple[float, ...]] = {"grid": (0.0, 90.0), "lines": (0.0, 45.0, 90.0, 135.0), "circles": ()}


def measure_intercepts(
    field: Network | NDArray[np.integer] | NDArray[np.bool_],
    *,
    pattern: str = "grid",
    convention: str = "e112",
    spacing_px: float | None = None,
    angles_deg: Sequence[float] | None = None,
) -> Intercepts:
    """Count the crossings of test lines with the grain boundaries of one field.

    Parameters
    ----------
    field : Network, or ndarray of bool or int, shape (h, w)
        Boundaries as a network, or True on boundaries; integers are ids of grains, with 0 on boundaries, if any: the
        boundary then lies where the id changes.
    pattern : {"grid", "lines", "circles"}, default "grid"
        Lines along rows and columns; lines at 0, 45, 90 and 135 degrees; three concentric circles. For "nist", "grid"
        is its set of rows under rotation, and "circles" its four lines and three circles.
    convention : {"e112", "nist", "mlography"}, default "e112"
        "e112": a crossing counts 1, an end of a line on a boundary 1/2, a triple point 1 1/2, on a circle 2, and the
        length is that of the whole line, boundaries included. "nist": the pieces between boundaries, without their
        width. "mlography": random lines, mean of the lines' means.
    spacing_px : float, optional
        Distance between parallel lines; None lays twelve in the direction of the shorter side, at least 1 px apart.
        For "nist" the step between rows, by default 60.
    angles_deg : sequence of float, optional
        Directions in degrees, in place of those of the pattern.

    Returns
    -------
    Intercepts

    Raises
    ------
    ValueError
        If the pattern or the convention is unknown, the spacing is below 1, or labels are given where the convention
        needs boundaries.

    References
    ----------
    ASTM E112, the Heyn lineal and the Abrams three-circle procedures.

    Examples
    --------
    >>> labels = np.repeat(np.arange(1, 5), 10)[None].repeat(40, axis=0)
    >>> found = measure_intercepts(labels, angles_deg=[0])
    >>> float(found.counts.sum() / found.lengths_px.sum())
    0.075
    """
    if convention not in CONVENTIONS:
        raise ValueError(f"convention must be one of {', '.join(map(repr, CONVENTIONS))}, got {convention!r}")
    if pattern not in PATTERNS:
        raise ValueError(f"pattern must be one of {', '.join(map(repr, PATTERNS))}, got {pattern!r}")
    if spacing_px is not None and not (1 <= spacing_px < math.inf):
        raise ValueError(f"spacing_px must be at least 1, got {spacing_px}")
    return CONVENTIONS[convention](field, pattern, spacing_px, angles_deg)


def _measure_e112(
    field: Network | NDArray[np.integer] | NDArray[np.bool_],
    pattern: str,
    spacing_px: float | None,
    angles_deg: Sequence[float] | None,
) -> Intercepts:
    ids, dangling = grains_of(field)
    angles = PATTERNS[pattern] if angles_deg is None else tuple(float(angle) for angle in angles_deg)
    if angles:
        spacing = max(1.0, min(ids.shape) / LINES_A_FIELD) if spacing_px is None else spacing_px
        lines = lay_lines(ids.shape, angles, spacing)
        words = f"lines at {', '.join(f'{angle:g}' for angle in angles)} deg, {spacing:g} px apart"
    else:
        lines, words = lay_circles(ids.shape), "three concentric circles"
    counts, pieces, piece_lines = np.zeros(len(lines)), [], []
    for number, line in enumerate(lines):
        counts[number], found = _follow(line, ids, dangling)
        pieces += found
        piece_lines += [number] * len(found)
    lengths = np.array([line.length_px for line in lines])
    total = counts.sum()
    return Intercepts(
        convention="e112",
        pattern=words,
        lines=tuple(line.name for line in lines),
        counts=counts,
        lengths_px=lengths,
        pieces_px=np.array(pieces, dtype=np.float64),
        piece_lines=np.array(piece_lines, dtype=np.int64),
        mean_px=float(lengths.sum() / total) if total else math.inf,
    )


def grains_of(
    field: Network | NDArray[np.integer] | NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.bool_] | None]:
    """Return ids of grains that meet at the middle of the boundaries, and the boundaries that end in a grain."""
    if not isinstance(field, Network):
        array = np.asarray(field)
        if array.ndim != 2 or not array.size:
            raise ValueError(f"field must have shape (h, w), got {array.shape}")
        if array.dtype != bool:
            return array.astype(np.int64), None
        field = trace_network(array.astype(bool))
    return field.grains.astype(np.int64), _dangling(field)


def _follow(line: TestLine, ids: NDArray[np.int64], dangling: NDArray[np.bool_] | None) -> tuple[float, list[float]]:
    """Return the crossings of one line, and the lengths of the whole grains along it, from crossing to crossing."""
    rows, columns = line.path.T
    along, at = ids[rows, columns], np.append(line.at_px, line.length_px)
    on_dangling = np.zeros(len(along), dtype=bool) if dangling is None else dangling[rows, columns]
    changes = np.flatnonzero(np.diff(along)) + 1
    if line.is_closed and len(changes):
        # A circle is followed from a change on, so that no piece is cut in two, and back to the piece it began with.
        turn = changes[0]
        along, on_dangling = np.roll(along, -turn), np.roll(on_dangling, -turn)
        at = np.r_[at[turn:-1], at[: turn + 1] + line.length_px]
        changes = np.flatnonzero(np.diff(along)) + 1
    starts, stops = np.r_[0, changes], np.r_[changes, len(along)]
    value = along[starts]
    grains = _without_chatter(np.flatnonzero(value), value, at[stops] - at[starts], line.is_closed)
    pairs = list(zip(grains[:-1], grains[1:], strict=True))
    if line.is_closed and len(grains) > 1:
        pairs.append((grains[-1], grains[0]))
    crossings = [
        float(at[stops[before]] + at[starts[after]] + (line.length_px if after < before else 0.0)) / 2
        for before, after in pairs
    ]
    count = float(len(crossings))
    if not line.is_closed and len(value):
        # An end of the line on a boundary.
        count += 0.5 * float(value[0] == 0) + 0.5 * float(value[-1] == 0)
    meets = np.flatnonzero(np.diff(np.r_[False, on_dangling].astype(np.int8)) > 0)
    crossings += at[meets].tolist()
    count += len(meets)
    crossings.sort()
    if line.is_closed and crossings:
        crossings.append(crossings[0] + line.length_px)
    return count, [after - before for before, after in zip(crossings[:-1], crossings[1:], strict=True)]


def _dangling(field: Network) -> NDArray[np.bool_]:
    """Return the centre lines that have one grain on both sides: boundaries that end in it."""
    grains = field.grains
    changes = np.zeros(grains.shape, dtype=bool)
    for axis in (0, 1):
        differs = np.diff(grains, axis=axis) != 0
        changes |= np.pad(differs, [(0, int(side == axis)) for side in (0, 1)])
        changes |= np.pad(differs, [(int(side == axis), 0) for side in (0, 1)])
    return field.skeleton & ~ndimage.binary_dilation(changes, structure=np.ones((3, 3)), iterations=SHORTEST_PIECE)


def _without_chatter(
    grains: NDArray[np.int64], value: NDArray[np.int64], lengths: NDArray[np.float64], is_closed: bool
) -> list[int]:
    """Drop short pieces that part a grain from itself, or are separated from their own grain by one that does."""
    kept: list[int] = []
    for run in grains.tolist():
        # A B A with a short B, and A B with a short A after it: the digital boundary wavers about the line.
        while len(kept) > 1 and value[kept[-2]] == value[run] and lengths[kept[-1]] < SHORTEST_PIECE:
            kept.pop()
        if kept and value[kept[-1]] == value[run] and min(lengths[kept[-1]], lengths[run]) < SHORTEST_PIECE:
            if lengths[run] > lengths[kept[-1]]:
                kept[-1] = run
            continue
        kept.append(run)
    return kept


def _boundaries_of(field: Network | NDArray[np.integer] | NDArray[np.bool_], convention: str) -> NDArray[np.bool_]:
    if isinstance(field, Network):
        return field.boundaries
    array = np.asarray(field)
    if array.dtype != bool or array.ndim != 2:
        raise ValueError(
            f"convention {convention!r} needs boundaries as bool of shape (h, w), got {array.dtype} labels"
        )
    return array.astype(bool)


def _measure_nist(
    field: Network | NDArray[np.integer] | NDArray[np.bool_],
    pattern: str,
    spacing_px: float | None,
    angles_deg: Sequence[float] | None,
) -> Intercepts:
    return measure_nist_intercepts(_boundaries_of(field, "nist"), pattern, spacing_px, angles_deg)


def _measure_mlography(
    field: Network | NDArray[np.integer] | NDArray[np.bool_],
    pattern: str,
    spacing_px: float | None,
    angles_deg: Sequence[float] | None,
) -> Intercepts:
    return measure_mlography_intercepts(_boundaries_of(field, "mlography"))


Convention = Callable[
    [Network | NDArray[np.integer] | NDArray[np.bool_], str, float | None, Sequence[float] | None], Intercepts
]
CONVENTIONS: dict[str, Convention] = {"e112": _measure_e112, "nist": _measure_nist, "mlography": _measure_mlography}
