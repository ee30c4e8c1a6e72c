"""X as blocks of rows that are read when they are needed: from a file, or from anything that slices like an array.

A pass calls a function on every block and keeps the small arrays it returns, in the order of the blocks. So a result
depends on where the blocks end, and on nothing else: not on threads, processes or machines.
"""

from __future__ import annotations

import mmap
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nmfcore.passes import run_blocks
from nmfcore.validation import check_values

__all__ = ["ArrayBlocks", "FeatureMajorBlocks", "RowBlocks", "call_on", "check_kind", "working_dtype"]

Work = Callable[..., Any]

_BYTES = 1 << 23
_COPIED_ROWS = 8192
# A chunk of a file that lies in two blocks is decoded twice, so blocks are long against chunks where that costs little.
_CHUNKS = 8
_MOST_BYTES = 1 << 26


class RowBlocks(ABC):
    """The rows of X (m, n), block by block.

    Parameters
    ----------
    shape : (int, int)
        Of X.
    dtype : dtype
        float32 or float64: what the rows are computed in.
    scale : float
        What they are multiplied by.
    """

    def __init__(self, shape: tuple[int, int], dtype: np.dtype, scale: float = 1.0) -> None:
        self.shape = shape
        self.dtype = dtype
        self.scale = scale
        self._index = np.empty(0, np.intp)
        self._rows = np.empty((0, shape[1]), dtype)

    @property
    def T(self) -> FeatureMajorBlocks:
        """The same, as the solver for tall X sees it."""
        return FeatureMajorBlocks(self)

    @abstractmethod
    def collect(self, function: Work, *arguments: Any) -> list[Any]:
        """Return ``function(rows, first, *arguments)`` of each block in order; first is the number of its first row.

        rows is (b, n), C- or F-contiguous and writeable; the function is importable and keeps nothing of its size.
        """

    @abstractmethod
    def add(self, function: Work, *arguments: Any) -> NDArray[np.float64]:
        """Return the sum of what `collect` returns, in an order that depends on the number of blocks alone."""

    @abstractmethod
    def weights(self, function: Work, k: int, out: Any, *arguments: Any) -> Any:
        """Return the (b, k) arrays of the function under each other: in ``out`` where given, else in a new array."""

    def survey(self, index: NDArray[np.intp]) -> tuple[float, float]:
        """Return the largest entry and the sum of squares, and keep the rows ``index``, rising, for `gather`.

        Raises
        ------
        ValueError
            If an entry is negative or not finite: names the first one.
        """
        parts = self.collect(_survey, index)
        self._index, self._rows = index, np.concatenate([rows for _, _, rows in parts])
        return max(part[0] for part in parts), float(sum(part[1] for part in parts))

    def gather(self, index: NDArray[np.intp]) -> NDArray[Any]:
        """Return the rows ``index``, rising, as an array: those that `survey` kept, or by another pass."""
        at = np.searchsorted(self._index, index)
        if len(self._index) and np.array_equal(self._index[np.minimum(at, len(self._index) - 1)], index):
            return self._rows[at]
        return np.concatenate(self.collect(_gather, index))

    def all_rows(self) -> NDArray[Any]:
        """Return X."""
        return self.gather(np.arange(self.shape[0]))

    def scaled(self, scale: float) -> Self:
        """Return the same with X multiplied by ``scale``."""
        other = copy(self)
        other.scale = self.scale * scale
        other._rows = self._rows * self.dtype.type(scale)
        return other


@dataclass(frozen=True)
class FeatureMajorBlocks:
    """Blocks of rows in place of a feature-major array (n, m)."""

    blocks: RowBlocks
    shape: tuple[int, int] = field(init=False)
    dtype: np.dtype = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", self.blocks.shape[::-1])
        object.__setattr__(self, "dtype", self.blocks.dtype)

    def take(self, index: NDArray[np.intp], axis: int) -> NDArray[Any]:
        """Return the columns ``index`` as an array (n, len(index)); axis is 1."""
        return np.ascontiguousarray(self.blocks.gather(index).T)


