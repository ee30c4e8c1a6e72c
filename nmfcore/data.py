"""The data as the solvers see it: rows of X for the step on W, rows of its transpose for the step on H."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = ["Data", "Rows"]

_NO_MASK = np.zeros((0, 0), np.bool_)
_NO_WEIGHT = np.zeros(0)


@dataclass(frozen=True)
class Rows:
    """One orientation of the data.

    Attributes
    ----------
    dense : ndarray of shape (m, n) or None
        C-contiguous for rows of X, F-contiguous for those of its transpose.
    sparse : csr_array of shape (m, n) or None
        The other way to hold it.
    mask : ndarray of bool or of the entries' type, shape (m, n) or (0, 0)
        Which entries of dense rows count, or the weight of each; (0, 0): all.
    entry_weight : ndarray of shape (n_stored,) or (0,)
        Weight of each stored entry, where of sparse rows nothing else counts; (0,): what is not stored is 0.
    row_weight, column_weight : ndarray of shape (m,) and (n,)
        What each entry of the loss is multiplied by.
    """

    dense: NDArray | None
    sparse: sp.csr_array | None
    mask: NDArray[Any]
    entry_weight: NDArray
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

    @property
    def stored(self) -> sp.csr_array:
        """The sparse entries."""
        if self.sparse is None:
            raise TypeError("These rows are dense.")
        return self.sparse

    @property
    def is_partial(self) -> bool:
        """Whether of sparse rows only the stored entries count."""
        return self.entry_weight.size > 0

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
    mask : ndarray of shape (m, n) or (n_stored,), or None
        Which entries of a dense X count, or the weight of each. Of a sparse X the weight of each stored entry, where
        nothing else counts.
    sample_weight : ndarray of shape (m,), or None
        Weight of each row in the loss.
    """

    def __init__(
        self, X: NDArray | sp.csr_array, mask: NDArray[Any] | None = None, sample_weight: NDArray | None = None
    ) -> None:
        self.X = X
        self.is_sparse = sp.issparse(X)
        self.is_masked = mask is not None
        self._mask, self._entry_weight = _NO_MASK, _NO_WEIGHT.astype(X.dtype)
        if mask is not None and self.is_sparse:
            weight = mask.astype(X.dtype)
            # One weight for each entry is all that there is.
            if sample_weight is not None:
                weight *= np.repeat(sample_weight.astype(X.dtype), np.diff(X.indptr))  # pyright: ignore
            self._entry_weight, sample_weight = weight, None
        elif mask is not None:
            self._mask = np.ascontiguousarray(mask, None if mask.dtype == np.bool_ else X.dtype)
        self.is_weighted = sample_weight is not None
        self._sample_weight = sample_weight

    @cached_property
    def canonical(self) -> NDArray | sp.csr_array:
        """X in one layout: sums of a library differ in their last bits by the layout of what is multiplied."""
        return self.X if self.is_sparse else np.ascontiguousarray(self.X)

    # The weights of a tall matrix are as long as a column of it, and those who read X itself need none of them.
    @cached_property
    def rows(self) -> Rows:
        """Rows of X."""
        m, n = self.X.shape
        row_weight = np.ones(m, self.dtype) if self._sample_weight is None else self._sample_weight.astype(self.dtype)
        dense, sparse = (None, self.canonical) if self.is_sparse else (self.canonical, None)
        return Rows(dense, sparse, self._mask, self._entry_weight, row_weight, np.ones(n, self.dtype))

    @cached_property
    def columns(self) -> Rows:
        """Rows of the transpose of X."""
        rows = self.rows
        sparse, entry_weight = rows.sparse, rows.entry_weight
        if sparse is not None:
            if rows.is_partial:
                weights = sp.csr_array((entry_weight, sparse.indices, sparse.indptr), shape=sparse.shape)
                entry_weight = sp.csr_array(weights.T).data
            sparse = sp.csr_array(sparse.T)
        return Rows(
            None if rows.dense is None else rows.dense.T,
            sparse,
            np.ascontiguousarray(rows.mask.T),
            entry_weight,
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

    def mean(self) -> float:
        """Return the mean of the entries that count, whatever their weights."""
        if not self.is_masked:
            return float(self.X.mean(dtype=np.float64))
        count = self._entry_weight.size if self.is_sparse else np.count_nonzero(self._mask)
        return float(self.X.sum(dtype=np.float64)) / count

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64."""
        return self.X.dtype
