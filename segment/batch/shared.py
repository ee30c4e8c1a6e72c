"""The phases that the images of a batch share, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.batch.inversion import checked_references, find_group, find_references, is_inverted, is_unlike
from segment.batch.naming import find_shared, nearest
from segment.batch.profile import Profile
from segment.batch.replicability import replicate
from segment.batch.ruler import Ruler, find_ruler
from segment.batch.ruler import from_json as ruler_from_json
from segment.features.texture import TEXTURE


@dataclass(frozen=True)
class SharedPhases:
    """Phases as points on a scale that all images share, by which the phases of each image are named.

    Attributes
    ----------
    ruler : Ruler
        The scale.
    points : ndarray of float64, shape (k, 22)
        Mean features of each phase, darkest first; zeros for a phase that was found in no image, which come last.
    n_images : tuple of int
        In how many of the images of the batch each phase was found.
    replicability : tuple of (float or None), or None
        How much of each phase was found again in halves of the batch, 0 to 1, see `segment.batch.replicate`; None of a
        phase that fewer than two images show, or of fewer than four images.
    references : ndarray of float64, shape (r, 4, 24), or None
        What the images look like as a whole, see `segment.batch.inversion.find_references`; None of fewer than five.
    inverted : tuple of int
        Images of the batch that look like the others with dark and bright exchanged.
    blank : tuple of int
        Images of the batch that say nothing of the phases.
    unlike : tuple of int
        Images of the batch that look unlike the others, see `segment.batch.inversion.is_unlike`.
    group : tuple of int
        The smaller of two groups of images that look unlike each other, see `segment.batch.inversion.find_group`.
    """

    ruler: Ruler
    points: NDArray[np.float64]
    n_images: tuple[int, ...]
    replicability: tuple[float | None, ...] | None = None
    references: NDArray[np.float64] | None = None
    inverted: tuple[int, ...] = ()
    blank: tuple[int, ...] = ()
    unlike: tuple[int, ...] = ()
    group: tuple[int, ...] = ()

    @property
    def is_found(self) -> NDArray[np.bool_]:
        """Whether each phase was found in any image, shape (k,)."""
        return np.array(self.n_images) > 0

    def name(self, profile: Profile) -> tuple[int, ...]:
        """Return the shared phase of each phase of one image, the nearest; those without a pixel get any.

        Parameters
        ----------
        profile : Profile

        Returns
        -------
        tuple of int
        """
        places = np.flatnonzero(self.is_found)
        return tuple(int(phase) for phase in places[nearest(self.ruler.place(profile), self.points[places])])

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values, from which `from_json` makes the same bits again."""
        return {
            "ruler": self.ruler.to_json(),
            "points": self.points.tolist(),
            "n_images": list(self.n_images),
            "replicability": None if self.replicability is None else list(self.replicability),
            "references": None if self.references is None else self.references.tolist(),
            "inverted": list(self.inverted),
            "blank": list(self.blank),
            # Named where there are any: a model of an earlier version keeps its digest.
            **{name: list(found) for name, found in (("unlike", self.unlike), ("group", self.group)) if found},
        }


def from_json(record: dict[str, Any], n_phases: int) -> SharedPhases:
    """Return what `SharedPhases.to_json` described.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is not that, or not of `n_phases` phases.
    """
    points = np.array(record["points"], dtype=np.float64)
    n_images = tuple(int(count) for count in record["n_images"])
    if points.shape != (n_phases, len(TEXTURE.names)) or len(n_images) != n_phases or not any(n_images):
        raise ValueError(f"shared phases of shape {points.shape}, found in {n_images} images, for {n_phases} phases")
    if not np.isfinite(points).all():
        raise ValueError("shared phases are not finite")
    # What was added since the first such files is not in them.
    again = record.get("replicability")
    return SharedPhases(
        ruler_from_json(record["ruler"]),
        points,
        n_images,
        None if again is None else tuple(None if value is None else float(value) for value in again),
        checked_references(record.get("references")),
        tuple(int(index) for index in record.get("inverted", ())),
        tuple(int(index) for index in record.get("blank", ())),
        tuple(int(index) for index in record.get("unlike", ())),
        tuple(int(index) for index in record.get("group", ())),
    )


def share(profiles: Sequence[Profile], n_phases: int, random_state: int = 0) -> SharedPhases:
    """Find the phases that several images share.

    Parameters
    ----------
    profiles : sequence of Profile
        At least one.
    n_phases : int
    random_state : int, default 0

    Returns
    -------
    SharedPhases

    Examples
    --------
    >>> from segment.batch import share, take_profile
    >>> image = np.repeat(np.linspace(0.2, 0.8, 48, dtype=np.float32)[None], 48, axis=0)
    >>> labels = (image > 0.5).astype(np.uint8)
    >>> one, other = take_profile(image, labels, 2), take_profile(0.5 * image, 1 - labels, 2)
    >>> found = share([one, other], 2)
    >>> found.name(one), found.name(other), found.n_images
    ((0, 1), (1, 0), (2, 2))
    """
    ruler = find_ruler(profiles)
    shown = [one for one in profiles if one.is_found.any()]
    every = [ruler.place(one)[one.is_found] for one in shown]
    shared = find_shared(np.concatenate(every), n_phases, random_state)
    shared = shared[np.argsort(shared[:, 0], kind="stable")]
    counts = np.zeros(n_phases, dtype=np.intp)
    for points in every:
        counts[np.unique(nearest(points, shared))] += 1
    padded = np.zeros((n_phases, shared.shape[1]))
    padded[: len(shared)] = shared
    again = replicate(every, [one.areas[one.is_found] for one in shown], shared, random_state)
    references = find_references(profiles)
    inverted = tuple(index for index, one in enumerate(profiles) if is_inverted(one, references))
    group = find_group(profiles, references)
    said = {*inverted, *group}
    return SharedPhases(
        ruler,
        padded,
        tuple(int(count) for count in counts),
        None if again is None else (*map(_known, again), *[None] * (n_phases - len(again))),
        references,
        inverted,
        tuple(index for index, one in enumerate(profiles) if not one.is_found.any()),
        tuple(index for index, one in enumerate(profiles) if index not in said and is_unlike(one, references)),
        group if set(group) != set(inverted) else (),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
