from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from nmfcore import Penalty, Progress, factorize, objective
from nmfcore.checks import check_penalty, check_solver
from nmfcore.graphs import grid_graph
from nmfcore.losses import LOSSES, beta_divergence
from nmfcore.penalties import PENALTIES
from nmfcore.penalties.laplacian import Laplacian
from tests.nmfcore.data import divergence
from tests.nmfcore.losses import check_loss

DTYPES = [np.float32, np.float64]
BETAS = [*LOSSES.values(), -0.5, 0.5, 1.5, 3.0]

quiet = pytest.mark.filterwarnings("ignore:Maximum number of iterations")


def value(beta, rows, F, C):
    return beta_divergence.value(rows, F, C, beta)


def gradient_parts(beta, rows, F, C):
    return beta_divergence.gradient_parts(rows, F, C, beta)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("beta", BETAS)
def test_every_loss(beta, dtype):
    functions = (partial(function, beta) for function in (value, gradient_parts))
    check_loss(*functions, partial(divergence, beta=beta), dtype=dtype, positive=beta <= 0)


def _of_strength(name):
    if name == "smoothness_W":
        return lambda strength: Laplacian(strength, grid_graph((3, 4), 12))
    return PENALTIES[name]


@quiet
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("solver", "loss"), [("cd", "frobenius"), ("cd", "kullback-leibler"), ("cd", "itakura-saito"), ("mu", 1.5)]
)
@pytest.mark.parametrize("name", [name for name in PENALTIES if name != "sum_to_one"])
def test_every_penalty(name, solver, loss, dtype):
    check_penalty(_of_strength(name), solver=solver, beta_loss=loss, dtype=dtype)


def _fit(parameters, X, W, H, callback):
    return factorize(X, W=W, H=H, init="custom", callback=callback, tol=0, **parameters)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("solver", "loss"),
    [
        ("cd", "frobenius"),
        ("cd", "kullback-leibler"),
        ("cd", "itakura-saito"),
        ("mu", "frobenius"),
        ("mu", "kullback-leibler"),
        ("mu", "itakura-saito"),
        ("mu", 0.5),
        ("mu", 3.0),
    ],
)
@pytest.mark.parametrize("strengths", [{}, {"alpha_W": 0.02, "alpha_H": 0.01, "l1_ratio": 0.5}], ids=["plain", "l1 l2"])
def test_every_solver(solver, loss, strengths, dtype):
    check_solver(
        partial(_fit, {"solver": solver, "beta_loss": loss, **strengths}),
        partial(objective, beta_loss=loss, **strengths),
        dtype=dtype,
        positive=loss == "itakura-saito",
    )


# From here on: each verifier refuses what is broken.


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ({"divergence": lambda x, y: (x - y) ** 2}, "value: "),
        ({"divergence": lambda x, y: 0.5 * (x - y) ** 2 + 1e-3}, r"d\(x, x\) is not 0"),
        ({"divergence": lambda x, y: 0.5 * (x - y) ** 3}, r"d\(x, y\) is negative"),
        ({"value": lambda rows, F, C: 1.01 * value(2.0, rows, F, C)}, "value: .* for dense"),
        ({"gradient_parts": lambda rows, F, C: gradient_parts(2.0, rows, F, C)[::-1]}, "not the gradient"),
        (
            {"gradient_parts": lambda rows, F, C: tuple(2 * p for p in gradient_parts(2.0, rows, F, C))},
            "not the gradient",
        ),
        ({"gradient_parts": lambda rows, F, C: tuple(-p for p in gradient_parts(2.0, rows, F, C)[::-1])}, "negative"),
        (
            {"gradient_parts": lambda rows, F, C: tuple(p.astype(np.float32) for p in gradient_parts(2.0, rows, F, C))},
            "is float32",
        ),
    ],
)
def test_a_broken_loss_is_refused(broken, named):
    sound = {
        "value": partial(value, 2.0),
        "gradient_parts": partial(gradient_parts, 2.0),
        "divergence": lambda x, y: 0.5 * (x - y) ** 2,
    }
    check_loss(**sound)
    with pytest.raises(AssertionError, match=named):
        check_loss(**{**sound, **broken})


def test_a_loss_that_overlooks_the_mask_is_refused():
    def ignores_the_mask(rows, F, C):
        return beta_divergence.value(replace(rows, mask=np.zeros((0, 0), bool)), F, C, 2.0)

    with pytest.raises(AssertionError, match="masked and weighted"):
        check_loss(ignores_the_mask, partial(gradient_parts, 2.0), partial(divergence, beta=2.0))


@dataclass(frozen=True)
class Ridge(Penalty):
    """Half of strength times |H|_F^2, as the mutations below break it."""

    strength: float
    degree = 2

    def value(self, W, H):
        return 0.5 * self.strength * float(np.sum(np.square(H, dtype=np.float64)))

    def contribute(self, terms, F, C):
        if terms.factor == "H":
            terms.diagonal = terms.diagonal + self.strength


