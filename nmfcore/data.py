"""The data as the solvers see it: rows of X for the step on W, rows of its transpose for the step on H."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = ["Data", "Rows"]

_NO_MASK = np.zeros((0, 0), np.bool_)


@dataclass(frozen=True)
class Rows:
    """One orientation of the data.

    Attributes
    ----------
    dense : ndarray of shape (m, n) or None
        C- or F-contiguous.
    sparse : csr_array of shape (m, n) or None
        The other way to hold it.
    mask : ndarray of bool, shape (m, n) or (0, 0)
        Which entries count; (0, 0): all.
    row_weight, column_weight : ndarray of shape (m,) and (n,)
        What each entry of the loss is multiplied by.
    """

    dense: NDArray | None
    sparse: sp.csr_array | None
    mask: NDArray[np.bool_]
    row_weight: NDArray
    column_weight: NDArray

    @property
    def shape(self) -> tuple[int, int]:
        """(m, n)."""
        return (len(self.row_weight), len(self.column_weight))

    @property
    def dtype(self) -> np.dtype:
        """Type of the entries."""
        return self.row_weight.dtype

    @property
    def entries(self) -> NDArray:
        """The dense entries, C- or F-contiguous."""
        if self.dense is None:
            raise TypeError("These rows are sparse.")
        return self.dense

    @cached_property
    def array(self) -> NDArray:
        """The dense entries, C-contiguous and writeable."""
        return np.require(self.entries, requirements=["C", "W"])


class Data:
    """X with its weights, in both orientations.

    Parameters
    ----------
    X : ndarray or csr_array of shape (m, n)
        float32 or float64; NaN nowhere.
    mask : ndarray of bool, shape (m, n), or None
        Which entries count.
    sample_weight : ndarray of shape (m,), or None
        Weight of each row in the loss.
    """

    def __init__(
        self, X: NDArray | sp.csr_array, mask: NDArray[np.bool_] | None = None, sample_weight: NDArray | None = None
    ) -> None:
        self.X = X
        self.is_sparse = sp.issparse(X)
        self.is_masked = mask is not None
        self.is_weighted = sample_weight is not None
        self._mask = _NO_MASK if mask is None else np.ascontiguousarray(mask)
        self._sample_weight = sample_weight

    # The weights of a tall matrix are as long as a column of it, and those who read X itself need none of them.
    @cached_property
    def rows(self) -> Rows:
        """Rows of X."""
        m, n = self.X.shape
        row_weight = np.ones(m, self.dtype) if self._sample_weight is None else self._sample_weight.astype(self.dtype)
        dense, sparse = (None, self.X) if self.is_sparse else (self.X, None)
        return Rows(dense, sparse, self._mask, row_weight, np.ones(n, self.dtype))

    @cached_property
    def columns(self) -> Rows:
        """Rows of the transpose of X."""
        rows = self.rows
        return Rows(
            None if rows.dense is None else rows.dense.T,
            None if rows.sparse is None else sp.csr_array(rows.sparse.T),
            np.ascontiguousarray(rows.mask.T),
            rows.column_weight,
            rows.row_weight,
        )

    @property
    def is_plain(self) -> bool:
        """Whether every entry counts, and counts the same."""
        return not self.is_masked and not self.is_weighted

    @property
    def shape(self) -> tuple[int, int]:
        """(n_samples, n_features)."""
        return self.X.shape

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64."""
        return self.X.dtype
