"""The beta-divergence, and what its gradient is made of.

d_beta(x | y) = (x^beta + (beta - 1) y^beta - beta x y^(beta - 1)) / (beta (beta - 1)), with the limits
x log(x / y) - x + y at beta = 1 (Kullback-Leibler) and x / y - log(x / y) - 1 at beta = 0 (Itakura-Saito) [1]_.
For the factor F with the other factor C, Y = FC, the gradient is den - num with

    num = (X . Y^(beta - 2)) C',    den = Y^(beta - 1) C'.

Nothing of the size of Y is kept: a row at a time, and of a sparse row at beta = 1 or 2 only its entries.

.. [1] Fevotte, Idier, "Algorithms for nonnegative matrix factorization with the beta-divergence", Neural Computation
   23(9), 2011, doi:10.1162/NECO_a_00168, eq. (2).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import inlined, kernel
from nmfcore.data import Rows
from nmfcore.passes import BLAS_ALONE, run_blocks

_ROWS = 64
_CANCELLED = 1e-8


@inlined
def _divergence(x, y, beta):
    """Return d_beta(x | y) in float64."""
    if beta == 2.0:
        return 0.5 * (x - y) * (x - y)
    if beta == 1.0:
        return x * np.log(x / y) - x + y if x > 0.0 else y
    if beta == 0.0:
        return x / y - np.log(x / y) - 1.0
    power = y ** (beta - 1.0)
    head = x**beta if x > 0.0 else 0.0
    return (head + (beta - 1.0) * power * y - beta * x * power) / (beta * (beta - 1.0))


@inlined
def _products_of_row(f, C, y):
    """Overwrite y (n,) with f C in y's precision."""
    for j in range(y.shape[0]):
        y[j] = 0.0
    for t in range(C.shape[0]):
        a = y.dtype.type(f[t])
        c = C[t]
        for j in range(y.shape[0]):
            y[j] += a * c[j]


@kernel
def _value_dense(X, mask, row_weight, column_weight, F, C, beta, floor, parts, first, last):
    m, n = X.shape
    y = np.empty(n, np.float64)
    for b in range(first, last):
        total = 0.0
        for i in range(b * _ROWS, min(m, (b + 1) * _ROWS)):
            _products_of_row(F[i], C, y)
            part = 0.0
            for j in range(n):
                if mask.shape[0] == 0 or mask[i, j]:
                    part += column_weight[j] * _divergence(np.float64(X[i, j]), max(y[j], floor), beta)
            total += row_weight[i] * part
        parts[b] = total


@kernel
def _ratios(X, Y, floor, out):
    """Write x / y, or 1 where x is 0, in float64, for products Y (b, n), which end above floor."""
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            y = Y[i, j] if Y[i, j] > floor else floor
            Y[i, j] = y
            x = np.float64(X[i, j])
            out[i, j] = x / np.float64(y) if x > 0.0 else 1.0


@kernel
def _sum_of_logs(X, Y, logs, mask, row_weight, column_weight, beta):
    """Return the divergence at beta 1 or 0 of a block, from the logarithms of x / y."""
    total = 0.0
    for i in range(X.shape[0]):
        part = 0.0
        for j in range(X.shape[1]):
            x = np.float64(X[i, j])
            y = np.float64(Y[i, j])
            value = x * logs[i, j] - x + y if beta == 1.0 else x / y - logs[i, j] - 1.0
            value = value if mask.shape[0] == 0 or mask[i, j] else 0.0
            part += column_weight[j] * value
        total += row_weight[i] * part
    return total


