"""Newton steps on whole rows, for the losses whose curvature follows WH: Kullback-Leibler and Itakura-Saito.

For a row f with y = fC, the loss is replaced by the quadratic with its gradient at f and a curvature C diag(s) C',
which is swept over f >= 0 by coordinates. Two are tried, the second on the rows where the first goes too far:

    Kullback-Leibler   s = x / y^2, that of the loss    s = 1 / y where x > 0 (Fisher's)
    Itakura-Saito      s = 1 / y^2 (Fisher's)           s = max(2 x / y^3 - 1 / y^2, 1 / y^2)

A row is moved only where the objective cannot have risen. Along the step, phi(0) to phi(1), the error of the
trapezoidal rule is -phi'''(xi) / 12, and with d = y(1) - y(0)

    phi(1) - phi(0) <= 1/2 (phi'(0) + phi'(1)) + sum_j b_j d_j^3,
    b = x / (6 y(0)^3),    b = x / (2 y(0)^4) - 1 / (6 y(1)^3),

for the two losses: each term of phi''' is monotone in y. Where both tries fail the row takes a multiplicative step.

The first curvature of Kullback-Leibler makes it Newton's method, Fisher's makes it iteratively reweighted least
squares [1]_, which is exact from however far where a row is fitted well.

.. [1] Green, "Iteratively reweighted least squares for maximum likelihood estimation, and some robust and resistant
   alternatives", J. R. Stat. Soc. B 46(2), 1984, doi:10.1111/j.2517-6161.1984.tb01288.x.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import inlined, kernel
from nmfcore.data import Rows
from nmfcore.losses.beta_divergence import smallest_product
from nmfcore.passes import BLAS_ALONE, run_blocks
from nmfcore.penalties import Terms
from nmfcore.solvers import multiplicative, row_newton_sparse
from nmfcore.solvers.row_newton_sparse import ENOUGH, SWEEPS

_NEWTON, _FISHER, _LARGER = 0, 1, 2
_CURVATURES = {1.0: (_NEWTON, _FISHER), 0.0: (_FISHER, _LARGER)}
BETAS = tuple(_CURVATURES)
_BLOCK_BYTES = 1 << 19
_LEAST_ROWS, _MOST_ROWS = 32, 128
_LANES = 64
_U = np.uintp
# Entries of the products of pairs of components that are worth their memory whatever the size of X.
_FREE_PAIRS = 1 << 22


def is_suited(rows: Rows, k: int, terms: Terms, beta: float) -> bool:
    """Whether `update` handles these rows: without neighbours, the pairs of components small beside them."""
    m, n = rows.shape
    if terms.couples_rows or beta not in BETAS:
        return False
    if rows.sparse is not None:
        # Where nothing else weighs on a row, its own weight cancels.
        is_free = terms.is_nothing or bool((rows.row_weight == 1).all())
        return beta == 1.0 and k <= row_newton_sparse.MAX_COMPONENTS and terms.is_uniform and is_free
    return _n_pairs(k) * n <= max(_FREE_PAIRS, m * n // 2)


def _n_pairs(k: int) -> int:
    return k * (k + 1) // 2


@kernel
def _weigh(X, weight, Y, beta, curvature, floor, up, down, s):
    """Write x y^(beta - 2), y^(beta - 1) and the curvature for the products Y (b, n), weighted; Y ends above floor."""
    zero, one = X.dtype.type(0), X.dtype.type(1)
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            y = Y[i, j] if Y[i, j] > floor else floor
            Y[i, j] = y
            v = one / y
            c = weight[i, j] if weight.shape[0] > 0 else one
            x = X[i, j]
            if c == zero:
                # Where nothing counts the product may be 0, and what is divided by it infinite.
                up[i, j] = zero
                down[i, j] = zero
                s[i, j] = zero
            elif beta == 1.0:
                r = x * v
                up[i, j] = c * r
                down[i, j] = c
                s[i, j] = c * (r * v if curvature == _NEWTON else (v if x > zero else zero))
            else:
                r = x * v * v
                up[i, j] = c * r
                down[i, j] = c * v
                larger = (r + r) * v - v * v
                s[i, j] = c * (larger if curvature == _LARGER and larger > v * v else v * v)


@kernel
def _weigh_step(X, weight, Y, Z, beta, floor, up, down, third):
    """Write x z^(beta - 2), z^(beta - 1), weighted, and the sum of b d^3 of each row from the products Y to Z."""
    zero, one = X.dtype.type(0), X.dtype.type(1)
    three = X.dtype.type(3)
    for i in range(X.shape[0]):
        total = zero
        for j in range(X.shape[1]):
            z = Z[i, j] if Z[i, j] > floor else floor
            y = Y[i, j]
            x = X[i, j]
            v = one / z
            c = weight[i, j] if weight.shape[0] > 0 else one
            if c == zero:
                up[i, j] = zero
                down[i, j] = zero
            elif beta == 1.0:
                e = z / y - one
                total += c * x * e * e * e
                up[i, j] = c * x * v
                down[i, j] = c
            else:
                q = one / y
                e = z * q - one
                f = one - y * v
                total += c * (x * q * three * e * e * e - f * f * f)
                up[i, j] = c * x * v * v
                down[i, j] = c * v
        third[i] = total / (three + three)


@inlined
def _load(array, start, width, tile):
    """Copy columns [start, start + width) of array (r, b) to tile (r * _LANES,), row after row."""
    for t in range(array.shape[0]):
        for i in range(width):
            tile[t * _LANES + i] = array[t, start + i]


@kernel
def _minimise(F, A, gradient, n_fixed, F_new):
    """Sweep the quadratics with gradients and curvatures A (pairs, b) at F (k, b) over F_new >= 0.

    A frozen row stays where it is while others beside it still move.
    """
    k, b = F.shape
    zero = F.dtype.type(0)
    one = F.dtype.type(1)
    enough = F.dtype.type(ENOUGH)
    f = np.zeros(k * _LANES, F.dtype)
    slope = np.zeros(k * _LANES, F.dtype)
    a = np.zeros(A.shape[0] * _LANES, F.dtype)
    step = np.empty(_LANES, F.dtype)
    moved = np.empty(_LANES, F.dtype)
    initial = np.empty(_LANES, F.dtype)
    frozen = np.empty(_LANES, F.dtype)
    for start in range(0, b, _LANES):
        width = min(_LANES, b - start)
        _load(F, start, width, f)
        _load(gradient, start, width, slope)
        _load(A, start, width, a)
        frozen[:] = zero
        for sweep in range(SWEEPS):
            moved[:] = zero
            for t in range(n_fixed, k):
                # Unsigned, or Numba allows for a negative index and the loads become gathers.
                at = _U(t * _LANES)
                diagonal = _U((t * (t + 1) // 2 + t) * _LANES)
                for i in range(_LANES):
                    q = a[diagonal + _U(i)]
                    g = slope[at + _U(i)]
                    old = f[at + _U(i)]
                    value = old - g / (q if q > zero else one) if q > zero else (zero if g > zero else old)
                    value = value if value > zero else zero
                    value = value if frozen[i] == zero else old
                    change = value - old
                    step[i] = change
                    f[at + _U(i)] = value
                    moved[i] += change * change * q
                for u in range(k):
                    pair = _U((t * (t + 1) // 2 + u if u <= t else u * (u + 1) // 2 + t) * _LANES)
                    to = _U(u * _LANES)
                    for i in range(_LANES):
                        slope[to + _U(i)] += step[i] * a[pair + _U(i)]
            n_frozen = zero
            for i in range(_LANES):
                # Entry by entry: an assignment of arrays takes two seconds more to compile.
                initial[i] = moved[i] if sweep == 0 else initial[i]
                frozen[i] = one if sweep > 0 and moved[i] <= enough * initial[i] else frozen[i]
                n_frozen += frozen[i]
            if n_frozen == _LANES:
                break
        for t in range(k):
            for i in range(width):
                F_new[t, start + i] = f[t * _LANES + i]


class _Block:
    """Some rows, and their products with C: every array lies component by component, rows side by side."""

    def __init__(
        self, X: NDArray, weight: NDArray, F: NDArray, C: NDArray, sums: NDArray, beta: float, terms: Terms
    ) -> None:
        self.X, self.weight, self.F, self.C, self.beta, self.terms = X, weight, F, C, beta, terms
        self.sums = sums
        self.floor = X.dtype.type(smallest_product(X.dtype))
        self.Y = np.dot(F.T, C)

    def gradient_parts(self, curvature: int) -> tuple[NDArray, NDArray, NDArray]:
        """Return num and den (k, b), and the curvature of each entry (b, n)."""
        up, down, s = (np.empty_like(self.Y) for _ in range(3))
        _weigh(self.X, self.weight, self.Y, self.beta, curvature, self.floor, up, down, s)
        return np.dot(self.C, up.T), self._den(down), s

    def _den(self, down: NDArray) -> NDArray:
        # The weights of Kullback-Leibler do not depend on the products.
        return np.dot(self.C, down.T) if self.beta != 1.0 or len(self.weight) else self.sums

    def slope(self, F: NDArray) -> NDArray:
        """Return the gradient (k, b) of the terms at F (k, b)."""
        terms = self.terms
        slope = np.zeros_like(F) + terms.linear.T.reshape(len(F), -1).astype(F.dtype)
        if not terms.is_linear:
            slope += terms.diagonal.T.reshape(len(F), -1).astype(F.dtype) * F + terms.gram.astype(F.dtype) @ F
        return slope

    def rises(self, gradient: NDArray, F_new: NDArray) -> NDArray[np.bool_]:
        """Return for which rows it is not certain that F_new (k, b) is no worse than F with its gradient (k, b)."""
        Z = np.dot(F_new.T, self.C)
        up, down = np.empty_like(Z), np.empty_like(Z)
        third = np.empty(len(Z), Z.dtype)
        _weigh_step(self.X, self.weight, self.Y, Z, self.beta, self.floor, up, down, third)
        gradient_new = self._den(down) - np.dot(self.C, up.T) + self.slope(F_new)
        slopes = np.einsum("ti,ti->i", gradient + gradient_new, F_new - self.F, dtype=np.float64)
        return ~(0.5 * slopes + third <= 0.0)

    def take(self, index: NDArray[np.intp], dtype: type | None = None) -> _Block:
        """Return some of the rows, in another precision where one is given."""
        weight = self.weight[index] if len(self.weight) else self.weight
        arrays = (self.X[index], weight, np.ascontiguousarray(self.F[:, index]), self.C, self.sums)
        arrays = (array.astype(dtype or array.dtype, copy=False) for array in arrays)
        return _Block(*arrays, self.beta, self.terms.take(index))


def update(rows: Rows, F: NDArray, C: NDArray, terms: Terms, beta: float) -> None:
    """Lower D_beta(X | FC) + terms, beta 1 or 0, over F (m, k) >= 0 in place, C-contiguous, for fixed C (k, n).

    Sparse: beta 1.
    """
    if rows.sparse is not None:
        row_newton_sparse.update(rows, F, C, terms)
        return
    C = np.ascontiguousarray(C)
    m, n = rows.shape
    pairs = _products_of_pairs(C)
    sums = C.sum(axis=1, keepdims=True)
    size = min(_MOST_ROWS, max(_LEAST_ROWS, _BLOCK_BYTES // (n * C.itemsize)))
    X = rows.array
    plain = rows.mask.size == 0 and (rows.row_weight == 1).all() and (rows.column_weight == 1).all()

    def work(first: int, last: int) -> None:
        # What overflows far from the data is seen as a step that rises.
        for b in range(first, last):
            block = slice(b * size, (b + 1) * size)
            weight = np.empty((0, 0), C.dtype) if plain else _weights(rows, block)
            before = np.array(F[block].T, order="C")
            _step(_Block(X[block], weight, before, C, sums, beta, terms.take(block)), pairs, F[block])

    with BLAS_ALONE:
        run_blocks(work, -(-m // size))


def _products_of_pairs(C: NDArray) -> NDArray:
    k = len(C)
    pairs = np.empty((_n_pairs(k), C.shape[1]), C.dtype)
    for t in range(k):
        np.multiply(C[t], C[: t + 1], out=pairs[_n_pairs(t) : _n_pairs(t + 1)])
    return pairs


def _weights(rows: Rows, block: slice) -> NDArray:
    weight = rows.row_weight[block, None] * rows.column_weight
    return weight * rows.mask[block] if rows.mask.size else weight


def _step(block: _Block, pairs: NDArray, F: NDArray) -> None:
    """Move the rows of a block, and write them to F (b, k)."""
    first, second = _CURVATURES[block.beta]
    num, den, s = block.gradient_parts(first)
    gradient = den - num + block.slope(block.F)
    F_new = _minimum(block, gradient, s, pairs)
    left = np.flatnonzero(block.rises(gradient, F_new))
    if len(left):
        part = block.take(left)
        slope = np.ascontiguousarray(gradient[:, left])
        candidate = _minimum(part, slope, part.gradient_parts(second)[2], pairs)
        rises = part.rises(slope, candidate)
        F_new[:, left[~rises]] = candidate[:, ~rises]
        left = left[rises]
    F[:] = F_new.T
    if len(left):
        # What overflows in float32 is no longer a ratio.
        up, down, _ = block.take(left, np.float64).gradient_parts(first)
        up, down = (np.ascontiguousarray(np.broadcast_to(part, up.shape).T) for part in (up, down))
        plain = np.ascontiguousarray(block.F[:, left].T)
        multiplicative.update(plain, up, down, block.terms.take(left), block.beta, 0.0)
        F[left] = plain


def _minimum(block: _Block, gradient: NDArray, s: NDArray, pairs: NDArray) -> NDArray:
    F_new, terms = np.empty_like(block.F), block.terms
    A = np.dot(pairs, s.T)
    if not terms.is_linear:
        k = len(F_new)
        A += terms.gram[np.tril_indices(k)].astype(A.dtype)[:, None]
        A[[_n_pairs(t + 1) - 1 for t in range(k)]] += terms.diagonal.T.reshape(k, -1).astype(A.dtype)
    _minimise(block.F, A, gradient, terms.n_fixed, F_new)
    return F_new
