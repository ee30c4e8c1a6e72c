"""`transform` of image after image with components that are known: what a batch does once it has learnt them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import NMF as ReferenceNMF
from sklearn.exceptions import ConvergenceWarning

from benchmarks.bandwidth import read_and_write
from benchmarks.cases.case import Case
from benchmarks.interleave import Contender, interleave
from benchmarks.loss import divergence
from benchmarks.micrographs import load_matrix
from benchmarks.peers import PEERS, Job
from benchmarks.records import CaseResult, Effort
from nmfcore import NMF

TITLE = "Transform the features of ten micrographs with known components, one after the other"
N_IMAGES = 10
# The time of nothing but reading X and writing a new W.
MEMORY = "memory alone"
LAYOUTS = {"feature-major": np.asfortranarray, "sample-major": np.ascontiguousarray}


def run(effort: Effort) -> CaseResult:
    """Give both engines the same components, learnt by nmfcore, and the same images in both layouts."""
    X, description = load_matrix(N_IMAGES, effort.crop)
    rows: list[dict[str, Any]] = []
    for k in effort.components:
        H = PEERS["nmfcore"].fit(Job(X, k)).H
        rows += _measure(X, H, effort)
    ratios = []
    for k in effort.components:
        mine = [row for row in rows if row["k"] == k and row["engine"] == "nmfcore"]
        theirs = [row for row in rows if row["k"] == k and row["engine"] == "scikit-learn cd"]
        if max(row["loss"] for row in mine) <= min(row["loss"] for row in theirs) * (1 + 1e-6):
            ratios.append(min(row["s per image"] for row in theirs) / max(row["s per image"] for row in mine))
    headline = f"loss not above scikit-learn's at {len(ratios)} of {len(effort.components)} k"
    if ratios:
        headline += f"; there {min(ratios):.3g} to {max(ratios):.3g} times as fast, slower layout against quicker one"
    slowest = [_seconds(rows, "nmfcore", k) / _seconds(rows, MEMORY, k) for k in effort.components]
    beside = f"{min(slowest):.3g} to {max(slowest):.3g} times as long as reading X and writing a new W once"
    return CaseResult("transform", TITLE, f"{description}; float32", {"Transform": rows}, (headline, beside))


def _seconds(rows: list[dict[str, Any]], engine: str, k: int) -> float:
    return max(row["s per image"] for row in rows if row["k"] == k and row["engine"] == engine)


def _measure(X: NDArray[np.float32], H: NDArray[np.float32], effort: Effort) -> list[dict[str, Any]]:
    models = {
        "nmfcore": NMF(len(H), init="custom", max_iter=1),
        "scikit-learn cd": ReferenceNMF(len(H), init="custom", max_iter=300),
    }
    head = np.ascontiguousarray(X[:1000])
    images = np.split(X, N_IMAGES)
    contenders, layouts = [], {}
    for engine, model in models.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(head, W=np.ones((len(head), len(H)), np.float32), H=H.copy())
        model.components_ = H
        for layout, arrange in LAYOUTS.items():
            name = f"{engine}, {layout}"
            layouts[name] = (engine, layout)
            call = _transform(model, [arrange(image) for image in images])
            contenders.append(Contender(name, lambda turn, call=call: call(), call))
    layouts[MEMORY] = (MEMORY, "feature-major")
    contenders.append(Contender(MEMORY, lambda turn: [_touch(X, len(H))]))
    measured = interleave(contenders, effort.repeats, lambda Ws: divergence(X, np.concatenate(Ws), H), rest=effort.rest)
    return [
        {
            "k": len(H),
            "engine": layouts[name][0],
            "layout": layouts[name][1],
            "s per image": timing.median / N_IMAGES,
            "spread": timing.spread,
            "loss": losses[-1],
        }
        for name, (timing, losses) in measured.items()
    ]


def _touch(X: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    W = np.empty((len(X), k), dtype=X.dtype)
    read_and_write(X, W, passes=1)
    return W


def _transform(model: Any, images: list[NDArray[np.float32]]) -> Any:
    def call() -> list[NDArray[np.float32]]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return [model.transform(image) for image in images]

    return call


TRANSFORM = Case(TITLE, run)