@kernel
def _value_sparse(
    indptr, indices, data, row_weight, n, F, C, Ct, column_sums, gram, beta, by_entries, floor, parts, first, last
):  # fmt: skip
    """At beta = 1 and 2 the entries that are zero count through the sums over columns and the Gram matrix."""
    m, k = F.shape
    y = np.empty(1 if by_entries else n, np.float64)
    x = np.zeros(y.shape[0], np.float64)
    for b in range(first, last):
        total = 0.0
        for i in range(b * _ROWS, min(m, (b + 1) * _ROWS)):
            part = 0.0
            if by_entries:
                for e in range(indptr[i], indptr[i + 1]):
                    product = 0.0
                    c = Ct[indices[e]]
                    for t in range(k):
                        product += np.float64(F[i, t]) * np.float64(c[t])
                    value = max(product, floor)
                    part += _divergence(np.float64(data[e]), value, beta)
                    part -= value if beta == 1.0 else 0.5 * value * value
                for t in range(k):
                    if beta == 1.0:
                        part += F[i, t] * column_sums[t]
                    else:
                        for u in range(k):
                            part += 0.5 * np.float64(F[i, t]) * gram[t, u] * np.float64(F[i, u])
            else:
                _products_of_row(F[i], C, y)
                for e in range(indptr[i], indptr[i + 1]):
                    x[indices[e]] = data[e]
                for j in range(n):
                    part += _divergence(x[j], max(y[j], floor), beta)
                for e in range(indptr[i], indptr[i + 1]):
                    x[indices[e]] = 0.0
            total += row_weight[i] * part
        parts[b] = total


@kernel
def _parts_dense(X, mask, row_weight, column_weight, F, C, beta, floor, num, den, first, last):
    n = X.shape[1]
    k = F.shape[1]
    y = np.empty(n, X.dtype)
    a = np.empty(n, X.dtype)
    for i in range(first, last):
        _products_of_row(F[i], C, y)
        x = X[i]
        for j in range(n):
            v = y[j] if y[j] > floor else floor
            if beta == 1.0:
                a[j] = x[j] / v
                y[j] = 1.0
            elif beta == 0.0:
                y[j] = 1.0 / v
                a[j] = x[j] * y[j] * y[j]
            elif beta == 2.0:
                a[j] = x[j]
                y[j] = v
            else:
                power = v ** (beta - 2.0)
                a[j] = x[j] * power
                y[j] = v * power
        for j in range(n):
            weight = row_weight[i] * column_weight[j]
            if mask.shape[0] > 0 and not mask[i, j]:
                weight = X.dtype.type(0)
            a[j] *= weight
            y[j] *= weight
        for t in range(k):
            c = C[t]
            up = X.dtype.type(0)
            down = X.dtype.type(0)
            for j in range(n):
                up += a[j] * c[j]
                down += y[j] * c[j]
            num[i, t] = up
            den[i, t] = down


@kernel
def _parts_sparse(indptr, indices, data, F, C, Ct, column_sums, gram, beta, floor, num, den, first, last):
    k = F.shape[1]
    n = Ct.shape[0]
    every = beta != 1.0 and beta != 2.0
    y = np.empty(n if every else 1, F.dtype)
    for i in range(first, last):
        f = F[i]
        for t in range(k):
            num[i, t] = 0.0
            den[i, t] = 0.0
        if every:
            _products_of_row(f, C, y)
            for j in range(n):
                y[j] = max(y[j], floor) ** (beta - 1.0)
            for t in range(k):
                c = C[t]
                down = F.dtype.type(0)
                for j in range(n):
                    down += y[j] * c[j]
                den[i, t] = down
        for e in range(indptr[i], indptr[i + 1]):
            c = Ct[indices[e]]
            product = F.dtype.type(0)
            for t in range(k):
                product += f[t] * c[t]
            product = product if product > floor else floor
            ratio = data[e] / product if beta == 1.0 else data[e] * product ** (beta - 2.0)
            for t in range(k):
                num[i, t] += ratio * c[t]
        for t in range(k):
            if beta == 1.0:
                den[i, t] = column_sums[t]
            elif beta == 2.0:
                down = F.dtype.type(0)
                for u in range(k):
                    down += f[u] * gram[u, t]
                den[i, t] = down


def _sums_and_gram(C: NDArray) -> tuple[NDArray, NDArray]:
    """Return the sums of the rows of C (k, n), and CC', in float64."""
    with BLAS_ALONE:
        return C.sum(axis=1, dtype=np.float64), C.astype(np.float64) @ C.T


