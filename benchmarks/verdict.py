"""What the rows of a contest say: one line for each matrix, and every case in which a peer wins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.peers import PEERS, REFERENCES, SUBJECT

# Losses closer than this are called equal.
SAME_LOSS = 1e-4

Row = dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """The subject beside the best of its peers on one matrix.

    Attributes
    ----------
    matrix, loss_function : str
    k : int
    seconds : float
        Of the subject's slowest setting.
    spread : float
        The larger one of the subject and the best peer.
    best : str or None
        Title of the peer that ends at the lowest loss, the quickest of those within 1e-4 of it; None: nobody took part.
    best_seconds : float
    is_cut_short : bool
        Whether the call of the best peer was stopped before its own rule stopped it.
    excess : float
        Final loss of the subject over that of the best peer, minus one.
    faster : tuple of (str, float, float)
        Peers whose call ends before the subject's: title, seconds, and the peer's loss over the subject's, minus one.
    """

    matrix: str
    loss_function: str
    k: int
    seconds: float
    spread: float
    best: str | None = None
    best_seconds: float = 0.0
    is_cut_short: bool = False
    excess: float = 0.0
    faster: tuple[tuple[str, float, float], ...] = ()

    @property
    def ratio(self) -> float:
        """Time of the best peer over that of the subject."""
        return self.best_seconds / self.seconds


def compare_with_best(rows: Sequence[Row]) -> Comparison:
    """Set the subject's slowest setting and worst loss beside the peer that fits best.

    Parameters
    ----------
    rows : sequence of dict
        Of one matrix, as made by `contest`.

    Returns
    -------
    Comparison
    """
    mine, others = _split(rows)
    first = mine[0]
    seconds, loss = max(row["seconds"] for row in mine), max(row["loss"] for row in mine)
    spread = max(row["spread"] for row in mine)
    if not others:
        return Comparison(first["matrix"], first["loss function"], first["k"], seconds, spread)
    best = _best(others)
    faster = sorted((row for row in others if row["seconds"] < seconds), key=lambda row: row["seconds"])
    return Comparison(
        first["matrix"],
        first["loss function"],
        first["k"],
        seconds,
        max(spread, best["spread"]),
        best=PEERS[best["peer"]].title,
        best_seconds=best["seconds"],
        is_cut_short=best["capped"],
        excess=_excess(loss, best["loss"]),
        faster=tuple((PEERS[row["peer"]].title, row["seconds"], _excess(row["loss"], loss)) for row in faster),
    )


def matrices(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield the rows of each matrix, number of components and loss function."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["matrix"], row["k"], row["loss function"]), []).append(row)
    yield from groups.values()


def summarise(rows: Sequence[Row]) -> Row:
    """Sum up the rows of one matrix: the subject's slowest setting and worst loss against every peer.

    Parameters
    ----------
    rows : sequence of dict
        As made by `contest`.

    Returns
    -------
    dict
        "speed-up" compares whole calls, each with its own stopping rule, with the better of scikit-learn's solvers:
        that of lower loss, or the quicker of two within a factor of 1 + 1e-4. "to its loss" sets against the same call
        the subject with the fewest iterations after which its loss is not above. "to equal loss" compares with the peer
        that reached the subject's loss soonest; where none did, with the longest call that did not.
    """
    mine, others = _split(rows)
    seconds, loss = max(row["seconds"] for row in mine), max(row["loss"] for row in mine)
    references = [row for row in others if row["peer"] in REFERENCES]
    reached = [row for row in others if row["reaches our loss"]]
    summary: Row = {
        "matrix": mine[0]["matrix"],
        "k": mine[0]["k"],
        "loss function": mine[0]["loss function"],
        "nmfcore s": seconds,
        "spread": max(row["spread"] for row in mine),
        "relative loss": max(row["relative loss"] for row in mine),
    }
    if references:
        better = _best(references)
        summary |= {
            "scikit-learn": better["peer"].removeprefix("scikit-learn-"),
            "scikit-learn s": better["seconds"],
            "capped": better["capped"],
            "speed-up": better["seconds"] / seconds,
            "to its loss": better["seconds"] / better["our s to its loss"] if better["we reach its loss"] else None,
            "our loss / its loss - 1": _excess(loss, better["loss"]),
            "not above": loss <= better["loss"],
        }
    else:
        keys = (
            "scikit-learn",
            "scikit-learn s",
            "capped",
            "speed-up",
            "to its loss",
            "our loss / its loss - 1",
            "not above",
        )
        summary |= dict.fromkeys(keys)
    if reached or others:
        pick = min if reached else max
        soonest = pick(reached or others, key=lambda row: row["s to our loss"])
        summary |= {
            "soonest at our loss": soonest["peer"] if reached else "none",
            "after s": soonest["s to our loss"],
            "to equal loss": ("" if reached else "> ") + f"{soonest['s to our loss'] / seconds:.3g}",
        }
    else:
        summary |= {"soonest at our loss": "nobody else took part", "after s": None, "to equal loss": ""}
    return summary


def wins(rows: Sequence[Row]) -> Iterator[str]:
    """Say of one matrix where a peer wins: is sooner at the subject's loss, or ends at a lower loss sooner.

    A lower loss is one by more than 1e-4 of it, and a win where the subject, called with ever more iterations, does not
    come down to it in less time than the peer took.
    """
    mine, others = _split(rows)
    seconds, loss = max(row["seconds"] for row in mine), max(row["loss"] for row in mine)
    where = f"{mine[0]['matrix']}, k = {mine[0]['k']}, {mine[0]['loss function']}"
    for row in others:
        title = PEERS[row["peer"]].title
        if row["reaches our loss"] and row["s to our loss"] < seconds:
            yield (
                f"{where}: {title} comes to nmfcore's loss in {row['s to our loss']:.3g} s, nmfcore in {seconds:.3g} s"
            )
        if row["loss"] < loss * (1 - SAME_LOSS) and not (
            row["we reach its loss"] and row["our s to its loss"] < row["seconds"]
        ):
            later = (
                f"nmfcore needs {row['our s to its loss']:.3g} s for that"
                if row["we reach its loss"]
                else f"nmfcore does not come down to that in {row['our s to its loss']:.3g} s"
            )
            yield (
                f"{where}: {title} ends at a loss {100 * (1 - row['loss'] / loss):.2g} % lower after "
                f"{row['seconds']:.3g} s; {later}"
            )


def _best(rows: Sequence[Row]) -> Row:
    """Choose the row of lowest loss, the quickest of those within a factor of 1 + 1e-4."""
    lowest = min(row["loss"] for row in rows)
    return min((row for row in rows if row["loss"] <= lowest * (1 + SAME_LOSS)), key=lambda row: row["seconds"])


def _excess(loss: float, other: float) -> float:
    return loss / other - 1 if other else 0.0


def _split(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    return [row for row in rows if row["peer"] == SUBJECT], [row for row in rows if row["peer"] != SUBJECT]
