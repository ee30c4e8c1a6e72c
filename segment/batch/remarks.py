"""What is doubtful about a batch, in words: phases without support, phases not found again, images unlike others."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import ArrayLike

from segment.batch.replicability import DOUBTFUL, TRUSTED
from segment.batch.shared import SharedPhases

NOWHERE = "found in no image"
# What a table shows as 0.0 %.
NOTHING = 0.0005
# Of fewer images, a half is too few for a phase that is real to be found again in it.
FEWEST_JUDGED = 8
INVERTED = "looks like the other images with dark and bright exchanged: check whether its phases have the right names"
UNLIKE = "is unlike the other images: check whether its phases have the right names"
# Of a group of images so many are named.
MOST_NAMED = 6
BLANK = "has a single grey level: the phases have no contrast in it"
NUMBERS = ("no phase supports", "one phase supports", "two phases support", "three phases support")


def remark_on_support(fractions: ArrayLike, names: Sequence[str]) -> list[str]:
    """Say which phases were found in no image, in one sentence; nothing where all were.

    Parameters
    ----------
    fractions : array-like of float, shape (n_images, k)
        Area fractions; at least one image.
    names : sequence of str
        One a phase.

    Returns
    -------
    list of str

    Examples
    --------
    >>> remark_on_support(np.array([[0.6, 0.4, 0.0], [0.7, 0.3, 0.0]]), ["matrix", "carbide", "phase 2"])
    ['two phases support the data; phase 2 was found in no image']
    """
    is_empty = np.atleast_1d((np.asarray(fractions) < NOTHING).all(axis=0))
    if not is_empty.any():
        return []
    count = int(np.count_nonzero(~is_empty))
    support = NUMBERS[count] if count < len(NUMBERS) else f"{count} phases support"
    lacking = [name for name, empty in zip(names, is_empty, strict=True) if empty]
    verb = "was" if len(lacking) == 1 else "were"
    return [f"{support} the data; {' and '.join(lacking)} {verb} found in no image"]


def remark_on_maps(fractions: ArrayLike, names: Sequence[str], images: Sequence[str]) -> list[str]:
    """Say which phases were found in no image, and which image alone is mostly one phase.

    Parameters
    ----------
    fractions : array-like of float, shape (n_images, k)
        Area fractions; at least one image.
    names : sequence of str
        One a phase.
    images : sequence of str
        One an image.

    Returns
    -------
    list of str
        One sentence each. Of fewer than eight images none is called unlike the others.

    Examples
    --------
    >>> usual = [[0.1, 0.9]] * 7
    >>> remark_on_maps([*usual, [0.7, 0.3]], ["crack", "matrix"], [f"image{i}" for i in range(8)])
    ['image7 is 70.0 % crack, which covers at most 10.0 % of each other image: check its map']
    """
    table = np.atleast_2d(np.asarray(fractions, np.float64))
    found = remark_on_support(table, names)
    if len(table) < FEWEST_JUDGED:
        return found
    for index, phase in np.argwhere(table > 0.5):
        others = float(np.delete(table[:, phase], index).max())
        if others <= 0.5:
            found.append(
                f"{images[index]} is {100 * table[index, phase]:.1f} % {names[phase]}, which covers at most "
                f"{100 * others:.1f} % of each other image: check its map"
            )
    return found


def doubt_phases(
    shared: SharedPhases | None, n_images: int, names: Sequence[str], fractions: ArrayLike
) -> dict[str, str]:
    """Say of each doubtful phase why, in a few words.

    Parameters
    ----------
    shared : SharedPhases or None
        None of a model of a single image.
    n_images : int
        Images that the phases were found in.
    names : sequence of str
        One a phase.
    fractions : array-like of float, shape (n, k)
        Area fractions in the images that are reported; at least one.

    Returns
    -------
    dict of str to str
        By the name of the phase; empty where none is doubtful.

    Examples
    --------
    >>> doubt_phases(None, 1, ["matrix", "phase 1"], [[1.0, 0.0]])
    {'phase 1': 'found in no image'}
    """
    lacking = np.atleast_1d((np.atleast_2d(np.asarray(fractions, np.float64)) < NOTHING).all(axis=0))
    found = {name: NOWHERE for name, lacks in zip(names, lacking, strict=True) if lacks}
    if shared is None:
        return found
    again = shared.replicability or (None,) * len(names)
    for name, count, value in zip(names, shared.n_images, again, strict=True):
        if name in found:
            continue
        if count == 1 and n_images > 2:
            found[name] = f"found in one of {n_images} images only"
        elif value is not None and value < DOUBTFUL and n_images >= FEWEST_JUDGED:
            found[name] = f"not found again in halves of the batch ({value:.2f})"
    return found


def remark_on_batch(
    shared: SharedPhases, names: Sequence[str], images: Sequence[str], lacking: Collection[str] = ()
) -> list[str]:
    """Say what is doubtful about the phases of a batch and its images, one sentence each.

    Parameters
    ----------
    shared : SharedPhases
    names : sequence of str
        One a phase.
    images : sequence of str
        Names of the images that the phases were found in.
    lacking : collection of str
        Phases of which it is said that they were found in no image.

    Returns
    -------
    list of str
    """
    found = []
    for name, count in zip(names, shared.n_images, strict=True):
        if count == 1 and len(images) > 2 and name not in lacking:
            found.append(f"{name} was found in one of {len(images)} images only")
    for name, value in zip(names, shared.replicability or (), strict=bool(shared.replicability)):
        if value is not None and value < DOUBTFUL and len(images) >= FEWEST_JUDGED:
            found.append(
                f"{name} was not found again in halves of the batch (replicability {value:.2f}, trusted from "
                f"{TRUSTED:g}): its fraction means little"
            )
    found += [f"{images[index]} {INVERTED}" for index in shared.inverted]
    found += [f"{images[index]} {BLANK}" for index in shared.blank]
    found += [f"{images[index]} {UNLIKE}" for index in shared.unlike]
    if shared.group:
        few = [images[index] for index in shared.group[:MOST_NAMED]]
        more = len(shared.group) - len(few)
        found.append(
            f"the images fall into two groups that are unlike each other, {', '.join(few)}"
            f"{f' and {more} more' if more else ''} and the rest: phases may be matched wrongly between them; "
            "run them separately if they are two materials"
        )
    return found