def smallest_product(dtype: np.dtype) -> float:
    """Return what an entry of WH counts as at least, where it is divided by: far below any rounding."""
    return 1e-30 if dtype == np.float32 else 1e-150


def value(rows: Rows, F: NDArray, C: NDArray, beta: float) -> float:
    """Return D_beta(X | FC), weighted, in float64, for F (m, k) and C (k, n)."""
    m, n = rows.shape
    n_blocks = -(-m // _ROWS)
    parts = np.empty(n_blocks)
    floor = smallest_product(rows.dtype)
    C = np.ascontiguousarray(C)
    F = np.ascontiguousarray(F)
    if rows.sparse is None:
        X = rows.array
        weights = (rows.mask, rows.row_weight, rows.column_weight)
        if beta in (0.0, 1.0):
            with BLAS_ALONE:
                run_blocks(lambda a, b: _add_logs(rows, F, C, beta, parts, a, b), n_blocks)
        else:
            run_blocks(lambda a, b: _value_dense(X, *weights, F, C, beta, floor, parts, a, b), n_blocks)
    else:
        S, Ct = rows.sparse, np.ascontiguousarray(C.T)
        head = (S.indptr, S.indices, S.data, rows.row_weight, n, F, C, Ct)
        sums, gram = _sums_and_gram(C)

        def add(by_entries: bool) -> None:
            run_blocks(
                lambda a, b: _value_sparse(*head, sums, gram, beta, by_entries, floor, parts, a, b),
                n_blocks,
                uneven=True,
            )

        add(by_entries=beta in (1.0, 2.0))
        if beta == 2.0 and parts.sum() < _CANCELLED * float(np.einsum("i,i->", S.data, S.data, dtype=np.float64)):
            # The sums over entries and the Gram matrix cancel: once row by row, which takes as long as for dense X.
            add(by_entries=False)
    # Of a perfect fit, rounding may leave a sum below 0.
    return max(float(parts.sum()), 0.0)


def _add_logs(rows: Rows, F: NDArray, C: NDArray, beta: float, parts: NDArray, first: int, last: int) -> None:
    """Write the divergence at beta 1 or 0 of each block of rows to its place in parts; NumPy's log runs in lanes."""
    X, mask = rows.array, rows.mask
    floor = X.dtype.type(smallest_product(X.dtype))
    logs = np.empty((_ROWS, X.shape[1]))
    for b in range(first, last):
        block = slice(b * _ROWS, (b + 1) * _ROWS)
        x = X[block]
        Y = np.dot(F[block], C)
        _ratios(x, Y, floor, logs[: len(x)])
        np.log(logs[: len(x)], out=logs[: len(x)])
        shown = mask[block] if mask.shape[0] else mask
        parts[b] = _sum_of_logs(x, Y, logs, shown, rows.row_weight[block], rows.column_weight, beta)


def gradient_parts(rows: Rows, F: NDArray, C: NDArray, beta: float) -> tuple[NDArray, NDArray]:
    """Return num and den (m, k), whose difference den - num is the gradient of D_beta(X | FC) in F."""
    num, den = np.empty_like(F, order="C"), np.empty_like(F, order="C")
    floor = rows.dtype.type(smallest_product(rows.dtype))
    m = rows.shape[0]
    n_blocks = -(-m // _ROWS)
    F = np.ascontiguousarray(F)
    C = np.ascontiguousarray(C)
    if rows.sparse is None:
        X = rows.array
        weights = (rows.mask, rows.row_weight, rows.column_weight)

        def work(a: int, b: int) -> None:
            _parts_dense(X, *weights, F, C, beta, floor, num, den, a * _ROWS, min(m, b * _ROWS))
    else:
        S, Ct = rows.sparse, np.ascontiguousarray(C.T)
        sums, gram = (part.astype(C.dtype) for part in _sums_and_gram(C))

        def work(a: int, b: int) -> None:
            _parts_sparse(
                S.indptr, S.indices, S.data, F, C, Ct, sums, gram, beta, floor, num, den, a * _ROWS, min(m, b * _ROWS)
            )

    run_blocks(work, n_blocks, uneven=rows.sparse is not None)
    return num, den
