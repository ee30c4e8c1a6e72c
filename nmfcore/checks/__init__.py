"""Verifiers for those who add a penalty or a solver; the engine's own tests run them on every one it has."""

from __future__ import annotations

from nmfcore.checks.penalty import check_penalty
from nmfcore.checks.solver import check_solver

__all__ = ["check_penalty", "check_solver"]
