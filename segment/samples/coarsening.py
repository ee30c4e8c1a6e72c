"""A synthetic film of coarsening particles, with everything that happened in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from segment.records import Table

# Pixels beyond the frame in which particles live too, so that drift brings new ones into view.
MARGIN = 48
# Radius below which a particle is gone, in pixels.
GONE = 0.8
# Blur of the microscope, one sigma in pixels.
BLUR = 1.0


@dataclass(frozen=True)
class CoarseningFilm:
    """A film and its truth.

    Attributes
    ----------
    frames : ndarray of uint8, shape (n, h, w)
        Dark particles on a bright, unevenly lit film.
    drift : ndarray of float64, shape (n, 2)
        What lies at (y, x) in the first frame lies at (y, x) + drift[t] in frame t, in pixels.
    tracks : Table
        ``frame``, ``id``, ``y_px``, ``x_px``, ``r_px``: each particle whose disc overlaps the frame, in coordinates of
        that frame.
    events : Table
        ``frame``, ``event`` (merge, dissolve), ``parents`` (ids separated by spaces), ``child`` (-1 for dissolve),
        ``y_px``, ``x_px`` in coordinates of that frame, ``volume_px3`` that changed hands: of the smaller parent, or of
        the particle that dissolved when the film began.
    coalesced_share : float
        Fraction of the moved volume that merging moved, of what happened in view: volume of smaller parents over that
        and the volume that shrinking particles lost.
    """

    frames: NDArray[np.uint8]
    drift: NDArray[np.float64]
    tracks: Table
    events: Table
    coalesced_share: float


def make_coarsening(
    *,
    n_frames: int = 60,
    shape: tuple[int, int] = (256, 256),
    n_particles: int = 150,
    contrast: float = 6.0,
    noise: float = 2.0,
    motion_px: float = 0.25,
    ripening: float = 0.12,
    drift_px: float = 0.5,
    jumps: Sequence[int] = (20, 45),
    seed: int = 0,
) -> CoarseningFilm:
    """Make a film of particles that wander, merge and ripen while the specimen drifts.

    Radii follow dr/dt = ripening (1 / <r> - 1 / r) / r, as when atoms go from small particles to large ones; two
    particles that touch become one of their joint volume, r^3 = r_1^3 + r_2^3, at their centre of mass.

    Parameters
    ----------
    n_frames : int, default 60
    shape : (int, int), default (256, 256)
        Height and width in pixels.
    n_particles : int, default 150
        In view at the start, about.
    contrast : float, default 6
        Depth of a particle, in grey levels of 255.
    noise : float, default 2
        Standard deviation of a pixel, in grey levels.
    motion_px : float, default 0.25
        Standard deviation of a particle's step from frame to frame, in pixels along each axis.
    ripening : float, default 0.12
        Rate, in cubed pixels a frame.
    drift_px : float, default 0.5
        Standard deviation of the specimen's step, in pixels along each axis; 0 for none.
    jumps : sequence of int, default (20, 45)
        Frames at which the stage jumps, by 17 and 23 pixels in turn; passed over where `drift_px` is 0.
    seed : int, default 0
        Same arguments, same film.

    Returns
    -------
    CoarseningFilm

    Raises
    ------
    ValueError
        If a size or a number is not positive.

    Examples
    --------
    >>> film = make_coarsening(n_frames=5, shape=(64, 80), n_particles=20)
    >>> film.frames.shape, film.drift.shape
    ((5, 64, 80), (5, 2))
    """
    if n_frames < 1 or min(shape) < 16 or n_particles < 1:
        raise ValueError(
            f"n_frames and n_particles must be at least 1 and shape at least (16, 16), got {n_frames}, {n_particles} "
            f"and {shape}"
        )
    rng = np.random.default_rng(seed)
    drift = _drift(rng, n_frames, drift_px, jumps)
    low, high = drift.min(axis=0), drift.max(axis=0)
    # The specimen reaches beyond the frame on all sides, as far as it will drift.
    start, size = -high - MARGIN, np.array(shape) + high - low + 2 * MARGIN
    count = round(n_particles * float(np.prod(size)) / float(np.prod(shape)))
    place = start + rng.uniform(size=(count, 2)) * size
    radius = np.exp(np.log(3.0) + 0.35 * rng.normal(size=count)).clip(1.2, 9)
    state = _State(place, radius, np.arange(count), count)
    lit = _light(rng, shape)
    frames = np.empty((n_frames, *shape), dtype=np.uint8)
    tracks: list[tuple[float, ...]] = []
    events: list[tuple[int, str, str, int, float, float, float]] = []
    merged = lost = 0.0
    for index in range(n_frames):
        if index:
            before = state.radius.copy()
            state.ripen(ripening)
            shrunk = (before**3 - state.radius**3).clip(0) * (4 * np.pi / 3)
            lost += float(shrunk[_in_view(state.place + drift[index], shape)].sum())
            state.wander(rng, motion_px)
            for kind, parents, child, (y, x), volume in (*state.dissolve(), *state.merge()):
                at = np.array([y, x]) + drift[index]
                if _in_view(at[None], shape)[0]:
                    merged += volume if kind == "merge" else 0.0
                    events.append((index, kind, " ".join(map(str, parents)), child, at[0], at[1], volume))
        seen = state.place + drift[index]
        visible = _in_view(seen, shape, state.radius)
        picture = lit - contrast * _cover(seen[visible], state.radius[visible], shape)
        frames[index] = np.clip(np.round(picture + noise * rng.normal(size=shape)), 0, 255)
        rows = np.column_stack([state.ids[visible], seen[visible], state.radius[visible]])
        tracks += [(index, *row) for row in rows.tolist()]
    moved = merged + lost
    return CoarseningFilm(frames, drift, _tracks(tracks), _events(events), merged / moved if moved else 0.0)


class _State:
    """The particles at one time: where, how large, and what they are called."""

    def __init__(
        self, place: NDArray[np.float64], radius: NDArray[np.float64], ids: NDArray[np.int64], following: int
    ) -> None:
        self.place, self.radius, self.ids, self.following = place, radius, ids, following
        self._settle()

    def _settle(self) -> None:
        """Take away particles that would overlap a larger one at the start."""
        order = np.argsort(-self.radius, kind="stable")
        place, radius = self.place[order], self.radius[order]
        keep = np.ones(len(order), dtype=bool)
        for one, other in sorted(cKDTree(place).query_pairs(2 * float(radius[0]))):
            if keep[one] and np.hypot(*(place[one] - place[other])) < radius[one] + radius[other] + 1.5:
                keep[other] = False
        chosen = np.sort(order[keep])
        self.place, self.radius, self.ids = self.place[chosen], self.radius[chosen], self.ids[chosen]

    def ripen(self, rate: float) -> None:
        growth = rate * 10 * (1 / self.radius.mean() - 1 / self.radius) / self.radius
        self.radius = np.maximum(self.radius + growth, 0.1)

    def wander(self, rng: np.random.Generator, step: float) -> None:
        self.place = self.place + step * rng.normal(size=self.place.shape)

    def dissolve(self) -> list[tuple[str, tuple[int, ...], int, tuple[float, float], float]]:
        gone = self.radius < GONE
        found = [
            ("dissolve", (int(name),), -1, (float(y), float(x)), float(4 / 3 * np.pi * r**3))
            for name, (y, x), r in zip(self.ids[gone], self.place[gone], self.radius[gone], strict=True)
        ]
        self.place, self.radius, self.ids = self.place[~gone], self.radius[~gone], self.ids[~gone]
        return found

    def merge(self) -> list[tuple[str, tuple[int, ...], int, tuple[float, float], float]]:
        found: list[tuple[str, tuple[int, ...], int, tuple[float, float], float]] = []
        dead: set[int] = set()
        for one, other in sorted(cKDTree(self.place).query_pairs(2 * float(self.radius.max()))):
            apart = np.hypot(*(self.place[one] - self.place[other]))
            if one in dead or other in dead or apart >= self.radius[one] + self.radius[other]:
                continue
            volumes = self.radius[[one, other]] ** 3
            self.place[one] = volumes @ self.place[[one, other]] / volumes.sum()
            self.radius[one] = volumes.sum() ** (1 / 3)
            parents = (int(self.ids[one]), int(self.ids[other]))
            self.ids[one] = self.following
            y, x = self.place[one].tolist()
            found.append(("merge", parents, self.following, (y, x), float(4 / 3 * np.pi * volumes.min())))
            self.following += 1
            dead.add(other)
        keep = np.array([index not in dead for index in range(len(self.ids))])
        self.place, self.radius, self.ids = self.place[keep], self.radius[keep], self.ids[keep]
        return found


def _drift(rng: np.random.Generator, n: int, step: float, jumps: Sequence[int]) -> NDArray[np.float64]:
    steps = step * rng.normal(size=(n, 2))
    steps[0] = 0
    for number, index in enumerate(jumps):
        if step > 0 and 0 < index < n:
            angle = rng.uniform(0, 2 * np.pi)
            steps[index] += (17, 23)[number % 2] * np.array([np.sin(angle), np.cos(angle)])
    return np.cumsum(steps, axis=0)


def _light(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    smooth = gaussian_filter(rng.normal(size=shape), 40, mode="reflect")
    return 100 + 4 * smooth / max(float(np.abs(smooth).max()), 1e-12)


def _in_view(
    place: NDArray[np.float64], shape: tuple[int, int], reach: NDArray[np.float64] | float = 0.0
) -> NDArray[np.bool_]:
    far = np.asarray(reach)[..., None] if np.ndim(reach) else reach
    return np.all((place > -0.5 - far) & (place < np.array(shape) - 0.5 + far), axis=1)


def _cover(place: NDArray[np.float64], radius: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the blurred fraction of each pixel that particles cover, by the distance of its centre from their rims."""
    pad = 8
    cover = np.zeros((shape[0] + 2 * pad, shape[1] + 2 * pad))
    for (y, x), r in zip(place + pad, radius, strict=True):
        reach = int(np.ceil(r)) + 1
        rows = slice(max(int(y) - reach, 0), min(int(y) + reach + 2, cover.shape[0]))
        columns = slice(max(int(x) - reach, 0), min(int(x) + reach + 2, cover.shape[1]))
        yy, xx = np.ogrid[rows, columns]
        fraction = np.clip(r - np.hypot(yy - y, xx - x) + 0.5, 0, 1)
        cover[rows, columns] = np.maximum(cover[rows, columns], fraction)
    return gaussian_filter(cover, BLUR)[pad:-pad, pad:-pad]


def _tracks(rows: list[tuple[float, ...]]) -> Table:
    values = np.array(rows, dtype=np.float64).reshape(-1, 5)
    names = ("frame", "id", "y_px", "x_px", "r_px")
    return Table({n: values[:, i].astype(np.int64) if i < 2 else values[:, i] for i, n in enumerate(names)})


def _events(rows: list[tuple[int, str, str, int, float, float, float]]) -> Table:
    names = ("frame", "event", "parents", "child", "y_px", "x_px", "volume_px3")
    kinds = (np.int64, str, str, np.int64, np.float64, np.float64, np.float64)
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return Table({name: np.array(c, dtype=kind) for name, kind, c in zip(names, kinds, columns, strict=True)})
