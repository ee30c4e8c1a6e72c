"""The step of `row_newton` on sparse rows, for Kullback-Leibler: an entry that is 0 has a slope and no curvature.

Where only the stored entries count, the slope is a sum over them too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import inlined, kernel
from nmfcore.data import Rows
from nmfcore.losses.beta_divergence import smallest_product
from nmfcore.passes import run_blocks
from nmfcore.penalties import Terms

SWEEPS = 6
ENOUGH = 0.01
# With more, the pairs of components cost more than coordinates one by one.
MAX_COMPONENTS = 64
_ROWS = 64


@inlined
def _minimise_row(f, A, gradient, n_fixed, slope, f_new):
    """Sweep the quadratic with a gradient and curvature A (k, k) at f (k,) over f_new >= 0; slope (k,) is spent."""
    k = f.shape[0]
    zero = f.dtype.type(0)
    for t in range(k):
        slope[t] = gradient[t]
        f_new[t] = f[t]
    first = zero
    for sweep in range(SWEEPS):
        moved = zero
        for t in range(n_fixed, k):
            q = A[t, t]
            old = f_new[t]
            value = old - slope[t] / q if q > zero else (zero if slope[t] > zero else old)
            value = value if value > zero else zero
            change = value - old
            if change != zero:
                f_new[t] = value
                column = A[t]
                for u in range(k):
                    slope[u] += change * column[u]
                moved += change * change * q
        if sweep == 0:
            first = moved
        elif moved <= ENOUGH * first:
            break


@kernel
def _step(indptr, indices, data, weight, F, Ct, all_sums, l1, l2, n_fixed, floor, first, last):
    """Move rows [first, last) of F (m, k) in place for Kullback-Leibler, as `_step` does: x = 0 adds a linear term.

    weight: of each stored entry; (0,): 1. all_sums (k,): weighted sums of the rows of C; (0,): of the stored entries.
    """
    k = F.shape[1]
    zero, one = F.dtype.type(0), F.dtype.type(1)
    longest = 1
    for i in range(first, last):
        longest = max(longest, indptr[i + 1] - indptr[i])
    c = np.empty((k, longest), F.dtype)
    y, z, ratio = np.empty((3, longest), F.dtype)
    s, weighted = np.empty(longest, F.dtype), np.empty(longest, F.dtype)
    x, v = np.empty(longest, F.dtype), np.ones(longest, F.dtype)
    sums = np.empty(k, F.dtype)
    A = np.empty((k, k), F.dtype)
    num, gradient = np.empty(k, F.dtype), np.empty(k, F.dtype)
    slope, f_new = np.empty(k, F.dtype), np.empty(k, F.dtype)
    for i in range(first, last):
        f = F[i]
        start = indptr[i]
        size = indptr[i + 1] - start
        for e in range(size):
            x[e] = data[start + e]
            if weight.shape[0] > 0:
                v[e] = weight[start + e]
                x[e] *= v[e]
            column = Ct[indices[start + e]]
            product = zero
            for t in range(k):
                c[t, e] = column[t]
                product += f[t] * column[t]
            y[e] = product if product > floor else floor
        for e in range(size):
            ratio[e] = x[e] / y[e]
        for t in range(k):
            up = zero
            for e in range(size):
                up += ratio[e] * c[t, e]
            num[t] = up
            if all_sums.shape[0] > 0:
                sums[t] = all_sums[t]
            else:
                sums[t] = zero
                for e in range(size):
                    sums[t] += v[e] * c[t, e]
            gradient[t] = sums[t] - up + l1[t] + l2[t] * f[t]
        rises = True
        for attempt in range(2):
            for e in range(size):
                s[e] = ratio[e] / y[e] if attempt == 0 else (v[e] / y[e] if x[e] > zero else zero)
            for t in range(k):
                for e in range(size):
                    weighted[e] = s[e] * c[t, e]
                for u in range(t + 1):
                    total = zero
                    for e in range(size):
                        total += weighted[e] * c[u, e]
                    A[t, u] = total
                    A[u, t] = total
                A[t, t] += l2[t]
            _minimise_row(f, A, gradient, n_fixed, slope, f_new)
            total = zero
            for e in range(size):
                z[e] = zero
            for t in range(k):
                for e in range(size):
                    z[e] += f_new[t] * c[t, e]
            for e in range(size):
                z[e] = z[e] if z[e] > floor else floor
                d = z[e] / y[e] - one
                total += x[e] * d * d * d
                z[e] = x[e] / z[e]
            change = 0.0
            for t in range(k):
                up = zero
                for e in range(size):
                    up += z[e] * c[t, e]
                after = sums[t] - up + l1[t] + l2[t] * f_new[t]
                change += 0.5 * np.float64(gradient[t] + after) * np.float64(f_new[t] - f[t])
            rises = not (change + np.float64(total) / 6.0 <= 0.0)
            if not rises:
                break
        for t in range(n_fixed, k):
            if rises:
                below = sums[t] + l1[t]
                below += np.sqrt(below * below + 4.0 * l2[t] * f[t] * num[t])
                f[t] = f[t] * (2.0 * num[t] / below if below > 0.0 else one)
            else:
                f[t] = f_new[t]


def update(rows: Rows, F: NDArray, C: NDArray, terms: Terms) -> None:
    """Lower the divergence of sparse rows (m, n) from FC, plus terms, over F (m, k) >= 0 in place, for fixed C (k, n).

    A column of weight 2 counts like two: each of its entries twice, and twice in the sums of C.
    """
    S, column_weight, weight = rows.stored, rows.column_weight, rows.entry_weight
    sums = np.zeros(0, F.dtype)
    if not rows.is_partial:
        weighted = bool((column_weight != 1).any())
        weight = column_weight[S.indices] if weighted else weight
        sums = ((C * column_weight) if weighted else C).sum(axis=1, dtype=np.float64).astype(F.dtype)
    arrays = (S.indptr, S.indices, S.data, weight, F, np.ascontiguousarray(C.T), sums)
    strengths = (terms.linear.astype(F.dtype), terms.diagonal.astype(F.dtype))
    floor = F.dtype.type(smallest_product(F.dtype))
    m = F.shape[0]

    def work(a: int, b: int) -> None:
        _step(*arrays, *strengths, terms.n_fixed, floor, a * _ROWS, min(m, b * _ROWS))

    run_blocks(work, -(-m // _ROWS), uneven=True)
