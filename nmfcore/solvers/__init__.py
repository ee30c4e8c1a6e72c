"""How the objective is lowered, and which combinations each solver can lower without ever raising it."""

from __future__ import annotations

from nmfcore.data import Data

SOLVERS = ("cd", "mu")

__all__ = ["SOLVERS", "check_supported"]


def check_supported(solver: str, beta_loss: float | str, beta: float, data: Data) -> None:
    """Raise a ValueError that names both parties of a combination that no update is known for."""
    if solver == "cd" and (beta not in (0.0, 1.0, 2.0) or (beta == 0.0 and data.is_sparse and not data.is_masked)):
        raise ValueError(f"Invalid beta_loss parameter: solver 'cd' does not handle beta_loss = {beta_loss!r}")
