"""How the objective is lowered, and which combinations each solver can lower without ever raising it."""

from __future__ import annotations

from nmfcore.data import Data
from nmfcore.penalties import Penalties

SOLVERS = ("cd", "mu")

__all__ = ["SOLVERS", "check_supported"]


def check_supported(solver: str, beta_loss: float | str, beta: float, penalties: Penalties, data: Data) -> None:
    """Raise a ValueError that names both parties of a combination that no update is known for."""
    if solver == "cd" and (beta not in (0.0, 1.0, 2.0) or (beta == 0.0 and data.is_sparse)):
        raise ValueError(f"Invalid beta_loss parameter: solver 'cd' does not handle beta_loss = {beta_loss!r}")
    if penalties.orthogonality_H and (solver != "cd" or beta != 2.0 or not data.is_plain):
        raise ValueError(
            "orthogonality_H needs solver='cd', beta_loss='frobenius' and no mask or sample_weight, got "
            f"solver={solver!r}, beta_loss={beta_loss!r}{'' if data.is_plain else ' and weights'}."
        )
    if penalties.smoothness_W and beta not in (1.0, 2.0):
        raise ValueError(
            "smoothness_W is only known for beta_loss='frobenius' and 'kullback-leibler', "
            f"got beta_loss = {beta_loss!r}."
        )
    penalised = penalties.l1_W or penalties.l2_W or penalties.smoothness_W or penalties.others
    if data.is_sparse and data.is_weighted and (beta != 2.0 or penalised):
        raise ValueError(
            "sample_weight with sparse X is only handled for beta_loss='frobenius' without a penalty on W, got "
            f"beta_loss={beta_loss!r}{' and a penalty on W' if penalised else ''}."
        )
