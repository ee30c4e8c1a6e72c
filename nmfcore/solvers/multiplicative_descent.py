"""W and H by multiplicative updates in turn, each from a point beyond the last two updates.

The update of a factor is the minimum of a function above the objective that touches it at the current point [1]_.
Here that point is an update extrapolated along the entries that grew, F + w max(F - G, 0), with G the update before
[2]_. The objective there comes with the gradient that the next update needs anyway: a point that raises it is given up
for the update itself, which cannot. So the objective never rises, and every value is that of the factors as they are.

.. [1] Fevotte, Idier, "Algorithms for nonnegative matrix factorization with the beta-divergence", Neural Computation
   23(9), 2011, doi:10.1162/NECO_a_00168.
.. [2] Hien, Leplat, Gillis, "Block majorization minimization with extrapolation and application to beta-NMF", 2024,
   arXiv:2401.06646.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmfcore.solvers import multiplicative
from nmfcore.solvers.alternating import GROWTH, Alternating

__all__ = ["MultiplicativeDescent"]

_SIDES = ("W", "H")


@dataclass
class _Look:
    """What is known at the current factors: the gradient in the factor that is next, and the objective."""

    num: NDArray
    den: NDArray
    distance: float
    loss: float


class MultiplicativeDescent(Alternating):
    """One extrapolated multiplicative update of W, then one of H. Parameters as for `Alternating`."""

    _look: _Look | None = None

    def step(self) -> float | None:
        """Update W, then H; return the decrease to expect of the next step."""
        kept = self.W, self._Ht
        before, distance = self.loss, self.distance
        if self._look is None:
            self._updates: dict[str, NDArray] = {}
            self._look = self._look_at("W")
        # A trial step may overflow, and is then refused.
        with np.errstate(all="ignore"):
            for side, other in zip(_SIDES, reversed(_SIDES), strict=True):
                self._look = self._update_side(side, other, self._look)
        self.loss, self.distance = self._look.loss, self._look.distance
        if not self.loss < before:
            (self.W, self._Ht), self.loss, self.distance = kept, before, distance
            self._look = None
            return None
        return self._expect(before - self.loss)

    def update_unmeasured(self, n_updates: int) -> float:
        """Update W, then H, so many times, and measure the objective at the end alone; return by how much it fell.

        On the way it may rise. Where it has not fallen in the end, the factors are what they were.
        """
        kept, before, distance = (self.W, self._Ht), self.loss, self.distance
        updates: dict[str, NDArray] = {}
        with np.errstate(all="ignore"):
            for _ in range(n_updates):
                for side, other in zip(_SIDES, reversed(_SIDES), strict=True):
                    rows = self.data.rows if side == "W" else self.data.columns
                    updated = self._factor(side).copy()
                    num, den = self._parts(rows, updated, self._factor(other))
                    multiplicative.update(updated, num, den, self._terms(side), self._beta, self.floor)
                    previous, updates[side] = updates.get(side, updated), updated
                    self._replace(side, updated + np.maximum(updated - previous, 0))
            self._measure()
        if not self.loss < before:
            (self.W, self._Ht), self.loss, self.distance = kept, before, distance
        return before - self.loss

    def _update_side(self, side: str, other: str, here: _Look) -> _Look:
        F = self._factor(side)
        terms = self._terms(side)
        updated = F.copy()
        multiplicative.update(updated, here.num, here.den, terms, self._beta, self.floor)
        previous, self._updates[side] = self._updates.get(side), updated
        # The sums of rows that are prescribed would not survive.
        if previous is not None and terms.total is None:
            self._replace(side, updated + F.dtype.type(self._weight) * np.maximum(updated - previous, 0))
            look = self._look_at(other)
            if look.loss <= here.loss:
                self._weight = min(1.0, GROWTH * self._weight)
                return look
            self._weight *= 0.5
        self._replace(side, updated)
        return self._look_at(other)

    def _factor(self, side: str) -> NDArray:
        return self.W if side == "W" else self._Ht

    def _replace(self, side: str, F: NDArray) -> None:
        if side == "W":
            self.W = F
        else:
            self._Ht = F

    def _look_at(self, side: str) -> _Look:
        """Return the gradient in one factor, and the objective, at the factors as they are."""
        rows = self.data.rows if side == "W" else self.data.columns
        F, Ct = (self.W, self._Ht) if side == "W" else (self._Ht, self.W)
        num, den, distance = self._parts_and_distance(rows, F, Ct)
        return _Look(num, den, distance, distance + self.penalties.value(self.W, self.H))
