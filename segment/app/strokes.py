"""Paint strokes in the colours of phases: those pixels then show what the phases are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.app.session import Field, Point, Session, Stroke
from segment.app.user_error import UserError
from segment.model.labels import UNLABELLED

WIDEST = 200
MOST_POINTS = 20_000


def paint(session: Session, image: str, phase: int, width: float, points: Sequence[Sequence[float]]) -> Session:
    """Add a stroke to an image.

    Parameters
    ----------
    session : Session
    image : str
        File name.
    phase : int
        Phase id, below the number of phases.
    width : float
        In pixels of the image, 1 to 200.
    points : sequence of (float, float)
        x and y along the stroke, in pixels of the image as read; those beyond its edges are moved to them.

    Returns
    -------
    Session

    Raises
    ------
    UserError
        If there is no such phase, or the stroke cannot be drawn.
    """
    index = session.index_of(image)
    field = session.fields[index]
    if not 0 <= phase < session.n_phases:
        raise UserError(f"There is no phase {phase} to paint: there are {session.n_phases}, counted from 0.")
    inside = inside_image(field, points)
    if not inside or not 1 <= width <= WIDEST:
        raise UserError(f"A stroke needs a width of 1 to {WIDEST} pixels, and a point at least.")
    stroke = Stroke(phase, round(width), inside)
    if (_drawn([stroke], field) == UNLABELLED).all():
        raise UserError("This stroke lies in the information band, which is not segmented.")
    return with_strokes(session, index, (*field.strokes, stroke))


def inside_image(field: Field, points: Sequence[Sequence[float]]) -> tuple[Point, ...]:
    """Return points as pairs of finite numbers within the image; UserError where some are none, or there are many."""
    if len(points) > MOST_POINTS or not all(len(point) == 2 and all(map(math.isfinite, point)) for point in points):
        raise UserError(f"A line has at most {MOST_POINTS} points, each of two numbers: draw a shorter one.")
    height, across = field.full.shape
    return tuple((min(max(float(x), 0.0), float(across)), min(max(float(y), 0.0), float(height))) for x, y in points)


def erase(session: Session, image: str, number: int) -> Session:
    """Delete one stroke of an image; strokes are numbered from 0, the oldest."""
    index = session.index_of(image)
    strokes = session.fields[index].strokes
    if not 0 <= number < len(strokes):
        raise UserError(f"There is no stroke {number} on {image}.")
    return with_strokes(session, index, (*strokes[:number], *strokes[number + 1 :]))


def rub(session: Session, image: str, width: float, points: Sequence[Sequence[float]]) -> Session:
    """Take away what an eraser of a width passes over: strokes are cut where it did.

    Parameters
    ----------
    session : Session
    image : str
    width : float
        Of the eraser, in pixels of the image.
    points : sequence of (float, float)
        Where it went.

    Returns
    -------
    Session
    """
    index = session.index_of(image)
    field = session.fields[index]
    path = np.array(inside_image(field, points)).reshape(-1, 2)
    kept = tuple(part for stroke in field.strokes for part in _cut(stroke, path, float(width)))
    return with_strokes(session, index, kept)


def wipe(session: Session, image: str) -> Session:
    """Delete all strokes of an image, those of a dropped file too."""
    index = session.index_of(image)
    return session.with_field(index, replace(session.fields[index], strokes=(), painted=None))


def count_strokes(session: Session) -> int:
    """Return the number of strokes on all images; a dropped file of strokes counts as one."""
    return sum(len(field.strokes) + (field.painted is not None) for field in session.fields)


def painted_labels(session: Session, n_phases: int) -> tuple[NDArray[np.uint8] | None, ...] | None:
    """Return what strokes say of the images' pixels, as `segment.Segmenter.fit` takes labels.

    Parameters
    ----------
    session : Session
    n_phases : int
        How many phases are asked for.

    Returns
    -------
    tuple of (ndarray of uint8, shape (h, w)) or None, or None
        For every image phase ids, 255 where nothing is painted, of the micrograph's size, without its band; None for an
        image without strokes. None if nothing is painted at all.

    Raises
    ------
    UserError
        If strokes are of one phase only, of phases that are not asked for, or have come to lie in the band.
    """
    if not count_strokes(session):
        return None
    labels = tuple(
        None if not field.strokes and field.painted is None else _drawn(field.strokes, field, field.painted)
        for field in session.fields
    )
    seen = sorted({int(phase) for ids in labels if ids is not None for phase in np.unique(ids)} - {UNLABELLED})
    if not seen:
        raise UserError("All strokes lie in the information band by now: paint in the image, or clear them.")
    if seen[-1] >= n_phases:
        raise UserError(
            f"Strokes of phase {seen[-1]} are painted, but the number of phases is {n_phases}, and they count from 0: "
            "raise it, or take those strokes back."
        )
    if len(seen) == 1:
        raise UserError(
            "All strokes are of one phase, and there is nothing to distinguish it from: paint some of another phase "
            "too, or clear them to learn without strokes."
        )
    return labels


def with_strokes(session: Session, index: int, strokes: tuple[Stroke, ...]) -> Session:
    """Return the session with other strokes on one image."""
    return session.with_field(index, replace(session.fields[index], strokes=strokes))


def _cut(stroke: Stroke, path: NDArray[np.float64], width: float) -> list[Stroke]:
    """Return what an eraser leaves of a stroke: the runs of its points, one pixel apart, that it did not come near."""
    if not len(path):
        return [stroke]
    line, eraser = _dense(np.array(stroke.points)), _dense(path)
    reach = (width + stroke.width) / 2
    # In blocks: both lines may be long.
    near = np.concatenate(
        [
            (((part[:, None] - eraser[None]) ** 2).sum(axis=2) < reach**2).any(axis=1)
            for part in np.array_split(line, len(line) // 500 + 1)
        ]
    )
    if not near.any():
        return [stroke]
    edges = np.flatnonzero(np.diff(np.concatenate([[True], near, [True]]).astype(np.int8)))
    runs = edges.reshape(-1, 2)
    return [replace(stroke, points=tuple((float(x), float(y)) for x, y in line[a:b])) for a, b in runs]


def _dense(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points at most one pixel apart along a line."""
    if len(points) == 1:
        return points
    lengths = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    steps = np.unique(np.concatenate([along, np.arange(0, along[-1], 1.0)]))
    return np.column_stack([np.interp(steps, along, points[:, axis]) for axis in (0, 1)])


