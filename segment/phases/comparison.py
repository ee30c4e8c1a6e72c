"""The table of all rules over all numbers of phases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nmfcore
from segment.model import Parameters, resolve
from segment.model.image import Image, as_micrograph, look_at
from segment.model.training import prepared, stack_features
from segment.phases.rules import RULES, Evidence

MAX_PIXELS = 1000
N_SPLITS = 3
N_RESTARTS = 3


@dataclass(frozen=True)
class PhaseComparison:
    """What each rule saw and suggests; no verdict.

    Attributes
    ----------
    n_phases : tuple of int
        Numbers of phases that were tried, ascending.
    curves : dict of str to tuple of float
        For each rule of `RULES` its value at each number.
    suggestions : dict of str to int or None
        For each rule the number it suggests; None where no number that was tried fits.
    n_pixels : int
        So many pixels were looked at.
    parameters : Parameters
        Features and penalties of the fits.
    """

    n_phases: tuple[int, ...]
    curves: dict[str, tuple[float, ...]]
    suggestions: dict[str, int | None]
    n_pixels: int
    parameters: Parameters

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "n_phases": list(self.n_phases),
            "curves": {rule: list(values) for rule, values in self.curves.items()},
            "suggestions": dict(self.suggestions),
            "n_pixels": self.n_pixels,
            "parameters": self.parameters.to_json(),
        }


def compare_phases(
    images: Image | Sequence[Image],
    n_phases: Iterable[int] = range(1, 9),
    *,
    parameters: Parameters | None = None,
    max_pixels: int = MAX_PIXELS,
) -> PhaseComparison:
    """Fit several numbers of phases to some pixels of the images, and let every rule of `RULES` suggest one.

    Parameters
    ----------
    images : path, array, Micrograph, or a sequence of them
    n_phases : iterable of int, default 1 to 8
        Numbers to compare, each at least 1.
    parameters : Parameters, optional
        Features, penalties and seed, as `segment.model.resolve` gives them; its number of phases is not looked at.
        Default: the preset "default".
    max_pixels : int, default 1000
        So many pixels of all images together are drawn at random.

    Returns
    -------
    PhaseComparison

    Raises
    ------
    ValueError
        If there is no image, a number is not positive, or `max_pixels` is smaller than the largest.
    segment.io.ImageReadError
        If a file cannot be read.

    Notes
    -----
    `nmfcore.select_rank` fits each number 3 times, and as often to each of 3 splits of which a tenth of the entries is
    hidden. The rules answer different questions, and none knows the material: a phase that fills a hundredth of the
    image is ten pixels of a thousand.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.random.default_rng(0).normal(0.2, 0.01, (48, 48)).clip(0, 1)
    >>> image[:, 24:] += 0.6
    >>> compare_phases(image, range(1, 4)).suggestions["elbow"]
    2
    """
    parameters = parameters or resolve()
    numbers = sorted(set(n_phases))
    if not numbers or numbers[0] < 1:
        raise ValueError(f"n_phases must be numbers of at least 1, got {numbers}")
    if max_pixels < max(numbers):
        raise ValueError(f"max_pixels must be at least the largest number of phases, {max(numbers)}, got {max_pixels}")
    several = [images] if isinstance(images, (str, np.ndarray)) or not isinstance(images, Sequence) else images
    sample = _draw(several, parameters, max_pixels)
    n_pixels, n_features = sample.shape
    found = nmfcore.select_rank(
        sample,
        numbers,
        # As in a fit: the strength on each entry is the preset's.
        alpha_W=parameters.alpha / n_features,
        alpha_H=parameters.alpha / n_pixels,
        l1_ratio=parameters.l1_ratio,
        n_splits=N_SPLITS,
        n_restarts=N_RESTARTS,
        max_samples=max(n_pixels, 2),
        random_state=parameters.random_state,
    )
    evidence = Evidence(
        found.k, found.objective, found.stability, 2 * found.error, found.best, _remainders(sample, found.k)
    )
    return PhaseComparison(
        tuple(numbers),
        {name: tuple(map(float, rule.curve(evidence))) for name, rule in RULES.items()},
        {name: rule.suggest(evidence) for name, rule in RULES.items()},
        n_pixels,
        parameters,
    )


def _draw(images: Sequence[Image], parameters: Parameters, count: int) -> NDArray[np.float32]:
    """Return the features of `count` pixels, an equal share from every image."""
    if not images:
        raise ValueError("images is empty: at least one is needed")
    rng = np.random.default_rng(parameters.random_state)
    rows = []
    for index, image in enumerate(images):
        X, _ = stack_features([prepared(look_at(as_micrograph(image)), parameters)], parameters)
        wanted = count * (index + 1) // len(images) - count * index // len(images)
        rows.append(X[np.sort(rng.choice(len(X), min(wanted, len(X)), replace=False))])
    return np.concatenate(rows)


def _remainders(X: NDArray[np.float32], ks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the relative error that the k largest eigenvalues of X'X leave, for each k."""
    wide = X.astype(np.float64)
    energies = np.clip(np.linalg.eigvalsh(wide.T @ wide)[::-1], 0, None)
    # Summed from the small end: what is left is small beside the whole.
    left = np.append(np.cumsum(energies[::-1])[::-1], 0.0)
    return np.sqrt(left[np.minimum(ks, len(energies))] / max(left[0], np.finfo(float).tiny))
