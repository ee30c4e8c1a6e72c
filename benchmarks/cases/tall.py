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
from benchmarks.peers import PEERS, REFERENCE, SUBJECT, Peer, Setting
from benchmarks.records import CaseResult, Curve, Effort

TITLE = "Factorise the features of micrographs: time to a loss not above scikit-learn's final one"
WARM_UP_ROWS = 20_000
QUICK_CALLS = 3
PILOT_ITERATIONS = 10
PILOT_ROUNDS = 2
CURVE_ROUNDS = 3
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


def _available() -> dict[str, Peer]:
    return {name: peer for name, peer in PEERS.items() if peer.reason_to_skip() is None}


def _contender(name: str, setting: Setting, X: NDArray[np.float32], k: int, max_iter: int | None) -> Contender:
    matrix = setting.arrange(X)
    call = partial(PEERS[name].fit_as, setting, matrix, k, max_iter)
    # The subject may take another path on a small matrix, so it is warmed on this one; the others compile nothing.
    head = setting.arrange(X[:WARM_UP_ROWS])
    warm_up = call if name == SUBJECT else partial(PEERS[name].fit_as, setting, head, k, max_iter)
    return Contender(f"{name}, {setting}", call, warm_up, QUICK_CALLS if name == SUBJECT else 1)


def _quickest(name: str, X: NDArray[np.float32], k: int) -> Setting:
    """Choose the setting in which a peer does its first iterations quickest."""
    settings = PEERS[name].settings
    pilots = [_contender(name, setting, X, k, PILOT_ITERATIONS) for setting in settings]
    times = interleave(pilots, PILOT_ROUNDS)
    return min(settings, key=lambda setting: min(times[f"{name}, {setting}"][0].seconds))


def _measure_cell(X: NDArray[np.float32], count: int, k: int, repeats: int) -> list[dict[str, Any]]:
    """Time the subject in all its settings, each other peer in its first and its quickest."""
    entries: dict[str, tuple[str, Setting]] = {}
    contenders = []
    for name, peer in _available().items():
        chosen = peer.settings if name == SUBJECT else (peer.settings[0], _quickest(name, X, k))
        for setting in dict.fromkeys(chosen):
            contenders.append(_contender(name, setting, X, k, None))
            entries[contenders[-1].name] = (name, setting)
    measured = interleave(contenders, repeats)
    norm = half_squared_norm(X)
    rows = []
    for label, (name, setting) in entries.items():
        timing, fit = measured[label]
        rows.append(
            {
                "images": count,
                "pixels": len(X),
                "k": k,
                "peer": name,
                "setting": str(setting),
                "is first": setting == PEERS[name].settings[0],
                "seconds": timing.median,
                "spread": timing.spread,
                "calls": len(timing.seconds),
                "iterations": fit.iterations,
                "loss": squared_loss(X, fit.W, fit.H),
                "half norm": norm,
                "own loss": None if fit.loss_history is None else float(fit.loss_history[-1]),
            }
        )
    return rows


def _summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Set the slower setting and the worse loss of the subject against the reference at its quickest."""
    references = [row for row in rows if row["peer"] == REFERENCE]
    subjects = [row for row in rows if row["peer"] == SUBJECT]
    as_shipped = next(row for row in references if row["is first"])
    quickest = min(references, key=lambda row: row["seconds"])
    slower = max(subjects, key=lambda row: row["seconds"])
    worst_loss = max(row["loss"] for row in subjects)
    return {
        "images": quickest["images"],
        "pixels": quickest["pixels"],
        "k": quickest["k"],
        "scikit-learn s": as_shipped["seconds"],
        "scikit-learn s, quickest": quickest["seconds"],
        "quickest setting": quickest["setting"],
        "nmfcore s": slower["seconds"],
        "speed-up": as_shipped["seconds"] / slower["seconds"],
        "speed-up over quickest": quickest["seconds"] / slower["seconds"],
        "scikit-learn loss": quickest["loss"],
        "nmfcore loss": worst_loss,
        "loss difference %": 100 * (worst_loss / quickest["loss"] - 1) if quickest["loss"] else 0.0,
        "not above": worst_loss <= min(row["loss"] for row in references),
    }


def _headlines(cells: list[dict[str, Any]]) -> Iterable[str]:
    for count in sorted({cell["images"] for cell in cells}):
        mine = [cell for cell in cells if cell["images"] == count]
        reached = [cell for cell in mine if cell["not above"]]
        plural = "s" if count > 1 else ""
        text = f"{count} image{plural}, warm: loss not above scikit-learn's at {len(reached)} of {len(mine)} k"
        if reached:
            usual = [cell["speed-up"] for cell in reached]
            best = [cell["speed-up over quickest"] for cell in reached]
            text += f"; there {min(usual):.3g} to {max(usual):.3g} times as fast as scikit-learn as called by default"
            text += f", {min(best):.3g} to {max(best):.3g} times as fast as scikit-learn in its quickest setting"
        yield text


def _first_calls(X: NDArray[np.float32], k: int) -> list[dict[str, Any]]:
    return [row for name in _available() for row in measure_first_fits(name, X, k)]


def _draw_curves(X: NDArray[np.float32], k: int) -> Iterable[Curve]:
    """Call every peer with rising limits on the iterations: each point is a whole, warm, timed call."""
    norm = half_squared_norm(X)
    panel = f"{len(X):,} x {X.shape[1]}, k = {k}"
    for name, peer in _available().items():
        setting = _quickest(name, X, k)
        seconds, objective = [], []
        for limit in LIMITS:
            contender = _contender(name, setting, X, k, limit)
            timing, fit = interleave([contender], CURVE_ROUNDS)[contender.name]
            seconds.append(timing.median)
            objective.append(squared_loss(X, fit.W, fit.H) / norm)
            if fit.iterations < limit:
                break
        yield Curve(f"{peer.title} ({setting})", panel, tuple(seconds), tuple(objective))


TALL = Case(TITLE, run)