class ArrayBlocks(RowBlocks):
    """The rows of a memory map, or of anything else with shape, dtype and slices: a dataset of HDF5, a zarr array.

    Parameters
    ----------
    X : array-like of shape (m, n)
        What ``X[first:last]`` is called on.
    multiple : int
        Blocks end at multiples of so many rows.
    """

    def __init__(self, X: Any, multiple: int) -> None:
        super().__init__((int(X.shape[0]), int(X.shape[1])), working_dtype(X.dtype))
        self._X = X
        self._length = _block_length(X, self.dtype, multiple)

    def collect(self, function: Work, *arguments: Any) -> list[Any]:
        """Call the function on one block after the other."""
        return list(self._each(function, arguments))

    def add(self, function: Work, *arguments: Any) -> NDArray[np.float64]:
        """Add up as the blocks come."""
        return reduce(np.add, self._each(function, arguments))

    def weights(self, function: Work, k: int, out: Any, *arguments: Any) -> Any:
        """Write one block after the other."""
        m = self.shape[0]
        if out is None:
            out = np.empty((m, k), self.dtype)
        first = 0
        for part in self._each(function, arguments):
            out[first : first + len(part)] = part
            _release(out)
            first += len(part)
        return out

    def _each(self, function: Work, arguments: tuple[Any, ...]) -> Iterator[Any]:
        m, n = self.shape
        for first in range(0, m, self._length):
            last = min(m, first + self._length)
            block = _read(self._X, first, last)
            if block.shape != (last - first, n):
                raise ValueError(f"X[{first}:{last}] has shape {block.shape}: rows of X must be {n} numbers each.")
            yield call_on(function, block, first, self.dtype, self.scale, *arguments)
            _release(self._X)


def working_dtype(dtype: np.dtype) -> np.dtype:
    """Return what numbers of a dtype are computed in: float32 for float32, float64 for all others."""
    return np.dtype(np.float32 if dtype == np.float32 else np.float64)


def check_kind(shape: tuple[Any, ...], dtype: np.dtype) -> None:
    """Check that it is a matrix of real numbers with something in it, in the words that scikit-learn has for arrays.

    Raises
    ------
    ValueError
        If it is not.
    """
    if len(shape) != 2:
        raise ValueError(f"Expected 2D array as X, got shape {shape}: reshape it to (n_samples, n_features).")
    if dtype.kind == "c":
        raise ValueError(f"Complex data not supported: X has dtype {dtype}.")
    if dtype.kind not in "biuf":
        raise ValueError(f"X must hold real numbers, got dtype {dtype}: convert it to float32 or float64.")
    for number, what in zip(shape, ("sample", "feature"), strict=True):
        if number == 0:
            raise ValueError(f"Found array with 0 {what}(s) (shape={shape}) while a minimum of 1 is required by NMF.")


def call_on(function: Work, block: Any, first: int, dtype: np.dtype, scale: float, *arguments: Any) -> Any:
    """Return the function of one block, brought into the form that `RowBlocks.collect` promises."""
    rows = np.asarray(block, dtype)
    if not (rows.flags.writeable and (rows.flags.c_contiguous or rows.flags.f_contiguous)):
        rows = np.array(rows)
    if scale != 1.0:
        rows = rows * dtype.type(scale)
    return function(rows, first, *arguments)


def _survey(rows: NDArray, first: int, index: NDArray[np.intp]) -> tuple[float, float, NDArray]:
    return *check_values(rows, "X", first), _gather(rows, first, index)


def _gather(rows: NDArray, first: int, index: NDArray[np.intp]) -> NDArray:
    start, end = np.searchsorted(index, (first, first + len(rows)))
    return rows[index[start:end] - first]


def _block_length(X: Any, dtype: np.dtype, multiple: int) -> int:
    bytes_of_row = X.shape[1] * dtype.itemsize
    rows = max(1, _BYTES // bytes_of_row)
    chunks = getattr(X, "chunks", None)
    if isinstance(chunks, tuple) and chunks and isinstance(chunks[0], int):
        rows = max(rows, min(_CHUNKS * chunks[0], _MOST_BYTES // bytes_of_row))
    return rows // multiple * multiple or rows


def _read(X: Any, first: int, last: int) -> NDArray:
    view = X[first:last]
    if not isinstance(view, np.memmap):
        return np.asarray(view)
    # A copy by all threads, in the layout of the file: what follows would read it more than once.
    view = np.asarray(view)
    out = np.empty(view.shape, view.dtype, order="F" if view.strides[0] < view.strides[1] else "C")

    def copy(a: int, b: int) -> None:
        np.copyto(out[a * _COPIED_ROWS : b * _COPIED_ROWS], view[a * _COPIED_ROWS : b * _COPIED_ROWS])

    run_blocks(copy, -(-len(view) // _COPIED_ROWS))
    return out


def _release(X: Any) -> None:
    """Let the system take back the pages of a memory map: it would keep whatever was read as long as it can."""
    if isinstance(X, np.memmap) and X.mode != "c" and hasattr(mmap, "MADV_DONTNEED"):
        base: Any = X
        while isinstance(base, np.ndarray):
            base = base.base
        if isinstance(base, mmap.mmap):
            base.madvise(mmap.MADV_DONTNEED)
