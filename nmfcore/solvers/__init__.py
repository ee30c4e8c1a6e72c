"""How the objective is lowered. A solver is one file, and one line here."""

from __future__ import annotations

from nmfcore.solvers import coordinate_descent, multiplicative

SOLVERS = {"cd": coordinate_descent, "mu": multiplicative}

__all__ = ["SOLVERS"]
