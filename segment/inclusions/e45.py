"""Inclusions rated by E45 and E1122: stringers, types, severities, the worst field."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from segment.records import InclusionRating, Stringer

FIELD_MM2 = 0.50
# Farther apart along the rolling direction, or sideways, inclusions are no stringer.
GAP_UM, OFFSET_UM = 40.0, 15.0
# log10 severity = a log10 X - b, with X the total length in micrometres, for D the number.
SEVERITY = {"A": (0.5605, 1.179), "B": (0.4626, 0.871), "C": (0.4807, 0.904), "D": (0.5, 0.301)}
# Widths in micrometres at which the thin series begins, ends, and the heavy one ends.
WIDTHS = {"A": (2.0, 4.0, 12.0), "B": (2.0, 9.0, 15.0), "C": (2.0, 5.0, 12.0), "D": (2.0, 8.0, 13.0)}
# Longer than so many widths, an inclusion is deformed: A or C.
DEFORMED = 2.0
# Fraction of a field that must be there.
MOSTLY = 0.95


def severity_of(kind: str, total: float) -> float:
    """Return the severity number of a type from its total length, for D from its number, in one field.

    Parameters
    ----------
    kind : {"A", "B", "C", "D"}
    total : float
        Total length in micrometres, for D the number, in a field of 0.50 square millimetres; not negative.

    Returns
    -------
    float
        Not rounded; 0 for nothing.

    Raises
    ------
    ValueError
        If the kind is unknown or the total negative.

    References
    ----------
    ASTM E1122 and E45, "Standard test methods for determining the inclusion content of steel".

    Examples
    --------
    >>> round(severity_of("A", 436.1), 2), round(severity_of("D", 16), 2)
    (2.0, 2.0)
    """
    if kind not in SEVERITY:
        raise ValueError(f"kind must be one of {', '.join(map(repr, SEVERITY))}, got {kind!r}")
    if not 0 <= total < math.inf:
        raise ValueError(f"total must not be negative, got {total}")
    slope, shift = SEVERITY[kind]
    return 10 ** (slope * math.log10(total) - shift) if total else 0.0


def join_stringers(
    labels: NDArray[np.integer], *, pixel_size_um: float, sulfide: NDArray[np.bool_] | None = None
) -> tuple[Stringer, ...]:
    """Join inclusions that lie in a line along the columns into stringers, and name their types.

    Parameters
    ----------
    labels : ndarray of int, shape (h, w)
        Ids of inclusions, 0 elsewhere; the rolling direction is along the columns.
    pixel_size_um : float
        Edge of a pixel in micrometres.
    sulfide : ndarray of bool, shape (n + 1,), optional
        Whether the inclusion with that id is light grey as sulfides are; None: none is known to be, and deformed ones
        are of type C.

    Returns
    -------
    tuple of Stringer
        From the upper left on. Inclusions thinner than 2 micrometres are not rated and left out.

    Raises
    ------
    ValueError
        If the pixel size is not positive.

    Notes
    -----
    Two inclusions belong together where the gap between their ends along the rolling direction is at most 40
    micrometres and their middles are at most 15 micrometres apart sideways. Those that are not deformed, at most twice
    as long as wide, are of type B where two or more are joined, and of type D alone; deformed ones are A or C.

    Examples
    --------
    >>> from segment.samples import draw_stringers
    >>> from scipy.ndimage import label
    >>> [len(join_stringers(label(draw_stringers((gap,), (0.0,)))[0], pixel_size_um=1.0)) for gap in (39.0, 41.0)]
    [1, 2]
    """
    if not 0 < pixel_size_um < math.inf:
        raise ValueError(f"pixel_size_um must be positive, got {pixel_size_um}")
    ids, boxes = [], []
    for number, box in enumerate(ndimage.find_objects(np.asarray(labels)), start=1):
        if box is not None:
            own = np.asarray(labels)[box] == number
            # The widest row: what a measuring line across the rolling direction meets.
            ids.append(number)
            boxes.append([box[0].start, box[0].stop, box[1].start, box[1].stop, int(own.sum(axis=1).max())])
    if not ids:
        return ()
    top, bottom, left, right, width = np.array(boxes, dtype=np.float64).T * pixel_size_um
    is_rated = width >= min(limits[0] for limits in WIDTHS.values())
    middle = (left + right) / 2
    gap = np.maximum(top[None] - bottom[:, None], top[:, None] - bottom[None])
    joined = (gap <= GAP_UM) & (np.abs(middle[None] - middle[:, None]) <= OFFSET_UM) & is_rated & is_rated[:, None]
    groups = connected_components(coo_matrix(joined), directed=False)[1]
    is_light = np.zeros(int(np.max(labels)) + 1, dtype=bool) if sulfide is None else np.asarray(sulfide, dtype=bool)
    found = []
    for group in dict.fromkeys(groups[is_rated].tolist()):
        at = np.flatnonzero((groups == group) & is_rated)
        long = float(bottom[at].max() - top[at].min())
        wide = float(width[at].max())
        is_deformed = bool(np.median((bottom[at] - top[at]) / width[at]) > DEFORMED)
        if is_deformed:
            kind = "A" if is_light[np.array(ids)[at]].mean() > 0.5 else "C"
        else:
            kind = "B" if len(at) > 1 else "D"
        middles = (float((top[at].min() + bottom[at].max()) / 2), float(middle[at].mean()))
        found.append(
            Stringer(
                members=tuple(ids[index] for index in at),
                kind=kind,
                series=_series(kind, wide),
                length_um=long,
                width_um=wide,
                centre=(middles[0] / pixel_size_um, middles[1] / pixel_size_um),
            )
        )
    return tuple(found)


def rate_field(stringers: tuple[Stringer, ...], *, area_mm2: float = FIELD_MM2) -> tuple[InclusionRating, ...]:
    """Rate one field: severity of each type and series.

    Parameters
    ----------
    stringers : tuple of Stringer
        Those of the field.
    area_mm2 : float, default 0.50
        Area of the field; totals of another one are brought to 0.50 square millimetres.

    Returns
    -------
    tuple of InclusionRating
        For types A to D, thin and heavy.

    Raises
    ------
    ValueError
        If the area is not positive.

    Examples
    --------
    >>> line = Stringer((1,), "A", "thin", 436.1, 3.0, (0.0, 0.0))
    >>> rating = rate_field((line,))[0]
    >>> rating.kind, round(rating.severity, 2), rating.rounded
    ('A', 2.0, 2.0)
    """
    if not 0 < area_mm2 < math.inf:
        raise ValueError(f"area_mm2 must be positive, got {area_mm2}")
    found = []
    for kind in SEVERITY:
        for series in ("thin", "heavy"):
            chosen = [item for item in stringers if item.kind == kind and item.series == series]
            total = float(len(chosen)) if kind == "D" else sum(item.length_um for item in chosen)
            total *= FIELD_MM2 / area_mm2
            severity = severity_of(kind, total)
            # A last digit of rounding is no lower severity.
            found.append(InclusionRating(kind, series, total, severity, math.floor(2 * severity + 1e-2) / 2))
    return tuple(found)


def rate_worst_field(
    stringers: tuple[Stringer, ...],
    shape: tuple[int, int],
    *,
    pixel_size_um: float,
    valid: NDArray[np.bool_] | None = None,
) -> tuple[tuple[InclusionRating, tuple[float, float]], ...]:
    """Find, for each type and series, the square field of 0.50 square millimetres with the highest severity.

    Parameters
    ----------
    stringers : tuple of Stringer
    shape : (int, int)
        Height and width of the scan in pixels.
    pixel_size_um : float
        Edge of a pixel in micrometres.
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all. Of a field 95 % must; its total is brought to 0.50 square millimetres of them.

    Returns
    -------
    tuple of (InclusionRating, (float, float))
        Worst rating of each type and series, and the upper left corner (row, column) of its field, in pixels. A smaller
        scan, and one without such a field, is rated whole, by its own area.

    Raises
    ------
    ValueError
        If the pixel size is not positive.

    Notes
    -----
    A stringer belongs to the field that holds its middle. Fields start at the row and the column of a middle: among
    these is one with the largest total.

    Examples
    --------
    >>> lines = tuple(Stringer((n,), "A", "thin", 200.0, 3.0, (10.0, 10.0 * n)) for n in (1, 2))
    >>> round(rate_worst_field(lines, (2000, 2000), pixel_size_um=1.0)[0][0].total)
    400
    """
    if not 0 < pixel_size_um < math.inf:
        raise ValueError(f"pixel_size_um must be positive, got {pixel_size_um}")
    side = 1000 * math.sqrt(FIELD_MM2) / pixel_size_um
    scan = _Scan.of(shape, valid)
    area = scan.n_pixels * (pixel_size_um / 1000) ** 2
    whole = tuple((rating, scan.first) for rating in rate_field(stringers, area_mm2=area))
    if any(last - first < side for first, last in zip(scan.first, scan.last, strict=True)):
        return whole
    found = []
    for empty in rate_field(()):
        chosen = [item for item in stringers if (item.kind, item.series) == (empty.kind, empty.series)]
        best, corner, is_field = empty, scan.first, not chosen
        starts = [
            sorted({min(max(scan.first[axis], item.centre[axis]), scan.last[axis] - side) for item in chosen})
            for axis in (0, 1)
        ]
        for row in starts[0]:
            for column in starts[1]:
                covered = scan.covered(row, column, side)
                if covered < MOSTLY:
                    continue
                is_field = True
                inside = tuple(
                    item
                    for item in chosen
                    if row <= item.centre[0] <= row + side and column <= item.centre[1] <= column + side
                )
                total = float(len(inside)) if empty.kind == "D" else sum(item.length_um for item in inside)
                if total / covered > best.total:
                    rated = rate_field(inside, area_mm2=FIELD_MM2 * covered)
                    best = next(item for item in rated if (item.kind, item.series) == (empty.kind, empty.series))
                    corner = (row, column)
        found.append((best, corner) if is_field else whole[len(found)])
    return tuple(found)


@dataclass(frozen=True)
class _Scan:
    """The pixels of a scan that count: how many, between which corners, and sums of the others; None without any."""

    n_pixels: int
    first: tuple[float, float]
    last: tuple[float, float]
    missing: NDArray[np.int64] | None

    @classmethod
    def of(cls, shape: tuple[int, int], valid: NDArray[np.bool_] | None) -> _Scan:
        if valid is None or valid.all():
            return cls(shape[0] * shape[1], (0.0, 0.0), (float(shape[0]), float(shape[1])), None)
        places = np.argwhere(valid)
        (top, left), (bottom, right) = places.min(axis=0).tolist(), (places.max(axis=0) + 1).tolist()
        missing = np.pad(np.cumsum(np.cumsum(~valid, axis=0, dtype=np.int64), axis=1), ((1, 0), (1, 0)))
        return cls(len(places), (float(top), float(left)), (float(bottom), float(right)), missing)

    def covered(self, row: float, column: float, side: float) -> float:
        if self.missing is None:
            return 1.0
        top, left, bottom, right = (round(at) for at in (row, column, row + side, column + side))
        sums = self.missing
        missing = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return 1.0 - float(missing) / max(1, (bottom - top) * (right - left))


def _series(kind: str, width_um: float) -> str:
    _, thin, heavy = WIDTHS[kind]
    return "thin" if width_um <= thin else "heavy" if width_um <= heavy else "oversize"
