"""Multiplicative updates: F <- F * (num / den)^gamma, for every beta.

num and den are the two parts of the gradient. L1 joins den. With E = den + l1 + q F, q = l2 + coupling * degree, and
P = coupling * (sum of the neighbours' rows), each update minimises a majorant of the objective, which never rises [1]_:

    beta = 1       2 (num + P) / (d + sqrt(d^2 + 4 q F (num + P))),  d = den + l1
    beta = 2       (num + sqrt(num^2 + 4 E P)) / (2 E)
    otherwise      (num / E)^gamma,  gamma = 1 / (2 - beta), 1, 1 / (beta - 1) for beta < 1, in [1, 2], > 2;
                   with L2 1 / (3 - beta), 1 / (3 - beta), 1 / (beta - 1)

.. [1] Fevotte, Idier, Neural Computation 23(9), 2011, doi:10.1162/NECO_a_00168, section 4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import kernel
from nmfcore.passes import run_blocks
from nmfcore.penalties import Terms

_ROWS = 256


def exponent(beta: float, *, has_l2: bool) -> float:
    """Return gamma."""
    if beta > 2.0:
        return 1.0 / (beta - 1.0)
    if has_l2:
        return 1.0 / (3.0 - beta)
    return 1.0 / (2.0 - beta) if beta < 1.0 else 1.0


@kernel
def _multiply_rows(F, num, den, l1, l2, coupling, degree, pull, beta, gamma, held, floor, first, last):
    """Multiply rows [first, last) of F (m, k) in place; entries end at least at floor."""
    for i in range(first, last):
        for t in range(held, F.shape[1]):
            f = np.float64(F[i, t])
            q = l2[t]
            p = 0.0
            if pull.shape[0] > 0:
                q += coupling[t] * degree[i]
                p = coupling[t] * pull[i, t]
            up = np.float64(num[i, t])
            down = np.float64(den[i, t]) + l1[t]
            if beta == 1.0:
                up += p
                below = down + np.sqrt(down * down + 4.0 * q * f * up)
                ratio = 2.0 * up / below if below > 0.0 else 1.0
            else:
                below = down + q * f
                if below <= 0.0:
                    ratio = 1.0
                elif beta == 2.0:
                    ratio = (up + np.sqrt(up * up + 4.0 * below * p)) / (2.0 * below)
                else:
                    ratio = (up / below) ** gamma
            F[i, t] = max(f * ratio, floor)


def update(F: NDArray, num: NDArray, den: NDArray, terms: Terms, beta: float, floor: float) -> None:
    """Lower the loss whose gradient in F (m, k) is den - num, plus terms, in place."""
    gamma = exponent(beta, has_l2=bool(terms.l2.any()))
    if terms.graph is None:
        degree, pull = np.zeros(0), np.zeros((0, 0), F.dtype)
    else:
        degree, pull = terms.graph.degree, terms.graph.neighbour_sums(F)
    strengths = (terms.l1, terms.l2, terms.coupling, degree, pull)

    def multiply(a: int, b: int) -> None:
        last = min(b * _ROWS, F.shape[0])
        _multiply_rows(F, num, den, *strengths, float(beta), gamma, terms.held, floor, a * _ROWS, last)

    run_blocks(multiply, -(-F.shape[0] // _ROWS))
