"""How alike two partitions of the same pixels are, whatever their parts are called."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def adjusted_rand_index(overlap: NDArray[np.int64]) -> float:
    """Fraction of pixel pairs on which two partitions agree, corrected for chance.

    Parameters
    ----------
    overlap : ndarray of int64, shape (n_phases, n_classes)
        Counts from `count_overlap`.

    Returns
    -------
    float
        1 for the same partition, 0 for what chance gives, below 0 for less. 1 where both have one part.

    References
    ----------
    L. Hubert and P. Arabie, "Comparing partitions", doi 10.1007/BF01908075, eq. 5.

    Examples
    --------
    >>> import numpy as np
    >>> adjusted_rand_index(np.array([[0, 8], [8, 0]]))
    1.0
    """
    together = _pairs(overlap)
    phases, classes = _pairs(overlap.sum(axis=1)), _pairs(overlap.sum(axis=0))
    everything = _pairs(overlap.sum(keepdims=True))
    expected = phases * classes / everything if everything else 0.0
    most = (phases + classes) / 2
    return (together - expected) / (most - expected) if most != expected else 1.0


def variation_of_information(overlap: NDArray[np.int64]) -> float:
    """Information, in bits, that one partition does not give about the other, both ways: H(A|B) + H(B|A).

    Parameters
    ----------
    overlap : ndarray of int64, shape (n_phases, n_classes)
        Counts from `count_overlap`.

    Returns
    -------
    float
        0 for the same partition; at most log2 of the number of pixels. NaN without pixels.

    References
    ----------
    M. Meila, "Comparing clusterings - an information based distance", doi 10.1016/j.jmva.2006.11.013, eq. 16.

    Examples
    --------
    >>> import numpy as np
    >>> variation_of_information(np.array([[4, 4], [4, 4]]))
    2.0
    """
    joint = 2 * _entropy(overlap) - _entropy(overlap.sum(axis=1)) - _entropy(overlap.sum(axis=0))
    return joint if np.isnan(joint) else max(0.0, joint)


def _pairs(counts: NDArray[np.int64]) -> float:
    numbers = counts.astype(np.float64)
    return float((numbers * (numbers - 1) / 2).sum())


def _entropy(counts: NDArray[np.int64]) -> float:
    total = counts.sum()
    if not total:
        return float("nan")
    probabilities = counts[counts > 0] / total
    return float(-(probabilities * np.log2(probabilities)).sum())
