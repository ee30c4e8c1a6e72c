"""`transform` of one image with components that are known: what a batch does for every image after the first."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import NMF as ReferenceNMF
from sklearn.exceptions import ConvergenceWarning

from benchmarks.cases.case import Case
from benchmarks.interleave import Contender, interleave
from benchmarks.loss import divergence
from benchmarks.micrographs import load_matrix
from benchmarks.peers import PEERS, Job
from benchmarks.records import CaseResult, Effort
from nmfcore import NMF

TITLE = "Transform the features of one micrograph with known components"
# In a row, as a batch makes them: after another engine's call the first is slower, for its threads and its memory.
CALLS = 5
LAYOUTS = {"feature-major": np.asfortranarray, "sample-major": np.ascontiguousarray}


def run(effort: Effort) -> CaseResult:
    """Give both engines the same components, learnt by nmfcore, and the same image in both layouts."""
    X, description = load_matrix(1, effort.crop)
    rows: list[dict[str, Any]] = []
    for k in effort.components:
        H = PEERS["nmfcore"].fit(Job(X, k)).H
        rows += _measure(X, H, effort.repeats)
    ratios = []
    for k in effort.components:
        mine = [row for row in rows if row["k"] == k and row["engine"] == "nmfcore"]
        theirs = [row for row in rows if row["k"] == k and row["engine"] != "nmfcore"]
        if max(row["loss"] for row in mine) <= min(row["loss"] for row in theirs) * (1 + 1e-6):
            ratios.append(min(row["seconds"] for row in theirs) / max(row["seconds"] for row in mine))
    headline = f"loss not above scikit-learn's at {len(ratios)} of {len(effort.components)} k"
    if ratios:
        headline += f"; there {min(ratios):.3g} to {max(ratios):.3g} times as fast, slower layout against quicker one"
    return CaseResult("transform", TITLE, f"{description}; float32", {"Transform": rows}, (headline,))


def _measure(X: NDArray[np.float32], H: NDArray[np.float32], repeats: int) -> list[dict[str, Any]]:
    models = {
        "nmfcore": NMF(len(H), init="custom", max_iter=1),
        "scikit-learn cd": ReferenceNMF(len(H), init="custom", max_iter=300),
    }
    head = np.ascontiguousarray(X[:1000])
    contenders, layouts = [], {}
    for engine, model in models.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(head, W=np.ones((len(head), len(H)), np.float32), H=H.copy())
        model.components_ = H
        for layout, arrange in LAYOUTS.items():
            name = f"{engine}, {layout}"
            layouts[name] = (engine, layout)
            call = _transform(model, arrange(X))
            contenders.append(Contender(name, lambda turn, call=call: call(), call, CALLS))
    measured = interleave(contenders, repeats, lambda W: divergence(X, W, H))
    return [
        {
            "k": len(H),
            "engine": layouts[name][0],
            "layout": layouts[name][1],
            "seconds": timing.median,
            "spread": timing.spread,
            "loss": losses[-1],
        }
        for name, (timing, losses) in measured.items()
    ]


def _transform(model: Any, X: NDArray[np.float32]) -> Any:
    def call() -> NDArray[np.float32]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.transform(X)

    return call


TRANSFORM = Case(TITLE, run)
