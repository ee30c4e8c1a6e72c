"""How the objective is lowered, and which combinations each solver can lower without ever raising it."""

from __future__ import annotations

from nmfcore.penalties import Penalties

SOLVERS = ("cd", "mu")

__all__ = ["SOLVERS", "check_supported"]


def check_supported(
    solver: str, beta_loss: float | str, beta: float, penalties: Penalties, *, is_sparse: bool, is_weighted: bool
) -> None:
    """Raise a ValueError that names both parties of a combination that no update is known for."""
    if solver == "cd" and beta not in (1.0, 2.0):
        raise ValueError(f"Invalid beta_loss parameter: solver 'cd' does not handle beta_loss = {beta_loss!r}")
    if penalties.orthogonality_H and (solver != "cd" or beta != 2.0 or is_weighted):
        raise ValueError(
            "orthogonality_H needs solver='cd', beta_loss='frobenius' and no mask or sample_weight, got "
            f"solver={solver!r}, beta_loss={beta_loss!r}{' and weights' if is_weighted else ''}."
        )
    if penalties.smoothness_W and beta not in (1.0, 2.0):
        raise ValueError(
            "smoothness_W is only known for beta_loss='frobenius' and 'kullback-leibler', "
            f"got beta_loss = {beta_loss!r}."
        )
    if is_sparse and is_weighted:
        raise ValueError("Sparse X is only handled without a mask and without sample_weight.")
