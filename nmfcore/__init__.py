"""Fast constrained non-negative matrix factorization.

Importing the package is quick: a name brings its module with it when it is first used, and Numba with the first fit.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nmfcore._imports import uncollected
from nmfcore._version import __version__

if TYPE_CHECKING:
    from nmfcore.checks import check_penalty, check_solver
    from nmfcore.consensus import Consensus, find_consensus
    from nmfcore.drop_in import non_negative_factorization
    from nmfcore.estimator import NMF
    from nmfcore.factorization import Result, factorize
    from nmfcore.iterate import Progress
    from nmfcore.objectives import objective
    from nmfcore.passes import get_num_threads, set_num_threads
    from nmfcore.penalties import Penalty, Terms
    from nmfcore.rank import RankSelection, select_rank
    from nmfcore.symmetric import factorize_symmetric

__all__ = [
    "Consensus",
    "NMF",
    "Penalty",
    "Progress",
    "RankSelection",
    "Result",
    "Terms",
    "__version__",
    "check_penalty",
    "check_solver",
    "factorize",
    "factorize_symmetric",
    "find_consensus",
    "get_num_threads",
    "non_negative_factorization",
    "objective",
    "select_rank",
    "set_num_threads",
]

_HOMES = {
    "Consensus": "consensus",
    "NMF": "estimator",
    "Penalty": "penalties",
    "Progress": "iterate",
    "RankSelection": "rank",
    "Result": "factorization",
    "Terms": "penalties",
    "check_penalty": "checks",
    "check_solver": "checks",
    "factorize": "factorization",
    "factorize_symmetric": "symmetric",
    "find_consensus": "consensus",
    "get_num_threads": "passes",
    "non_negative_factorization": "drop_in",
    "objective": "objectives",
    "select_rank": "rank",
    "set_num_threads": "passes",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nmfcore' has no attribute {name!r}")
    with uncollected():
        value = getattr(import_module(f"nmfcore.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
