"""What the rows of a contest say: one line a matrix, and every case in which a peer wins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.peers import PEERS, REFERENCES, SUBJECT

# Losses closer than this are called equal.
SAME_LOSS = 1e-4

Row = dict[str, Any]


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
        lowest = min(row["loss"] for row in references)
        better = min(
            (row for row in references if row["loss"] <= lowest * (1 + SAME_LOSS)), key=lambda row: row["seconds"]
        )
        summary |= {
            "scikit-learn": better["peer"].removeprefix("scikit-learn-"),
            "scikit-learn s": better["seconds"],
            "capped": better["capped"],
            "speed-up": better["seconds"] / seconds,
            "to its loss": better["seconds"] / better["our s to its loss"] if better["we reach its loss"] else None,
            "our loss / its loss - 1": loss / better["loss"] - 1 if better["loss"] else 0.0,
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


def _split(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    return [row for row in rows if row["peer"] == SUBJECT], [row for row in rows if row["peer"] != SUBJECT]
