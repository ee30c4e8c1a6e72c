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
        m, n = X.shape
        row_weight = np.ones(m, X.dtype) if sample_weight is None else sample_weight.astype(X.dtype)
        mask = _NO_MASK if mask is None else np.ascontiguousarray(mask)
        ones = np.ones(n, X.dtype)
        dense = None if self.is_sparse else X
        sparse = X if self.is_sparse else None
        self.rows = Rows(dense, sparse, mask, row_weight, ones)
        self.columns = Rows(
            None if dense is None else dense.T,
            None if sparse is None else sp.csr_array(sparse.T),
            np.ascontiguousarray(mask.T),
            ones,
            row_weight,
        )

    @property
    def is_plain(self) -> bool:
        """Whether every entry counts, and counts the same."""
        return not self.is_masked and not self.is_weighted

    @property
    def shape(self) -> tuple[int, int]:
        """(n_samples, n_features)."""
        return self.rows.shape

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64."""
        return self.rows.dtype
