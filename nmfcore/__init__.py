"""Fast constrained non-negative matrix factorization."""

from nmfcore._version import __version__
from nmfcore.estimator import NMF
from nmfcore.factorize import Result, factorize, non_negative_factorization
from nmfcore.objective import objective
from nmfcore.passes import get_num_threads, set_num_threads

__all__ = [
    "NMF",
    "Result",
    "__version__",
    "factorize",
    "get_num_threads",
    "non_negative_factorization",
    "objective",
    "set_num_threads",
]
