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
    return min(strength * scale ** (beta - degree / 2.0), _LARGEST) if strength else 0.0


class Penalty(ABC):
    """A non-negative function of W and H, times a strength, that is added to the objective.

    Derive a frozen dataclass with a field ``strength`` and whatever else the penalty needs, and say how it looks from
    one factor F while the other one, C, is fixed: as the arrays of `Terms`, which touch it at F and nowhere lie below.
    Then every solver lowers it, and no kernel has to know of it. `nmfcore.checks.check_penalty` verifies a new one.

    Attributes
    ----------
    strength : float
        What the function is multiplied by.
    degree : float or None
        The d of ``value(c W, c H) = c**d value(W, H)``: lets data far from 1 be scaled. None: there is no such d.
    is_constant : bool
        Whether what it contributes is the same whatever the factors are, as that of L1 and L2.
    is_per_sample : bool
        Whether, H fixed, it is a sum over the samples. `transform`, which solves each alone, leaves out what is not.

    Examples
    --------
    Half the sum over the components of the energy of their part of WH:

    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from nmfcore import Penalty, factorize
    >>> @dataclass(frozen=True)
    ... class Energy(Penalty):
    ...     strength: float
    ...     degree = 4
    ...     def value(self, W, H):
    ...         return 0.5 * self.strength * float(np.sum(W**2, axis=0) @ np.sum(H**2, axis=1))
    ...     def contribute(self, terms, F, C):
    ...         terms.diagonal = terms.diagonal + self.strength * np.sum(C**2, axis=1, dtype=np.float64)
    >>> result = factorize(np.eye(4), 2, penalties=[Energy(0.5)], random_state=0)
    >>> bool(np.all(np.diff(result.loss_history) <= 0))
    True
    """

    strength: float
    degree: ClassVar[float | None] = None
    is_constant: ClassVar[bool] = False
    is_per_sample: ClassVar[bool] = True

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
    def contribute(self, terms: Terms, F: NDArray[Any], C: NDArray[Any]) -> None:
        """Add the penalty, as a function of one factor, to the terms of that factor.

        Parameters
        ----------
        terms : Terms
            What ``terms.factor`` is penalised with so far; added to.
        F : ndarray of shape (m, k) or (n, k)
            The factor as it is: W where ``terms.factor`` is "W", H' where it is "H".
        C : ndarray of shape (k, n) or (k, m)
            The other one, fixed: H, or W'.
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
