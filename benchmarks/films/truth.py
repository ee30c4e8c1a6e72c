"""The truth of synthetic films, as it lies in a folder of labelled sets."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Links and merges count where particles have this radius at least, and lie so far inside.
RADIUS, INSIDE = 2.0, 6.0


@dataclass(frozen=True)
class Film:
    """A film with its drift, its particles and its events.

    Attributes
    ----------
    name : str
    frames : ndarray of uint8, shape (n, h, w)
    drift : ndarray of float64, shape (n, 2)
    frame, id : ndarray of int64, shape (m,)
        Of each true particle of each frame.
    place : ndarray of float64, shape (m, 2)
        y and x in coordinates of its frame.
    radius : ndarray of float64, shape (m,)
    merges : list of (int, list of int, int)
        Frame, parents and child.
    dissolved : set of int
    """

    name: str
    frames: NDArray[np.uint8]
    drift: NDArray[np.float64]
    frame: NDArray[np.int64]
    id: NDArray[np.int64]
    place: NDArray[np.float64]
    radius: NDArray[np.float64]
    merges: list[tuple[int, list[int], int]]
    dissolved: set[int]

    @property
    def still(self) -> NDArray[np.float64]:
        """Places without the drift, those of the first frame."""
        return self.place - self.drift[self.frame]

    @property
    def is_inside(self) -> NDArray[np.bool_]:
        """Whether a particle counts: large enough, and inside of its frame."""
        height, width = self.frames.shape[1:]
        y, x = self.place.T
        inside = (y > INSIDE) & (y < height - 1 - INSIDE) & (x > INSIDE) & (x < width - 1 - INSIDE)
        return inside & (self.radius >= RADIUS)

    def rows(self) -> dict[tuple[int, int], int]:
        """Return the row of each frame and id."""
        return {(int(frame), int(name)): row for row, (frame, name) in enumerate(zip(self.frame, self.id, strict=True))}

    def coalesced_share(self) -> float:
        """Return the share of the moved volume that merging moved, of what happened in view."""
        rows, volume = self.rows(), 4 / 3 * np.pi * self.radius**3
        height, width = self.frames.shape[1:]
        seen = np.all((self.place >= 0) & (self.place < np.array([height, width])), axis=1)
        merged, lost = 0.0, 0.0
        ended = set()
        for frame, parents, _ in self.merges:
            found = [rows.get((frame - 1, parent)) for parent in parents]
            ended |= set(parents)
            if None not in found and all(seen[row] for row in found if row is not None):
                merged += min(float(volume[row]) for row in found if row is not None)
        for (frame, name), row in rows.items():
            after = rows.get((frame + 1, name))
            if not seen[row]:
                continue
            if after is not None:
                lost += max(float(volume[row] - volume[after]), 0.0)
            elif name in self.dissolved and name not in ended:
                lost += float(volume[row])
        return merged / (merged + lost) if merged + lost > 0 else 0.0


def data_folder() -> Path:
    """Return the folder of labelled sets: NMFCORE_DATA, or ``../shared/data`` beside the checkout."""
    named = os.environ.get("NMFCORE_DATA")
    return Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "data"


def load_films(folder: Path, names: tuple[str, ...]) -> Iterator[Film]:
    """Load the films that are there, one at a time."""
    for name in names:
        if (folder / f"{name}.npz").is_file():
            yield _load(folder, name)


def _load(folder: Path, name: str) -> Film:
    archive = np.load(folder / f"{name}.npz")
    with (folder / f"{name}_tracks.csv").open(encoding="utf-8") as stream:
        rows = [[float(row[key]) for key in ("frame", "id", "y", "x", "r")] for row in csv.DictReader(stream)]
    with (folder / f"{name}_events.csv").open(encoding="utf-8") as stream:
        events = list(csv.DictReader(stream))
    merges = [
        (int(row["frame"]), [int(parent) for parent in row["parents"].split()], int(float(row["child"])))
        for row in events
        if row["event"] == "merge"
    ]
    dissolved = {int(parent) for row in events if row["event"] == "dissolve" for parent in row["parents"].split()}
    values = np.array(rows)
    frame, ids = values[:, 0].astype(np.int64), values[:, 1].astype(np.int64)
    return Film(name, archive["frames"], archive["drift"], frame, ids, values[:, 2:4], values[:, 4], merges, dissolved)
