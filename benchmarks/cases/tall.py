"""The main job: pixels of micrographs by six features, whole `fit_transform` calls, initialisation included."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases.case import Case
from benchmarks.fresh import measure_first_fits
from benchmarks.interleave import Contender, interleave
from benchmarks.loss import half_squared_norm, squared_loss
from benchmarks.micrographs import load_matrix
from benchmarks.peers import PEERS, REFERENCE, SUBJECT, Fit, Peer
from benchmarks.records import CaseResult, Curve, Effort, Timing

TITLE = "Factorise the features of micrographs: time to a loss not above scikit-learn's final one"
WARM_UP_ROWS = 20_000
QUICK_CALLS = 3
LIMITS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 300)


def run(effort: Effort) -> CaseResult:
    """Measure every number of images and components, warm, then first calls and one panel of curves."""
    cells: list[dict[str, Any]] = []
    contenders: list[dict[str, Any]] = []
    descriptions = []
    reasons = [reason for peer in PEERS.values() if (reason := peer.reason_to_skip())]
    for count in effort.images:
        X, description = load_matrix(count, effort.crop)
        descriptions.append(description)
        for k in effort.components:
            rows = _measure_cell(X, count, k, effort.repeats)
            contenders += rows
            cells.append(_summarise(rows))
    X, _ = load_matrix(effort.images[0], effort.crop)
    k = effort.components[len(effort.components) // 2]
    tables = {"Cells": cells, "Contenders": contenders, f"First calls, {len(X):,} rows, k = {k}": _first_calls(X, k)}
    return CaseResult(
        name="tall",
        title=TITLE,
        data="; ".join(descriptions) + "; float32, identical values for all",
        tables=tables,
        headlines=tuple(_headlines(cells)),
        curves=tuple(_draw_curves(X, k)),
        skipped=tuple(reasons),
    )


def _layouts(X: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    return {"feature-major": np.asfortranarray(X), "sample-major": np.ascontiguousarray(X)}


def _available() -> dict[str, Peer]:
    return {name: peer for name, peer in PEERS.items() if peer.reason_to_skip() is None}


def _contender(name: str, layout: str, X: NDArray[np.float32], k: int) -> Contender:
    order = "F" if layout == "feature-major" else "C"
    head = np.array(X[:WARM_UP_ROWS], order=order)
    fit = PEERS[name].fit
    calls = QUICK_CALLS if name == SUBJECT else 1
    # The subject may take another path on a small matrix, so it is warmed on this one; the others compile nothing.
    warm_up = partial(fit, X if name == SUBJECT else head, k, None)
    return Contender(f"{name}, {layout}", partial(fit, X, k, None), warm_up, calls)


def _measure_cell(X: NDArray[np.float32], count: int, k: int, repeats: int) -> list[dict[str, Any]]:
    """Time every peer on both layouts once, then the subject on both and each other peer on its better one."""
    layouts = _layouts(X)
    everyone = {
        (name, layout): _contender(name, layout, matrix, k)
        for name in _available()
        for layout, matrix in layouts.items()
    }
    measured = interleave(list(everyone.values()), 1)
    better = {
        name: min(layouts, key=lambda layout: measured[everyone[name, layout].name][0].median) for name in _available()
    }
    if repeats > 1:
        again = [c for (name, layout), c in everyone.items() if name == SUBJECT or layout == better[name]]
        for label, (timing, fit) in interleave(again, repeats - 1).items():
            measured[label] = (measured[label][0] + timing, fit)
    # Chosen again by all calls: a single call that luck slowed must not count against a peer.
    better = {name: min(layouts, key=lambda layout: measured[everyone[name, layout].name][0].median) for name in better}
    norm = half_squared_norm(X)
    return [
        _row(count, len(X), k, name, layout, layout == better[name], *measured[contender.name], X, norm)
        for (name, layout), contender in everyone.items()
    ]


def _row(
    count: int,
    pixels: int,
    k: int,
    name: str,
    layout: str,
    is_better_layout: bool,
    timing: Timing,
    fit: Fit,
    X: NDArray[np.float32],
    norm: float,
) -> dict[str, Any]:
    return {
        "images": count,
        "pixels": pixels,
        "k": k,
        "peer": name,
        "layout": layout,
        "better layout": is_better_layout,
        "seconds": timing.median,
        "spread": timing.spread,
        "calls": len(timing.seconds),
        "iterations": fit.iterations,
        "loss": squared_loss(X, fit.W, fit.H),
        "half norm": norm,
        "own loss": None if fit.loss_history is None else float(fit.loss_history[-1]),
    }


def _summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Set the subject on both layouts against the reference on its better one."""
    reference = next(row for row in rows if row["peer"] == REFERENCE and row["better layout"])
    subject = {row["layout"]: row for row in rows if row["peer"] == SUBJECT}
    feature_major, sample_major = subject["feature-major"], subject["sample-major"]
    worst_loss = max(feature_major["loss"], sample_major["loss"])
    return {
        "images": reference["images"],
        "pixels": reference["pixels"],
        "k": reference["k"],
        "scikit-learn s": reference["seconds"],
        "scikit-learn layout": reference["layout"],
        "nmfcore s": feature_major["seconds"],
        "nmfcore s, sample-major": sample_major["seconds"],
        "speed-up": reference["seconds"] / feature_major["seconds"],
        "speed-up, sample-major": reference["seconds"] / sample_major["seconds"],
        "scikit-learn loss": reference["loss"],
        "nmfcore loss": worst_loss,
        "loss difference %": 100 * (worst_loss / reference["loss"] - 1) if reference["loss"] else 0.0,
        "not above": worst_loss <= reference["loss"],
    }


def _headlines(cells: list[dict[str, Any]]) -> Iterable[str]:
    for count in sorted({cell["images"] for cell in cells}):
        mine = [cell for cell in cells if cell["images"] == count]
        reached = [cell for cell in mine if cell["not above"]]
        ratios = [cell["speed-up"] for cell in reached]
        span = f"{min(ratios):.3g} to {max(ratios):.3g} times as fast there" if ratios else "no cell counts"
        plural = "s" if count > 1 else ""
        yield f"{count} image{plural}, warm: loss not above scikit-learn's at {len(reached)} of {len(mine)} k; {span}"


def _first_calls(X: NDArray[np.float32], k: int) -> list[dict[str, Any]]:
    return [row for name in _available() for row in measure_first_fits(name, X, k)]


def _draw_curves(X: NDArray[np.float32], k: int) -> Iterable[Curve]:
    """Call every peer with rising limits on the iterations: each point is a whole, warm, timed call."""
    norm = half_squared_norm(X)
    panel = f"{len(X):,} x {X.shape[1]}, k = {k}"
    for name, peer in _available().items():
        peer.fit(X, k, 1)
        seconds, objective = [], []
        for limit in LIMITS:
            timed = interleave([Contender(name, partial(peer.fit, X, k, limit), lambda: None)], 1)
            timing, fit = timed[name]
            seconds.append(timing.median)
            objective.append(squared_loss(X, fit.W, fit.H) / norm)
            if fit.iterations < limit:
                break
        yield Curve(peer.title, panel, tuple(seconds), tuple(objective))


TALL = Case(TITLE, run)
