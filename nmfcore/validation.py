"""User input turned into checked arrays, or an error that names the argument."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_array

from nmfcore._jit import kernel
from nmfcore.graphs import Graph, as_graph, grid_graph
from nmfcore.passes import run_blocks

_BLOCK = 8192
# As unsigned integers, non-negative numbers are in the order of their bits; NaN and the negative come after infinity.
PATTERNS = {np.dtype(np.float32): np.dtype(np.uint32), np.dtype(np.float64): np.dtype(np.uint64)}

DTYPES = (np.float64, np.float32)


@kernel
def _scan(X, patterns, tops, squares, first, last):
    """Overwrite tops[b] = the largest pattern, squares[b] = sum of squares, for blocks [first, last) of the flat X."""
    for b in range(first, last):
        end = min(X.shape[0], (b + 1) * _BLOCK)
        block, bits = X[b * _BLOCK : end], patterns[b * _BLOCK : end]
        top = bits[0]
        for i in range(bits.shape[0]):
            top = max(top, bits[i])
        total = 0.0
        for i in range(block.shape[0]):
            total += np.float64(block[i]) * np.float64(block[i])
        tops[b] = top
        squares[b] = total


@kernel
def _transpose(X, out, first, last):
    """Overwrite the columns of out (n, m) that belong to blocks [first, last) of the rows of X (m, n)."""
    m, n = X.shape
    for b in range(first, last):
        block = X[b * _BLOCK : min(m, (b + 1) * _BLOCK)]
        for j in range(n):
            target = out[j, b * _BLOCK : b * _BLOCK + block.shape[0]]
            for i in range(block.shape[0]):
                target[i] = block[i, j]


def as_matrix(X: Any, name: str = "X", *, missing: str = "error") -> Any:
    """Return X as a non-empty 2-D float array, float32 kept and everything else float64; values are not looked at.

    Sparse X becomes a csr_array without duplicates, and without explicit zeros unless these are all that is known.

    Raises
    ------
    ValueError
        If X is complex, holds objects that are no numbers, is empty or not 2-D.
    """
    A = check_array(
        X,
        accept_sparse=("csr", "csc") if name == "X" else False,
        dtype=DTYPES,
        ensure_all_finite=False,
        input_name=name,
        estimator="NMF",
    )
    if not sp.issparse(A):
        return A
    A = sp.csr_array(A)
    drops_zeros = missing != "unstored" and bool((A.data == 0).any())
    if drops_zeros or not A.has_canonical_format:
        A = A.copy()
        A.sum_duplicates()
        if drops_zeros:
            A.eliminate_zeros()
    # The integer type that SciPy would choose, whoever built X, and memory that kernels may be handed.
    integer = np.int32 if max(A.nnz, *A.shape) < 2**31 else np.int64
    A.indptr, A.indices = np.array(A.indptr, integer), np.array(A.indices, integer)
    A.data = np.require(A.data, requirements=["C", "W"])
    return A


def split_masked(X: Any, mask: Any) -> tuple[Any, Any]:
    """Return X and the mask of what counts, for a `numpy.ma.MaskedArray` its data and a mask without what it hides."""
    if not isinstance(X, np.ma.MaskedArray):
        return X, mask
    seen = ~np.ma.getmaskarray(X)
    if mask is not None:
        seen = seen * np.asarray(mask)
    return X.filled(0), None if seen.dtype == np.bool_ and seen.all() else seen


def check_mask(mask: Any, shape: tuple[int, int], *, is_learnt: bool = True) -> Any:
    """Return the mask as booleans, or as float64 where it holds other weights than 0 and 1.

    A sparse one becomes a csr_array of float64 whose stored entries are positive. is_learnt: whether H is, and
    something of every column is needed.

    Raises
    ------
    ValueError
        If it has another shape than X, a weight is negative or not finite, or it leaves nothing of a row or column.
    """
    if mask is None:
        return None
    M = mask if sp.issparse(mask) else np.asarray(mask)
    if M.shape != shape:
        raise ValueError(f"mask must have the shape of X {shape}, got {M.shape}.")
    values = np.asarray(M.data if sp.issparse(M) else M)
    if M.dtype.kind not in "biuf" or not (np.isfinite(values).all() and (values >= 0).all()):
        raise ValueError(
            "mask must hold booleans (True: the entry counts) or weights, finite and not negative; got "
            f"{M.dtype} with other values."
        )
    if sp.issparse(M):
        M = sp.csr_array(M, dtype=np.float64, copy=True)
        M.sum_duplicates()
        M.eliminate_zeros()
        counts = np.diff(M.indptr), np.bincount(M.indices, minlength=shape[1])
    else:
        M = np.ascontiguousarray(M, np.bool_ if M.dtype.kind == "b" or np.isin(M, (0, 1)).all() else np.float64)
        counts = M.any(axis=1), M.any(axis=0)
    for count, what in zip(counts[: 2 if is_learnt else 1], ("row", "column"), strict=False):
        empty = np.flatnonzero(count == 0)
        if empty.size:
            raise ValueError(f"All entries of {what} {empty[0]} of X are missing: nothing can be learnt about it.")
    return M


def hide_missing(X: Any, mask: Any, missing: str, *, is_learnt: bool = True) -> tuple[Any, NDArray[Any] | None]:
    """Return X with 0 wherever an entry does not count, and the mask of those that do, None if all do.

    Where X or the mask is sparse, X becomes a csr_array of the entries that count, zeros among them, and the mask the
    weight (n_stored,) of each. is_learnt: as in `check_mask`.

    Raises
    ------
    ValueError
        If X is not sparse and entries that are not stored are to be missing.
    """
    if missing == "unstored":
        if not sp.issparse(X):
            raise ValueError(
                f"missing='unstored' is for sparse X, got a {type(X).__name__}: there NaN and missing='mask' say what "
                "is unknown."
            )
        stored = sp.csr_array((np.ones(X.nnz), X.indices, X.indptr), shape=X.shape)
        mask = check_mask(stored if mask is None else stored.multiply(mask), X.shape, is_learnt=is_learnt)
    if missing == "mask" and not sp.issparse(X):
        seen = ~np.isnan(X)
        mask = seen if mask is None else (mask.multiply(seen) if sp.issparse(mask) else mask * seen)
        mask = check_mask(mask, X.shape, is_learnt=is_learnt)
    if mask is not None and (sp.issparse(X) or sp.issparse(mask)):
        return _take_known(X, sp.csr_array(mask, dtype=np.float64))
    if mask is None or (mask.dtype == np.bool_ and mask.all()):
        return X, None
    return np.where(mask > 0, X, X.dtype.type(0)), mask


def as_dense_if_smaller(X: Any) -> Any:
    """Return sparse X as an array where that takes no more memory than its entries by rows and by columns.

    That is so from a third of stored entries on in float64 and from a quarter in float32, with 32-bit indices. Products
    of such an X are faster too.
    """
    if not sp.issparse(X) or X.shape[0] * X.shape[1] * X.dtype.itemsize > 2 * (X.data.nbytes + X.indices.nbytes):
        return X
    return X.toarray()


def _take_known(X: Any, mask: sp.csr_array) -> tuple[sp.csr_array, NDArray[np.float64]]:
    """Return the entries of X, an array or csr_array, that the mask stores, and their weights."""
    n = X.shape[1]
    known = _positions(mask)
    if not sp.issparse(X):
        values = X[known // n, known % n]
    else:
        stored = _positions(X)
        at = np.minimum(np.searchsorted(known, stored), len(known) - 1)
        is_known = known[at] == stored
        values = np.zeros(len(known), X.dtype)
        values[at[is_known]] = X.data[is_known]
    integer = np.int32 if max(mask.nnz, *mask.shape) < 2**31 else np.int64
    arrays = (values, mask.indices.astype(integer), mask.indptr.astype(integer))
    return sp.csr_array(arrays, shape=X.shape), mask.data


def _positions(S: sp.csr_array) -> NDArray[np.int64]:
    """Return where the stored entries of a canonical csr_array are in the flat matrix, rising."""
    rows = np.repeat(np.arange(S.shape[0], dtype=np.int64), np.diff(S.indptr))
    return rows * S.shape[1] + S.indices


def check_sample_weight(sample_weight: Any, n_samples: int) -> NDArray[np.float64] | None:
    """Return the weights as float64.

    Raises
    ------
    ValueError
        If there is not one for each sample, one is negative or not finite, or all are zero.
    """
    if sample_weight is None:
        return None
    v = np.asarray(sample_weight, np.float64)
    if v.ndim == 0:
        v = np.full(n_samples, float(v))
    if v.shape != (n_samples,):
        raise ValueError(f"sample_weight must have shape ({n_samples},), got {v.shape}.")
    if not (np.isfinite(v).all() and (v >= 0).all() and v.any()):
        raise ValueError("sample_weight must be finite, non-negative and not all zero.")
    return v


def make_graph(grid_shape: Any, graph: Any, n_samples: int, *, needed: bool) -> Graph | None:
    """Return the graph of the samples that grid_shape or graph describes, None where there is neither.

    Raises
    ------
    ValueError
        If both are given, or neither although ``needed``, or one does not fit n_samples.
    """
    if grid_shape is not None and graph is not None:
        raise ValueError("Give grid_shape or graph, not both.")
    if grid_shape is None and graph is None:
        if needed:
            raise ValueError("smoothness_W > 0 needs grid_shape (pixels of an image) or graph (an adjacency).")
        return None
    if not needed:
        return None
    return as_graph(graph, n_samples) if grid_shape is None else grid_graph(grid_shape, n_samples)


def feature_major(X: NDArray[Any]) -> NDArray[Any]:
    """Return X (m, n) transposed as a C-contiguous, writeable (n, m): X's own memory where it is laid out like that."""
    if X.T.flags.c_contiguous and X.flags.writeable:
        return X.T
    out = np.empty(X.shape[::-1], X.dtype)
    if X.flags.c_contiguous and X.flags.writeable:
        run_blocks(lambda first, last: _transpose(X, out, first, last), -(-X.shape[0] // _BLOCK))
    else:
        np.copyto(out, X.T)
    return out


def check_values(X: Any, whom: str, first_row: int = 0) -> tuple[float, float]:
    """Return the largest entry of X, dense or a csr_array, and the sum of its squares in float64.

    first_row: the row of the user's X that row 0 of X is.

    Raises
    ------
    ValueError
        If an entry is NaN, infinite or negative: names ``whom`` and the first such index.
    """
    values = X.data if sp.issparse(X) else X
    flat = _flat(values)
    if flat.size == 0:
        return 0.0, 0.0
    n_blocks = -(-flat.size // _BLOCK)
    patterns = flat.view(PATTERNS[values.dtype])
    tops = np.empty(n_blocks, patterns.dtype)
    squares = np.empty(n_blocks)
    run_blocks(lambda first, last: _scan(flat, patterns, tops, squares, first, last), n_blocks, least=8)
    total = float(squares.sum())
    if not np.isfinite(total) and not np.isfinite(values).all():
        row, column = _first(X, ~np.isfinite(values))
        kind = "NaN" if np.isnan(values).any() else "infinity or a value too large"
        where = (first_row + row, column)
        raise ValueError(f"Input {whom} contains {kind}: the first such value is {X[row, column]} at index {where}.")
    largest = top_value(tops, values.dtype)
    if np.isnan(largest) and (values < 0).any():
        row, column = _first(X, values < 0)
        raise ValueError(
            f"Negative values in data passed to NMF (input {whom}): the first is {X[row, column]} at index "
            f"{(first_row + row, column)}."
        )
    return float(values.max()) if np.isnan(largest) else largest, total


def top_value(tops: NDArray[Any], dtype: np.dtype) -> float:
    """Return the largest number of all whose largest patterns are ``tops``; NaN if one is negative or not finite.

    A negative zero counts as negative.
    """
    top = tops.max()
    return float(top.view(dtype)) if top < np.array(np.inf, dtype).view(tops.dtype) else np.nan


def _first(X: Any, wrong: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the index in X of the first wrong entry: of the matrix, or of the stored values of a csr_array."""
    at = np.argwhere(wrong)[0]
    if sp.issparse(X):
        return int(np.searchsorted(X.indptr, at[0], side="right")) - 1, int(X.indices[at[0]])
    return int(at[0]), int(at[1])


def _flat(X: NDArray[Any]) -> NDArray[Any]:
    if X.flags.writeable and X.flags.c_contiguous:
        return X.reshape(-1)
    if X.flags.writeable and X.T.flags.c_contiguous:
        return X.T.reshape(-1)
    return np.array(X, order="C").reshape(-1)


def check_factor(
    F: ArrayLike | None, shape: tuple[int | None, int | None], name: str, X: Any, *, is_start: bool = True
) -> NDArray[Any]:
    """Return the given W or H as a C-contiguous array of X's dtype.

    Raises
    ------
    TypeError
        If its dtype is not that of X.
    ValueError
        If it is missing, has another shape, a value that is negative or not finite, or holds only zeros, where no
        update leads away from.
    """
    if F is None:
        raise ValueError(f"{name} is missing: init='custom' needs both W and H, update_H=False needs H.")
    given: NDArray[Any] = check_array(F, dtype=None, ensure_all_finite=False, input_name=name)
    for expected, found, which in zip(shape, given.shape, ("first", "second"), strict=True):
        if expected is not None and expected != found:
            raise ValueError(
                f"Array with wrong {which} dimension passed to NMF (input {name}). "
                f"Expected {expected}, but got {found}."
            )
    if given.dtype != X.dtype:
        raise TypeError(
            f"{name} should have the same dtype as X. Got {name}.dtype = {given.dtype}, X.dtype = {X.dtype}."
        )
    copy = np.array(given, order="C")
    largest, _ = check_values(copy, name)
    if largest == 0 and is_start:
        raise ValueError(f"Array passed to NMF (input {name}) is full of zeros.")
    return copy


def check_integer(value: object, name: str, least: int) -> int:
    """Return value as an int.

    Raises
    ------
    TypeError
        If it is not an integer.
    ValueError
        If it is below ``least``.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer of at least {least}, got {value!r}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value!r}.")
    return int(value)


def check_number(value: object, name: str, low: float = 0.0, high: float = np.inf) -> float:
    """Return value as a finite float.

    Raises
    ------
    TypeError
        If it is not a real number.
    ValueError
        If it is outside [low, high].
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    number = float(value)
    if not (np.isfinite(number) and low <= number <= high):
        raise ValueError(f"{name} must be a finite number in [{low:g}, {high:g}], got {value!r}.")
    return number


def check_choice(value: object, name: str, known: tuple[Any, ...]) -> Any:
    """Return value.

    Raises
    ------
    ValueError
        If it is not one of those known.
    """
    if not any(value is item or (isinstance(value, type(item)) and value == item) for item in known):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}; got {value!r}.")
    return value
