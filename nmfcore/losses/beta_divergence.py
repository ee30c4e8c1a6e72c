"""The beta-divergence, and what its gradient is made of.

d_beta(x | y) = (x^beta + (beta - 1) y^beta - beta x y^(beta - 1)) / (beta (beta - 1)), with the limits
x log(x / y) - x + y at beta = 1 (Kullback-Leibler) and x / y - log(x / y) - 1 at beta = 0 (Itakura-Saito) [1]_.
For the factor F with the other factor C, Y = FC, the gradient is den - num with

    num = (X . Y^(beta - 2)) C',    den = Y^(beta - 1) C'.

All three come from one look at Y. Nothing of its size is kept: a block of rows at a time, and of a sparse row only its
entries, where nothing else counts or, at beta = 1 or 2, the others are 0.

.. [1] Fevotte, Idier, "Algorithms for nonnegative matrix factorization with the beta-divergence", Neural Computation
   23(9), 2011, doi:10.1162/NECO_a_00168, eq. (2).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import inlined, kernel
from nmfcore.data import Rows
from nmfcore.losses._logarithm import take_logs
from nmfcore.passes import BLAS_ALONE, run_blocks

# Rows of a block of sparse X; rows and entries of one of dense X.
_ROWS = 64
_LEAST_ROWS, _ENTRIES = 16, 1 << 15
_CANCELLED = 1e-8
# A ratio that underflows has a logarithm all the same.
_SMALLEST_RATIO = float(np.finfo(np.float64).tiny)
_NOTHING = np.zeros((0, 0))


@inlined
def _divergence(x, y, beta):
    """Return d_beta(x | y) in float64, for other beta than 0 and 1."""
    if beta == 2.0:
        return 0.5 * (x - y) * (x - y)
    power = y ** (beta - 1.0)
    head = x**beta if x > 0.0 else 0.0
    return (head + (beta - 1.0) * power * y - beta * x * power) / (beta * (beta - 1.0))


@inlined
def _take_log_ratios(x, y, logs, mantissas, exponents):
    """Write log(x / y), or 0 where x is 0, for rows x and y of one length."""
    for j in range(x.shape[0]):
        ratio = np.float64(x[j]) / np.float64(y[j])
        logs[j] = max(ratio, _SMALLEST_RATIO) if x[j] > 0 else 1.0
    take_logs(logs, mantissas, exponents)


@inlined
def _value_of_row(x, y, weight, beta, scratch):
    """Return the weighted divergence of x from y, all (n,); scratch (3, n) is spent."""
    n = x.shape[0]
    part = 0.0
    if beta == 1.0 or beta == 0.0:
        logs = scratch[0]
        _take_log_ratios(x, y, logs, scratch[1], scratch[2])
        if beta == 1.0:
            for j in range(n):
                part += weight[j] * (x[j] * logs[j] - x[j] + y[j])
        else:
            for j in range(n):
                part += weight[j] * (np.float64(x[j]) / np.float64(y[j]) - logs[j] - 1.0)
    else:
        for j in range(n):
            part += weight[j] * _divergence(np.float64(x[j]), np.float64(y[j]), beta)
    return part


@inlined
def _parts_of_row(x, y, weight, of_row, beta, up, down):
    """Write x y^(beta - 2) and y^(beta - 1), weighted, all (n,) of one type but x; down may be (0,) at beta = 1."""
    n = x.shape[0]
    one = y.dtype.type(1)
    if beta == 1.0:
        for j in range(n):
            w = of_row * weight[j]
            up[j] = w * (x[j] / y[j])
        for j in range(down.shape[0]):
            down[j] = of_row * weight[j]
    elif beta == 0.0:
        for j in range(n):
            w = of_row * weight[j]
            inverse = one / y[j]
            up[j] = w * (y.dtype.type(x[j]) * inverse * inverse)
            down[j] = w * inverse
    elif beta == 2.0:
        for j in range(n):
            w = of_row * weight[j]
            up[j] = w * x[j]
            down[j] = w * y[j]
    else:
        for j in range(n):
            w = of_row * weight[j]
            power = y[j] ** (beta - 2.0)
            up[j] = w * (x[j] * power)
            down[j] = w * (y[j] * power)


@kernel
def _look_at_block(X, Y, mask, row_weight, column_weight, beta, floor, is_measured, up, down):
    """Write x y^(beta - 2) and y^(beta - 1), weighted, for the products Y (b, n), which end above floor.

    Returns the divergence where it is measured, else 0. up and down (b, n), or (0, 0) where they are not wanted; down
    may be (b, 0) at beta = 1.
    """
    n = X.shape[1]
    scratch = np.empty((3, n), np.float64)
    weight, narrow = column_weight.astype(np.float64), column_weight.astype(Y.dtype)
    total = 0.0
    for i in range(X.shape[0]):
        x, y = X[i], Y[i]
        for j in range(n):
            y[j] = y[j] if y[j] > floor else floor
        if mask.shape[0] > 0:
            for j in range(n):
                weight[j] = column_weight[j] * mask[i, j]
                narrow[j] = weight[j]
        if is_measured:
            total += row_weight[i] * _value_of_row(x, y, weight, beta, scratch)
        if up.shape[0] > 0:
            _parts_of_row(x, y, narrow, Y.dtype.type(row_weight[i]), beta, up[i], down[i])
    return total


@inlined
def _multiply_entries(f, Ct, columns, floor, y):
    """Write the products of f (k,) with the rows ``columns`` of Ct (n, k), at least floor."""
    e = 0
    while e + 4 <= columns.shape[0]:
        a, b, c, d = Ct[columns[e]], Ct[columns[e + 1]], Ct[columns[e + 2]], Ct[columns[e + 3]]
        A = B = C = D = y.dtype.type(0)
        for t in range(f.shape[0]):
            A += f[t] * a[t]
            B += f[t] * b[t]
            C += f[t] * c[t]
            D += f[t] * d[t]
        y[e], y[e + 1], y[e + 2], y[e + 3] = max(A, floor), max(B, floor), max(C, floor), max(D, floor)
        e += 4
    while e < columns.shape[0]:
        a = Ct[columns[e]]
        A = y.dtype.type(0)
        for t in range(f.shape[0]):
            A += f[t] * a[t]
        y[e] = max(A, floor)
        e += 1


@inlined
def _add_entries(ratio, Ct, columns, out):
    """Add ratio[e] times row columns[e] of Ct (n, k) to out (k,), for all e."""
    e = 0
    while e + 4 <= columns.shape[0]:
        a, b, c, d = Ct[columns[e]], Ct[columns[e + 1]], Ct[columns[e + 2]], Ct[columns[e + 3]]
        A, B, C, D = ratio[e], ratio[e + 1], ratio[e + 2], ratio[e + 3]
        for t in range(out.shape[0]):
            out[t] += (A * a[t] + B * b[t]) + (C * c[t] + D * d[t])
        e += 4
    while e < columns.shape[0]:
        a = Ct[columns[e]]
        for t in range(out.shape[0]):
            out[t] += ratio[e] * a[t]
        e += 1


@kernel
def _look_at_entries(
    indptr, indices, data, row_weight, column_weight, F, Ct, sums, gram, beta, floor, is_measured, num, den, parts,
    first, last
):  # fmt: skip
    """At beta = 1 and 2 the entries that are zero count through the weighted column sums and the Gram matrix.

    num and den (m, k), or (0, 0) where they are not wanted; parts: the divergences of blocks, 0 unless measured.
    """
    m, k = F.shape
    longest = 1
    for i in range(first * _ROWS, min(m, last * _ROWS)):
        longest = max(longest, indptr[i + 1] - indptr[i])
    long_y, ratios = np.empty((2, longest), F.dtype)
    scratch = np.empty((4, longest), np.float64)
    for b in range(first, last):
        total = 0.0
        for i in range(b * _ROWS, min(m, (b + 1) * _ROWS)):
            f, entries = F[i], slice(indptr[i], indptr[i + 1])
            x, columns = data[entries], indices[entries]
            size = x.shape[0]
            y, ratio = long_y[:size], ratios[:size]
            _multiply_entries(f, Ct, columns, floor, y)
            weight = scratch[3, :size]
            for e in range(size):
                weight[e] = column_weight[columns[e]]
            if is_measured:
                part = _value_of_row(x, y, weight, beta, scratch[:3, :size])
                # What these entries have counted as zeros.
                for e in range(size):
                    part -= weight[e] * (np.float64(y[e]) if beta == 1.0 else 0.5 * np.float64(y[e]) * np.float64(y[e]))
                for t in range(k):
                    if beta == 1.0:
                        part += np.float64(f[t]) * sums[t]
                    else:
                        for u in range(k):
                            part += 0.5 * np.float64(f[t]) * gram[t, u] * np.float64(f[u])
                total += row_weight[i] * part
            if num.shape[0] == 0:
                continue
            for e in range(size):
                ratio[e] = row_weight[i] * weight[e] * (x[e] / y[e] if beta == 1.0 else x[e])
            num[i, :] = 0.0
            _add_entries(ratio, Ct, columns, num[i])
            for t in range(k):
                down = 0.0
                if beta == 1.0:
                    down = sums[t]
                else:
                    for u in range(k):
                        down += np.float64(f[u]) * gram[u, t]
                den[i, t] = row_weight[i] * down
        parts[b] = total


@kernel
def _look_at_known(indptr, indices, data, entry_weight, F, Ct, beta, floor, num, den, parts, first, last):
    """Do the same where nothing but the stored entries counts, for every beta."""
    m, k = F.shape
    longest = 1
    for i in range(first * _ROWS, min(m, last * _ROWS)):
        longest = max(longest, indptr[i + 1] - indptr[i])
    products, ups, downs = np.empty((3, longest), F.dtype)
    scratch = np.empty((4, longest), np.float64)
    for b in range(first, last):
        total = 0.0
        for i in range(b * _ROWS, min(m, (b + 1) * _ROWS)):
            entries = slice(indptr[i], indptr[i + 1])
            x, columns = data[entries], indices[entries]
            size = x.shape[0]
            y, weight = products[:size], scratch[3, :size]
            for e in range(size):
                weight[e] = entry_weight[indptr[i] + e]
            _multiply_entries(F[i], Ct, columns, floor, y)
            total += _value_of_row(x, y, weight, beta, scratch[:3, :size])
            if num.shape[0] > 0:
                up, down = ups[:size], downs[:size]
                _parts_of_row(x, y, weight, 1.0, beta, up, down)
                num[i, :] = 0.0
                den[i, :] = 0.0
                _add_entries(up, Ct, columns, num[i])
                _add_entries(down, Ct, columns, den[i])
        parts[b] = total


def smallest_product(dtype: np.dtype) -> float:
    """Return what an entry of WH counts as at least, where it is divided by: far below any rounding."""
    return 1e-30 if dtype == np.float32 else 1e-150


def value(rows: Rows, F: NDArray, C: NDArray, beta: float) -> float:
    """Return D_beta(X | FC), weighted, in float64, for F (m, k) and C (k, n)."""
    return _look(rows, F, C, beta, F.dtype, True, _NOTHING, _NOTHING)


def rounding(rows: Rows, beta: float) -> float:
    """Return what rounding may do to D_beta(X | Y), weighted, where Y is X to its last digits.

    For other beta than 2 the terms of an entry, of the size of x^beta, cancel.
    """
    unit = float(np.finfo(np.float64).eps if beta != 2.0 else np.finfo(rows.dtype).eps ** 2)
    if beta <= 0.0:
        return unit * float(rows.row_weight.sum(dtype=np.float64)) * rows.shape[1]
    powers = (rows.entries if rows.sparse is None else rows.sparse) ** beta
    return unit * float(rows.row_weight @ powers.sum(axis=1, dtype=np.float64))


def gradient_parts(rows: Rows, F: NDArray, C: NDArray, beta: float) -> tuple[NDArray, NDArray]:
    """Return num and den (m, k), whose difference den - num is the gradient of D_beta(X | FC) in F."""
    return _parts(rows, F, C, beta, False)[:2]


def parts_and_value(rows: Rows, F: NDArray, C: NDArray, beta: float) -> tuple[NDArray, NDArray, float]:
    """Return num and den (m, k) of the gradient in F, and D_beta(X | FC) itself."""
    return _parts(rows, F, C, beta, True)


def _parts(rows: Rows, F: NDArray, C: NDArray, beta: float, is_measured: bool) -> tuple[NDArray, NDArray, float]:
    # Below beta = 1 they hold powers of WH that are beyond the range of float32 where X has entries of many sizes.
    dtype = F.dtype if beta >= 1.0 else np.dtype(np.float64)
    num, den = np.empty(F.shape, dtype), np.empty(F.shape, dtype)
    return num, den, _look(rows, F, C, beta, dtype, is_measured, num, den)


def _look(
    rows: Rows, F: NDArray, C: NDArray, beta: float, dtype: np.dtype, is_measured: bool, num: NDArray, den: NDArray
) -> float:
    """Fill num and den (m, k), unless they are empty, with products in dtype; return the divergence if measured."""
    m = rows.shape[0]
    floor = rows.dtype.type(smallest_product(rows.dtype))
    F, C = np.ascontiguousarray(F, dtype), np.ascontiguousarray(C, dtype)
    parts = np.empty(-(-m // _ROWS))
    if rows.sparse is not None and rows.is_partial:
        S = rows.sparse
        known = (S.indptr, S.indices, S.data, rows.entry_weight, F, np.ascontiguousarray(C.T), beta, floor, num, den)
        run_blocks(lambda a, b: _look_at_known(*known, parts, a, b), len(parts), uneven=True)
        return max(float(parts.sum()), 0.0)
    if rows.sparse is not None and beta in (1.0, 2.0):
        S = rows.sparse
        weights = (rows.row_weight, rows.column_weight)
        arrays = (S.indptr, S.indices, S.data, *weights, F, np.ascontiguousarray(C.T), *_sums_and_gram(C, weights[1]))

        def work(a: int, b: int) -> None:
            _look_at_entries(*arrays, beta, floor, is_measured, num, den, parts, a, b)

        run_blocks(work, len(parts), uneven=True)
        cancelled = (
            is_measured
            and beta == 2.0
            and parts.sum() < _CANCELLED * float(np.einsum("i,i->", S.data, S.data, dtype=np.float64))
        )
        # Where sums over entries and the Gram matrix cancel: row by row, which takes as long as for dense X.
        if not cancelled:
            return max(float(parts.sum()), 0.0)
        num = den = _NOTHING
    size = max(_LEAST_ROWS, _ENTRIES // C.shape[1])
    parts = np.empty(-(-m // size))
    with BLAS_ALONE:
        run_blocks(
            lambda a, b: _look_at_rows(rows, F, C, beta, floor, is_measured, num, den, parts, size, a, b), len(parts)
        )
    # Of a perfect fit, rounding may leave a sum below 0.
    return max(float(parts.sum()), 0.0)


def _look_at_rows(
    rows: Rows,
    F: NDArray,
    C: NDArray,
    beta: float,
    floor: float,
    is_measured: bool,
    num: NDArray,
    den: NDArray,
    parts: NDArray,
    size: int,
    first: int,
    last: int,
) -> None:
    """Do the work of `_look` for blocks of ``size`` rows, products and sums by the library."""
    up = down = _NOTHING.astype(F.dtype)
    # At beta = 1 the weights alone make up what goes down.
    is_even = beta == 1.0 and not rows.mask.shape[0]
    if len(num):
        up, down = np.empty((size, C.shape[1]), F.dtype), np.empty((size, 0 if is_even else C.shape[1]), F.dtype)
        sums = np.dot(C, rows.column_weight.astype(F.dtype))
    for b in range(first, last):
        block = slice(b * size, (b + 1) * size)
        x = rows.array[block] if rows.sparse is None else rows.sparse[block].toarray()
        mask = rows.mask[block] if rows.mask.shape[0] else rows.mask
        # A trial step may overflow, and is then refused.
        with np.errstate(all="ignore"):
            Y = np.dot(F[block], C)
            weights = (rows.row_weight[block], rows.column_weight)
            parts[b] = _look_at_block(x, Y, mask, *weights, beta, floor, is_measured, up[: len(x)], down[: len(x)])
            if len(num):
                np.dot(up[: len(x)], C.T, out=num[block])
                den[block] = weights[0][:, None] * sums if is_even else np.dot(down[: len(x)], C.T)


def _sums_and_gram(C: NDArray, weight: NDArray) -> tuple[NDArray, NDArray]:
    """Return the sums of the rows of C (k, n), and CC', in float64, with weights (n,) of its columns."""
    weighted = C.astype(np.float64) * weight
    with BLAS_ALONE:
        return weighted.sum(axis=1), weighted @ C.T
