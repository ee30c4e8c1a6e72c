"""How a case becomes a contest: its matrices go to every peer, and the rows into tables and headlines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod

from benchmarks.cases.case import Case
from benchmarks.contest import Outcome, Problem, contest
from benchmarks.records import CaseResult, Effort
from benchmarks.verdict import Row, matrices, summarise, wins

MATRICES, CONTENDERS = "Matrices", "Contenders"


def contested(
    name: str, title: str, data: str, make: Callable[[Effort], Sequence[Problem]], missing: Callable[[], str | None]
) -> Case:
    """Make a case of matrices that are factorised by every peer.

    Parameters
    ----------
    name, title : str
    data : str
        In words, what the matrices are.
    make : callable
        ``make(effort)`` gives the problems.
    missing : callable
        Says why the matrices cannot be had here; None where they can.

    Returns
    -------
    Case
    """

    def run(effort: Effort) -> CaseResult:
        reason = missing()
        if reason is not None:
            return CaseResult(name, title, data, {}, skipped=(reason,))
        return collect_outcomes(name, title, data, [contest(problem, effort) for problem in make(effort)])

    return Case(title, run)


def collect_outcomes(name: str, title: str, data: str, outcomes: Sequence[Outcome]) -> CaseResult:
    """Put the outcomes of contests into the result of one case.

    Parameters
    ----------
    name, title, data : str
    outcomes : sequence of Outcome

    Returns
    -------
    CaseResult
        With tables "Matrices" and "Contenders".
    """
    rows = [row for outcome in outcomes for row in outcome.rows]
    return CaseResult(
        name,
        title,
        data,
        {MATRICES: [summarise(group) for group in matrices(rows)], CONTENDERS: rows},
        tuple(headlines(rows)),
        tuple(curve for outcome in outcomes for curve in outcome.curves),
        tuple(reason for outcome in outcomes for reason in outcome.skipped),
    )


def headlines(rows: Sequence[Row]) -> Iterator[str]:
    """Say how the subject fares against scikit-learn where its loss is not above, and where a peer wins."""
    cells = [summarise(group) for group in matrices(rows)]
    compared = [cell for cell in cells if cell["speed-up"] is not None]
    fair = [cell for cell in compared if cell["not above"]]
    if compared:
        text = f"loss not above that of the better of scikit-learn's solvers on {len(fair)} of {len(compared)}"
        ratios = [cell["speed-up"] for cell in fair if not cell["capped"]]
        if ratios:
            mean = prod(ratios) ** (1 / len(ratios))
            text += f"; {min(ratios):.3g} to {max(ratios):.3g} times as fast, geometric mean {mean:.3g}"
        bounds = [cell["speed-up"] for cell in fair if cell["capped"]]
        if bounds:
            least = f"at least {min(bounds):.3g} times as fast" if min(bounds) > 1 else "too soon for a ratio"
            text += f"; scikit-learn cut short on {len(bounds)}: {least}"
        yield text
        soon = [cell["to its loss"] for cell in compared if cell["to its loss"]]
        if soon:
            yield (
                f"at scikit-learn's own loss, reached on {len(soon)} of {len(compared)}: {min(soon):.3g} to "
                f"{max(soon):.3g} times as fast, geometric mean {prod(soon) ** (1 / len(soon)):.3g}"
            )
    lost = [text for group in matrices(rows) for text in wins(group)]
    yield from lost or ["no peer is sooner at nmfcore's loss, and none ends lower sooner"]
