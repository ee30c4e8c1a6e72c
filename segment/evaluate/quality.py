"""What can be said about a factorization and its label map without knowing the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DOMINANT = 0.7


@dataclass(frozen=True)
class Quality:
    """Label-free figures of one segmented micrograph.

    Attributes
    ----------
    relative_error : float or None
        ``|X - WH| / |X|``, Frobenius norms; None where it is not known.
    dominated : float
        Fraction of pixels in which one phase has an abundance above 0.7.
    isolated : float
        Fraction of pixels with another label than all of their (up to four) direct neighbours.
    largest_cosine : float
        Largest cosine between two rows of H; 0 for a single row. Rows of zeros are left out.
    """

    relative_error: float | None
    dominated: float
    isolated: float
    largest_cosine: float


def relative_error(X: NDArray[np.float32], W: NDArray[np.float32], H: NDArray[np.float32]) -> float:
    """Return ``|X - WH| / |X|`` in Frobenius norms; 0 where X is zero and fitted exactly.

    Parameters
    ----------
    X : ndarray, shape (n_pixels, n_features)
    W : ndarray, shape (n_pixels, k)
    H : ndarray, shape (k, n_features)

    Returns
    -------
    float
    """
    wrong = whole = 0.0
    # In blocks of rows: W H of all the pixels would take as much memory as X.
    for start in range(0, len(X), 65536):
        block = X[start : start + 65536].astype(np.float64)
        wrong += float(((block - W[start : start + 65536] @ H.astype(np.float64)) ** 2).sum())
        whole += float((block**2).sum())
    return float(np.sqrt(wrong / whole)) if whole else float(np.sqrt(wrong))


def dominated_share(
    abundances: NDArray[np.float32], threshold: float = DOMINANT, valid: NDArray[np.bool_] | None = None
) -> float:
    """Return the fraction of pixels in which one phase has an abundance above `threshold`.

    Parameters
    ----------
    abundances : ndarray of float, shape (k, h, w)
        Summing to one over k.
    threshold : float, default 0.7
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> dominated_share(np.array([[[0.9, 0.6]], [[0.1, 0.4]]]))
    0.5
    """
    is_dominated = abundances.max(axis=0) > threshold
    return float((is_dominated if valid is None else is_dominated[valid]).mean())


def isolated_share(labels: NDArray[np.uint8], valid: NDArray[np.bool_] | None = None) -> float:
    """Return the fraction of pixels whose label none of their direct neighbours (up to four) has.

    Parameters
    ----------
    labels : ndarray of uint8, shape (h, w)
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all. One whose neighbours are all excluded is isolated.

    Returns
    -------
    float
        0 for a single pixel.

    Examples
    --------
    >>> import numpy as np
    >>> isolated_share(np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], np.uint8)) == 1 / 9
    True
    """
    if labels.size == 1:
        return 0.0
    has_like = np.zeros(labels.shape, dtype=bool)
    across, down = labels[:, :-1] == labels[:, 1:], labels[:-1] == labels[1:]
    has_like[:, :-1] |= across
    has_like[:, 1:] |= across
    has_like[:-1] |= down
    has_like[1:] |= down
    return float((~has_like if valid is None else ~has_like[valid]).mean())


def largest_cosine(H: NDArray[np.float32]) -> float:
    """Return the largest cosine between two rows of H; 0 for fewer than two rows that are not zero.

    Parameters
    ----------
    H : ndarray, shape (k, n_features)

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> largest_cosine(np.array([[1.0, 0.0], [0.0, 2.0]]))
    0.0
    """
    rows = H.astype(np.float64)
    norms = np.linalg.norm(rows, axis=1)
    rows = rows[norms > 0] / norms[norms > 0, None]
    if len(rows) < 2:
        return 0.0
    cosines = rows @ rows.T
    return float(cosines[np.triu_indices(len(rows), 1)].max())


def assess_map(
    abundances: NDArray[np.float32],
    labels: NDArray[np.uint8],
    H: NDArray[np.float32],
    error: float | None = None,
    valid: NDArray[np.bool_] | None = None,
) -> Quality:
    """Judge a phase map and the components behind it without the truth.

    Parameters
    ----------
    abundances : ndarray of float32, shape (k, h, w)
        Summing to one over k.
    labels : ndarray of uint8, shape (h, w)
    H : ndarray, shape (k, n_features)
        Components.
    error : float, optional
        Relative error of the factorization.
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all.

    Returns
    -------
    Quality

    Examples
    --------
    >>> labels = np.repeat(np.uint8([[0, 1]]), 2, axis=0)
    >>> assess_map(np.stack([1.0 - labels, labels]), labels, np.eye(2), 0.1)
    Quality(relative_error=0.1, dominated=1.0, isolated=0.0, largest_cosine=0.0)
    """
    dominated, isolated = dominated_share(abundances, valid=valid), isolated_share(labels, valid)
    return Quality(error, dominated, isolated, largest_cosine(H))


def assess(X: NDArray[np.float32], W: NDArray[np.float32], H: NDArray[np.float32], shape: tuple[int, int]) -> Quality:
    """Judge a factorization of one micrograph without the truth.

    Parameters
    ----------
    X : ndarray, shape (h * w, n_features)
        Features, pixels in row-major order.
    W : ndarray, shape (h * w, k)
        Its weights.
    H : ndarray, shape (k, n_features)
        Components.
    shape : (int, int)
        (h, w).

    Returns
    -------
    Quality
        Abundances are W times the lengths of H's rows, divided by their sum.

    Raises
    ------
    ValueError
        If the number of pixels is not h * w.

    Examples
    --------
    >>> import numpy as np
    >>> H = np.eye(2, dtype=np.float32)
    >>> W = np.repeat(H, 8, axis=0)
    >>> assess(W @ H, W, H, (4, 4))
    Quality(relative_error=0.0, dominated=1.0, isolated=0.0, largest_cosine=0.0)
    """
    if len(W) != shape[0] * shape[1]:
        raise ValueError(f"shape {shape} has {shape[0] * shape[1]} pixels, but W has {len(W)} rows")
    memberships = W * np.linalg.norm(H, axis=1)
    total = memberships.sum(axis=1, keepdims=True)
    memberships = np.divide(memberships, total, out=np.full_like(memberships, 1 / len(H)), where=total > 0)
    abundances = np.ascontiguousarray(memberships.T).reshape(-1, *shape)
    return Quality(
        relative_error=relative_error(X, W, H),
        dominated=dominated_share(abundances),
        isolated=isolated_share(abundances.argmax(axis=0).astype(np.uint8)),
        largest_cosine=largest_cosine(H),
    )