class WrongDegree(Ridge):
    degree = 4


class NotLinear(Ridge):
    def value(self, W, H):
        return super().value(W, H) * self.strength


class HalfTheGradient(Ridge):
    def contribute(self, terms, F, C):
        if terms.factor == "H":
            terms.diagonal = terms.diagonal + 0.5 * self.strength


class WrongSide(Ridge):
    def contribute(self, terms, F, C):
        if terms.factor == "W":
            terms.diagonal = terms.diagonal + self.strength


class NoContribution(Ridge):
    def contribute(self, terms, F, C):
        pass


class Negative(Ridge):
    def contribute(self, terms, F, C):
        if terms.factor == "H":
            terms.diagonal = terms.diagonal - self.strength


class SaysConstant(Ridge):
    degree = 4
    is_constant = True

    def value(self, W, H):
        return 0.5 * self.strength * float(np.sum(W**2, axis=0) @ np.sum(H**2, axis=1))

    def contribute(self, terms, F, C):
        terms.diagonal = terms.diagonal + self.strength * np.sum(C**2, axis=1)


class Skewed(Ridge):
    def contribute(self, terms, F, C):
        terms.gram[0, 1] += self.strength


class ActsAtZero(Ridge):
    def value(self, W, H):
        return super().value(W, H) + 1.0


@quiet
@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (WrongDegree, "WrongDegree.degree"),
        (NotLinear, "NotLinear.value: .* at strength 2"),
        (HalfTheGradient, r"HalfTheGradient.contribute to H: the gradient of the terms is .* at entry \(\d, \d\)"),
        (WrongSide, "WrongSide.contribute to W: the gradient of the terms"),
        (NoContribution, "NoContribution.contribute to H: the gradient of the terms"),
        (Negative, "Negative.contribute to H: the gradient of the terms"),
        (SaysConstant, "is_constant, but the terms differ"),
        (Skewed, "gram must be symmetric"),
        (ActsAtZero, "ActsAtZero.value: not 0 at strength 0"),
    ],
)
def test_a_broken_penalty_is_refused(broken, named):
    check_penalty(Ridge)
    with pytest.raises(AssertionError, match=named):
        check_penalty(broken)


@quiet
def test_a_penalty_that_is_its_majorant_only_nearby_is_refused():
    class Quartic(Ridge):
        degree = 4

        def value(self, W, H):
            return 0.25 * self.strength * float(np.sum(np.power(H, 4, dtype=np.float64)))

    with pytest.raises(AssertionError, match="Quartic.contribute to H"):
        check_penalty(Quartic)


class _Factors:
    def __init__(self, W, H):
        self.W, self.H = W, H

    def factors(self):
        return self.W.copy(), self.H.copy()


def _multiply(X, W, H, callback, *, power=1.0, off=0.0, stated=0.0, dtype=None, max_iter=30, last=1.0, hides=False):
    """Multiplicative updates for the Frobenius loss, and ways to break them."""
    history = [objective(X, W, H)]
    for i in range(max_iter):
        W = np.maximum(W * ((X @ H.T) / np.maximum(W @ (H @ H.T), 1e-100)) ** power - off, -np.inf if off else 0)
        H = H * ((W.T @ X) / np.maximum((W.T @ W) @ H, 1e-100)) ** power
        W, H = (F.astype(dtype or X.dtype) for F in (W, H))
        loss = objective(X, W, H) + stated
        history.append(loss)
        if callback(Progress(i + 1, loss, 0.0, _Factors(W, H), 1.0)):
            break
    W = (last * W).astype(W.dtype)
    if not hides:
        history[-1] = objective(X, W, H) + stated
    return SimpleNamespace(W=W, H=H, loss_history=np.minimum.accumulate(history))


def test_a_sound_solver_of_one_s_own_passes():
    check_solver(_multiply, objective)


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ({"power": 3.0}, "the objective rises"),
        ({"off": 0.2}, "negative entry"),
        ({"stated": 0.1}, "states a loss of"),
        ({"dtype": np.float32}, "W is float32"),
        ({"power": 0.0}, "the objective stays at"),
        ({"max_iter": 0}, "never called"),
        ({"last": 1.1}, "result: the objective rises"),
        ({"last": 1.0 + 1e-7, "hides": True}, "result: states a loss of"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_a_broken_solver_is_refused(broken, named):
    with pytest.raises(AssertionError, match=named):
        check_solver(partial(_multiply, **broken), objective)


def test_a_solver_of_another_objective_is_refused():
    with pytest.raises(AssertionError, match="rises|states a loss"):
        check_solver(partial(_fit, {}), partial(objective, alpha_W=0.1))
