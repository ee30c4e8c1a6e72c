"""Multiplicative updates: F <- z F for every beta and every penalty, from one equation for each entry.

num and den are the two parts of the loss's gradient. Along the ratio z of an entry to what it was, the objective lies
below a function that touches it at z = 1 and whose derivative is, but for the factor f,

    den z^p + lin + a z + c z^3 - num z^-q - b / z,    p, q = 0, 2 - beta;    beta - 1, 2 - beta;    beta - 1, 0

for beta < 1, in [1, 2], > 2 [1]_. The penalties put into lin what is linear, into a and b what of the quadratics has a
positive and a negative sign, neighbours' pull included, and into c the quartic: products of different entries are at
most the mean of their powers, and -z is at most -1 - log z. The derivative rises with z, so its root is the minimum,
and without a, b, c it is (num / (den + lin))^gamma, gamma = 1 / (2 - beta), 1, 1 / (beta - 1). So the objective never
rises. Where rows have a prescribed sum, lin has the multiplier of it added, with which the new row has that sum.

.. [1] Fevotte, Idier, Neural Computation 23(9), 2011, doi:10.1162/NECO_a_00168, section 4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import inlined, kernel
from nmfcore.passes import run_blocks
from nmfcore.penalties import Terms

_ROWS = 256
_STEPS = 80
# Where nothing holds an entry back but the sum of its row.
_FAR = 1e30
_LEAST_PULL = 1e-12
_NO_ENTRIES = np.zeros((0, 0))


@inlined
def _slope(z, num, den, lin, a, b, c, p, q):
    """Return the derivative at z > 0."""
    rising = den if p == 0.0 else (den * z if p == 1.0 else den * z**p)
    falling = num if q == 0.0 else (num / z if q == 1.0 else num * z**-q)
    return rising + lin + a * z + c * z * z * z - falling - b / z


@inlined
def _ratio(num, den, lin, a, b, c, p, q):
    """Return the root z of the derivative; any z on the way to it from 1 lowers the objective too."""
    if c == 0.0 and q == 1.0 and p == 0.0:
        # Kullback-Leibler: a z^2 + (den + lin) z = num + b.
        up, down = num + b, den + lin
        if a == 0.0:
            return up / down if down > 0.0 else (1.0 if lin >= 0.0 or up <= 0.0 else _FAR)
        root = np.sqrt(down * down + 4.0 * a * up)
        return 2.0 * up / (down + root) if down > 0.0 else (root - down) / (2.0 * a)
    if c == 0.0 and q == 0.0 and p == 1.0:
        # Frobenius: (den + a + lin) z^2 - num z = b, for lin z is at most lin (z^2 + 1) / 2 where lin is positive.
        up, down = num - min(lin, 0.0), den + a + max(lin, 0.0)
        if down <= 0.0:
            return 1.0
        root = np.sqrt(up * up + 4.0 * down * b)
        return (up + root) / (2.0 * down) if up >= 0.0 else 2.0 * b / (root - up)
    if a == 0.0 and b == 0.0 and c == 0.0 and (p == 0.0 or lin == 0.0):
        below = den + lin
        return (num / below) ** (1.0 / (p + q)) if below > 0.0 else (1.0 if lin >= 0.0 or num <= 0.0 else _FAR)
    # Bounds on either side of the root, a factor of four at a time, then bisection.
    z, low, high = 1.0, 0.0, np.inf
    for _ in range(_STEPS):
        if _slope(z, num, den, lin, a, b, c, p, q) > 0.0:
            high = z
        else:
            low = z
        if low == 0.0:
            z = 0.25 * high
        elif high == np.inf:
            z = 4.0 * low
        elif high - low <= 1e-13 * low:
            break
        else:
            z = np.sqrt(low * high)
    return high if high <= 1.0 else max(low, 1.0)


@inlined
def _row_sum(f, num, den, lin, shift, a, b, c, p, q, n_fixed):
    total = 0.0
    for t in range(f.shape[0]):
        ratio = 1.0 if t < n_fixed else _ratio(num[t], den[t], lin[t] + shift, a[t], b[t], c[t], p, q)
        total += f[t] * ratio
    return total


@inlined
def _multiplier(f, num, den, lin, a, b, c, p, q, n_fixed, total):
    """Return what to add to lin so that the new row sums to total: the sum falls as it grows."""
    width = 1e-300
    for t in range(f.shape[0]):
        width = max(width, num[t] + den[t] + abs(lin[t]) + a[t] + b[t] + c[t])
    shift, low, high = 0.0, -np.inf, np.inf
    for _ in range(3 * _STEPS):
        if _row_sum(f, num, den, lin, shift, a, b, c, p, q, n_fixed) > total:
            low = shift
        else:
            high = shift
        if low == -np.inf:
            shift = high - width
            width *= 2.0
        elif high == np.inf:
            shift = low + width
            width *= 2.0
        else:
            shift = 0.5 * (low + high)
            if shift in (low, high):
                break
    return high


@kernel
def _multiply_rows(F, num, den, linear, a, b, c, p, q, total, n_fixed, floor, first, last):
    """Multiply rows [first, last) of F (m, k) in place; entries end at least at floor.

    linear (m, k) or (1, k); a, b, c (m, k) or (0, 0): none.
    """
    k = F.shape[1]
    rows = np.zeros((7, k), np.float64)
    f, up, down, lin, stiff, pull, quartic = rows
    for i in range(first, last):
        for t in range(k):
            f[t] = F[i, t]
            up[t] = num[i, t]
            down[t] = den[i, t]
            lin[t] = linear[i if linear.shape[0] > 1 else 0, t]
            if a.shape[0] > 0:
                stiff[t] = a[i, t]
                pull[t] = b[i, t]
                quartic[t] = c[i, t]
        shift = 0.0
        if total > 0.0:
            for t in range(k):
                # An entry that nothing pulls up would take all of the row's sum or nothing of it.
                up[t] += _LEAST_PULL * (down[t] + abs(lin[t]))
            shift = _multiplier(f, up, down, lin, stiff, pull, quartic, p, q, n_fixed, total)
        for t in range(n_fixed, k):
            ratio = _ratio(up[t], down[t], lin[t] + shift, stiff[t], pull[t], quartic[t], p, q)
            F[i, t] = max(f[t] * ratio, floor)
        if total > 0.0:
            # What the floor and the rounding of entries added or took is taken from the largest.
            largest = n_fixed
            rest = total
            for t in range(k):
                rest -= np.float64(F[i, t])
                largest = t if F[i, t] > F[i, largest] and t >= n_fixed else largest
            F[i, largest] = max(np.float64(F[i, largest]) + rest, 0.0)


def update(F: NDArray, num: NDArray, den: NDArray, terms: Terms, beta: float, floor: float) -> None:
    """Lower the loss whose gradient in F (m, k) is den - num, plus terms, in place."""
    p = 0.0 if beta < 1.0 else beta - 1.0
    q = 0.0 if beta > 2.0 else 2.0 - beta
    linear, a, b, c = _signed_parts(F, terms)
    total = terms.total or 0.0

    def multiply(first: int, last: int) -> None:
        block = (first * _ROWS, min(last * _ROWS, F.shape[0]))
        _multiply_rows(F, num, den, linear, a, b, c, p, q, total, terms.n_fixed, floor, *block)

    run_blocks(multiply, -(-F.shape[0] // _ROWS))


def _signed_parts(F: NDArray, terms: Terms) -> tuple[NDArray, ...]:
    """Return lin, a, b and c of all entries, the last three empty where the terms are linear."""
    linear = np.ascontiguousarray(np.atleast_2d(np.maximum(terms.linear, 0.0)))
    if terms.is_linear and (terms.linear >= 0.0).all():
        return linear, _NO_ENTRIES, _NO_ENTRIES, _NO_ENTRIES
    wide = F.astype(np.float64)
    up, down = (wide * np.maximum(sign * terms.diagonal, 0.0) for sign in (1.0, -1.0))
    up += wide @ np.maximum(terms.gram, 0.0)
    down += wide @ np.maximum(-terms.gram, 0.0) + np.maximum(-terms.linear, 0.0)
    if terms.graph is not None:
        up += wide * terms.coupling * terms.graph.degree[:, None]
        down += terms.coupling * terms.graph.neighbour_sums(wide)
    return linear, up, down, 2.0 * terms.quartic * wide @ (wide.T @ wide)
