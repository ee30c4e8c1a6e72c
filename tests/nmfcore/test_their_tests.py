"""scikit-learn's own tests of NMF, as installed, run on nmfcore's `NMF` and `non_negative_factorization`."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any
from unittest import mock

import pytest
import sklearn.decomposition

import nmfcore

SUBSTITUTES = {"NMF": nmfcore.NMF, "non_negative_factorization": nmfcore.non_negative_factorization}

# scikit-learn runs them without turning warnings into errors; those that a test expects are looked for all the same.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The multiplicative update"),
    pytest.mark.filterwarnings("ignore:Only one factor is penalised"),
]


@dataclass(frozen=True)
class Difference:
    """A test of theirs that fails, and why it should; one that passes has no place here."""

    test: str
    reason: str


DIFFERENCES = (
    Difference(
        "test_parameter_checking",
        "expects solver='cd' to refuse the Kullback-Leibler loss, which it handles here; what it says of negative "
        "values and of the inits is tested in test_against_scikit_learn.py",
    ),
    Difference(
        "test_nmf_n_components_auto",
        "reads scikit-learn's private attribute _n_components; n_components_ holds the same number",
    ),
    Difference(
        "test_nmf_multiplicative_update_sparse",
        "expects that after 20 iterations W is the same for beta and beta - 1e-5; here W is solved exactly at the end "
        "for beta = 1 and 2, and at beta = 1 the update with an L2 penalty is another one, the tightest that never "
        "lets the objective rise: minima are continuous in beta, iterates on the way are not",
    ),
    Difference(
        "test_nmf_minibatchnmf_equivalence",
        "compares W with that of scikit-learn's MiniBatchNMF, entries of 1e-16 to 7 digits: here W is solved exactly "
        "at the end for beta = 1 and 2, and for other losses than 2 entries are held above a floor relative to X",
    ),
)


def _load() -> ModuleType:
    spec = importlib.util.find_spec("sklearn.decomposition.tests.test_nmf")
    if spec is None or spec.loader is None:
        pytest.skip("this scikit-learn was installed without its tests", allow_module_level=True)
    module = importlib.util.module_from_spec(spec)
    # Their decorators name the estimators, so these have to be in place before the module runs.
    with mock.patch.multiple(sklearn.decomposition, **SUBSTITUTES):
        spec.loader.exec_module(module)
    return module


def _without_mini_batches(test: FunctionType) -> FunctionType:
    """Take the parameters that stand for scikit-learn's MiniBatchNMF, which is not replaced, from a test's marks."""

    def keep(values: Any) -> bool:
        listed = values if isinstance(values, list | tuple) else [values]
        return sklearn.decomposition.MiniBatchNMF not in listed

    marks = []
    for mark in getattr(test, "pytestmark", []):
        if mark.name == "parametrize":
            names, values = mark.args
            mark = pytest.mark.parametrize(names, [one for one in values if keep(one)], **mark.kwargs).mark
        marks.append(mark)
    test.pytestmark = marks
    return test


def _global_names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _global_names(constant)


def _concerns_us(test: FunctionType) -> bool:
    """Whether a test calls what was replaced, by name or as a parameter; the others test scikit-learn's own code."""
    parameters = [mark.args[1] for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    return not SUBSTITUTES.keys().isdisjoint(_global_names(test.__code__)) or any(
        nmfcore.NMF in (one if isinstance(one, list | tuple) else [one]) for values in parameters for one in values
    )


THEIRS = {
    name: _without_mini_batches(test)
    for name, test in vars(_load()).items()
    if name.startswith("test_") and _concerns_us(test)
}
globals().update(THEIRS)


@pytest.fixture(autouse=True)
def expect_differences(request):
    for difference in DIFFERENCES:
        if difference.test == request.node.originalname:
            request.applymarker(pytest.mark.xfail(strict=True, reason=difference.reason))


def test_what_is_replaced_is_ours_and_only_in_their_tests():
    assert len(THEIRS) >= 25
    names = {"test_nmf_decreasing", "test_nmf_dtype_match", "test_non_negative_factorization_consistency"}
    assert names <= THEIRS.keys()
    for test in THEIRS.values():
        assert test.__globals__["NMF"] is nmfcore.NMF
        assert test.__globals__["non_negative_factorization"] is nmfcore.non_negative_factorization
    assert sklearn.decomposition.NMF is not nmfcore.NMF


def test_every_difference_is_of_a_test_that_is_run():
    assert {difference.test for difference in DIFFERENCES} <= THEIRS.keys()
