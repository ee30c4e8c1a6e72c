"""Who takes part in a case besides nmfcore."""

from __future__ import annotations

from collections.abc import Collection

from benchmarks.peers import PEERS, SUBJECT
from benchmarks.peers.peer import FROBENIUS
from benchmarks.records import Effort


def field_of(
    effort: Effort, beta_loss: str = FROBENIUS, is_sparse: bool = False, only: Collection[str] | None = None
) -> tuple[list[str], list[str]]:
    """Choose the peers that are here and can do what is asked.

    Parameters
    ----------
    effort : Effort
    beta_loss : {"frobenius", "kullback-leibler", "itakura-saito"}, default="frobenius"
    is_sparse : bool, default=False
        Whether the matrix is.
    only : collection of str or None, default: None
        Peers that the case asks; None: all.

    Returns
    -------
    names : list of str
        Keys of `benchmarks.peers.PEERS`, that of nmfcore left out.
    refused : list of str
        Why others that are here cannot.
    """
    names: list[str] = []
    unable: dict[str, list[str]] = {}
    for name, peer in PEERS.items():
        wanted = all(chosen is None or name in chosen for chosen in (only, effort.peers))
        if name == SUBJECT or not wanted or peer.reason_to_skip() is not None:
            continue
        reason = peer.reason_to_refuse(beta_loss, is_sparse)
        if reason is None:
            names.append(name)
        else:
            unable.setdefault(reason, []).append(peer.title)
    return names, [f"{', '.join(titles)} {reason}" for reason, titles in unable.items()]
