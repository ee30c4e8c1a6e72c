"""Coordinate descent (HALS) for the Frobenius loss and any shape of X, both factors in turn.

With N = XH', G = HH' (penalties folded in), row by row and component by component,

    w_t <- max(0, w_t + (N_t - w G_t) / G_tt)

which minimises the objective over w_t exactly. Sweeps over a row are repeated while N and G are at hand [1]_.

.. [1] Gillis, Glineur, "Accelerated multiplicative updates and hierarchical ALS algorithms for nonnegative matrix
   factorization", Neural Computation 24(4), 2012, doi:10.1162/NECO_a_00256, section 4.
"""

from __future__ import annotations

from numpy.typing import NDArray

from nmfcore._jit import kernel
from nmfcore.passes import run_blocks

_ROWS = 256
_ENOUGH = 0.01


@kernel
def _sweep_rows(F, gram, linear, max_sweeps, first, last):
    """Sweep rows [first, last) of F (m, k) in place until a sweep moves a row by little against its first sweep."""
    k = F.shape[1]
    for i in range(first, last):
        row = F[i]
        target = linear[i]
        initial = 0.0
        for sweep in range(max_sweeps):
            moved = 0.0
            for t in range(k):
                curvature = gram[t, t]
                if curvature <= 0.0:
                    continue
                slope = target[t]
                column = gram[t]
                for u in range(k):
                    slope -= row[u] * column[u]
                value = max(row[t] + slope / curvature, row.dtype.type(0))
                moved += (value - row[t]) ** 2 * curvature
                row[t] = value
            if sweep == 0:
                initial = moved
            if moved <= _ENOUGH * initial:
                break


def update(F: NDArray, gram: NDArray, linear: NDArray, l1: float, n_others: int) -> None:
    """Lower 1/2 <F gram, F> - <linear - l1, F> over F (m, k) >= 0 in place; n_others: length of a row of X."""
    linear -= linear.dtype.type(l1)
    k = F.shape[1]
    max_sweeps = 1 + min(8, n_others // (2 * k))
    n_blocks = -(-F.shape[0] // _ROWS)

    def sweep(first: int, last: int) -> None:
        _sweep_rows(F, gram, linear, max_sweeps, first * _ROWS, min(last * _ROWS, F.shape[0]))

    run_blocks(sweep, n_blocks)
