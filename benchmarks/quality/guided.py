"""Maps of the default preset that are told, or tell themselves, how much of each class there is."""

from __future__ import annotations

import warnings
import zlib

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.labelled import UNANNOTATED, Labelled
from segment.composition import CompositionWarning
from segment.model import Segmenter

RIGHT = 0.6
# One draw of wrong fractions says little: single ones differ by more than guidance gains.
DRAWS = 4


def guide_by_truth(item: Labelled) -> NDArray[np.uint8]:
    """Give every class its true fraction, by brightness: the darkest class to the darkest phase."""
    return _guided(item, true_fractions(item).tolist())


def guide_by_guess(item: Labelled) -> NDArray[np.uint8]:
    """Give fractions that are 60 % true, the rest drawn, uniformly among all mixtures: a map for each of some draws."""
    drawn = np.random.default_rng(zlib.crc32(item.name.encode())).dirichlet(np.ones(item.n_classes), size=DRAWS)
    return _guided(item, *(RIGHT * true_fractions(item) + (1 - RIGHT) * drawn).tolist())


def guide_by_itself(item: Labelled) -> NDArray[np.uint8]:
    """Let the image estimate its own fractions."""
    return _guided(item, "auto")


def true_fractions(item: Labelled) -> NDArray[np.float64]:
    """Return the fractions of the classes, the darkest class first; float64, shape (n_classes,)."""
    is_known = item.truth != UNANNOTATED
    classes = item.truth[is_known]
    counts = np.bincount(classes, minlength=item.n_classes)
    levels = np.bincount(classes, weights=item.image[is_known], minlength=item.n_classes) / counts
    return counts[np.argsort(levels)] / counts.sum()


def _guided(item: Labelled, *several: list[float] | str) -> NDArray[np.uint8]:
    with warnings.catch_warnings():
        # A guess may well contradict the image.
        warnings.simplefilter("ignore", CompositionWarning)
        model = Segmenter(item.n_classes).fit(item.image)
        return np.stack([model.predict(item.image, fractions=fractions).labels for fractions in several])
