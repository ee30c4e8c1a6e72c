"""What a penalty is to the rest of the engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, ClassVar

from numpy.typing import NDArray

from nmfcore.penalties.terms import Terms

__all__ = ["Penalty"]

_LARGEST = 1e30


def scaled_strength(strength: float, scale: float, beta: float, degree: float) -> float:
    """Return the strength of a penalty of this degree for scale * X, whose objective is scale**beta times."""
    # Beyond the limit float32 would overflow, and a penalty as large as that leaves nothing but zeros anyway.
    return min(strength * scale ** (beta - degree / 2.0), _LARGEST)


class Penalty(ABC):
    """A non-negative function of W and H, times a strength, that is added to the objective.

    Derive a frozen dataclass with a field ``strength`` and whatever else the penalty needs. For fixed H it must be a
    function of W that the arrays of `Terms` can spell, up to a constant, and for fixed W one of H: then every solver
    lowers it exactly, and no kernel has to know of it. `nmfcore.checks.check_penalty` verifies a new one.

    Attributes
    ----------
    strength : float
        What the function is multiplied by.
    degree : float or None
        The d of ``value(c W, c H) = c**d value(W, H)``: lets data far from 1 be scaled. None: there is no such d.

    Examples
    --------
    Half the sum over the components of the energy of their share of WH:

    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from nmfcore import Penalty, factorize
    >>> def squares(F, axis):
    ...     return np.sum(np.square(F, dtype=np.float64), axis=axis)
    >>> @dataclass(frozen=True)
    ... class Energy(Penalty):
    ...     strength: float
    ...     degree = 4
    ...     def value(self, W, H):
    ...         return 0.5 * self.strength * float(squares(W, 0) @ squares(H, 1))
    ...     def contribute_W(self, terms, H):
    ...         terms.l2 += self.strength * squares(H, 1)
    ...     def contribute_H(self, terms, W):
    ...         terms.l2 += self.strength * squares(W, 0)
    >>> result = factorize(np.eye(4), 2, penalties=[Energy(0.5)], random_state=0)
    >>> bool(np.all(np.diff(result.loss_history) <= 0))
    True
    """

    strength: float
    degree: ClassVar[float | None] = None

    @abstractmethod
    def value(self, W: NDArray[Any], H: NDArray[Any]) -> float:
        """Return the penalty, strength included, in float64.

        Parameters
        ----------
        W : ndarray of shape (m, k)
            Weights.
        H : ndarray of shape (k, n)
            Components.

        Returns
        -------
        float
            At least 0.
        """

    @abstractmethod
    def contribute_W(self, terms: Terms, H: NDArray[Any]) -> None:
        """Add the penalty, as a function of W, to the terms of W.

        Parameters
        ----------
        terms : Terms
            What W is penalised with so far; added to in place.
        H : ndarray of shape (k, n)
            The components, fixed.
        """

    @abstractmethod
    def contribute_H(self, terms: Terms, W: NDArray[Any]) -> None:
        """Add the penalty, as a function of H, to the terms of H.

        Parameters
        ----------
        terms : Terms
            What H' is penalised with so far; added to in place.
        W : ndarray of shape (m, k)
            The weights, fixed.
        """

    def scaled(self, scale: float, beta: float) -> Penalty:
        """Return the penalty for scale * X, both factors times sqrt(scale), where the objective is scale**beta times.

        Parameters
        ----------
        scale : float
            What X was multiplied by.
        beta : float
            The loss, homogeneous of that degree.

        Returns
        -------
        Penalty
            One of another strength.

        Raises
        ------
        ValueError
            If the penalty has no degree.
        """
        if self.degree is None:
            raise ValueError(f"{type(self).__name__} has no degree: its strength cannot follow a scaling of X.")
        strength: dict[str, Any] = {"strength": scaled_strength(self.strength, scale, beta, self.degree)}
        return replace(self, **strength)  # pyright: ignore[reportArgumentType]