def painted_picture(field: Field) -> NDArray[np.uint8]:
    """Return the labels of a dropped file of strokes, of the rows of the image as read."""
    ids = np.full(field.full.shape, UNLABELLED, dtype=np.uint8)
    if field.painted is not None:
        ids[: len(field.painted)] = field.painted[: len(ids)]
    return ids


def _drawn(strokes: Sequence[Stroke], field: Field, painted: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Return phase ids of the pixels above the band, later strokes over earlier ones."""
    height, across = field.full.shape
    ids = np.full((height, across), UNLABELLED, dtype=np.uint8)
    if painted is not None:
        ids[: len(painted)] = painted[:height]
    for stroke in strokes:
        # The pixels that the points lie in; one point is a line to itself.
        points = np.array([*stroke.points, stroke.points[-1]]).astype(np.int32)
        points = np.minimum(points, (across - 1, height - 1))
        left, upper = np.maximum(points.min(axis=0) - stroke.width, 0)
        right, lower = points.max(axis=0) + stroke.width
        window = ids[upper:lower, left:right]
        off = np.ones(window.shape, dtype=np.uint8)
        cv2.polylines(off, [points - (left, upper)], False, 0)
        # OpenCV's own thick lines are up to two pixels wider than asked for.
        distances = cv2.distanceTransform(off, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        window[distances < stroke.width / 2] = stroke.phase
    return np.ascontiguousarray(ids[: field.micrograph.image.shape[0]])
