"""The whole job of `segment`: read files, train on several, segment one."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from unittest import mock

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import NMF as ReferenceNMF
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from benchmarks.cases.case import Case
from benchmarks.interleave import Contender, interleave
from benchmarks.micrographs import load_images
from benchmarks.records import CaseResult, Effort
from segment import Segmenter
from segment.evaluate import count_overlap
from segment.io import read_micrograph

TITLE = "Read micrographs, learn three phases from them, segment one: with nmfcore and with scikit-learn inside"
# Six features of single pixels, published with scikit-learn's NMF.
PRESET = "pixel"
N_PHASES, N_IMAGES = 3, 3
STAGES = ("read", "train", "segment one")
Engine = Callable[[], AbstractContextManager[None]]


class _ReferenceEngine(ReferenceNMF):
    """scikit-learn's NMF with the two attributes that `segment` keeps besides."""

    def fit_transform(self, X: NDArray, y: None = None, W: NDArray | None = None, H: NDArray | None = None) -> NDArray:
        fitted = super().fit_transform(X, y, W, H)
        self.loss_history_ = np.array([0.5 * self.reconstruction_err_**2])
        self.converged_ = self.n_iter_ < self.max_iter
        return fitted


def run(effort: Effort) -> CaseResult:
    """Time the stages of the same pipeline around two engines."""
    return time_stages("pipeline", TITLE, PRESET, effort)


def time_stages(name: str, title: str, preset: str, effort: Effort) -> CaseResult:
    """Time the stages of the pipeline of a preset around every engine in `ENGINES`.

    Parameters
    ----------
    name, title : str
        Of the case.
    preset : str
        A name in `segment.model.presets`.
    effort : Effort

    Returns
    -------
    CaseResult
        One table, ``"Stages"``, a row an engine, ours first.
    """
    images, description = load_images(N_IMAGES, effort.crop)
    with tempfile.TemporaryDirectory() as folder:
        paths = [_save(image, Path(folder) / f"{number:02d}.png") for number, image in enumerate(images)]
        stages: dict[str, list[dict[str, float]]] = {engine: [] for engine in ENGINES}
        contenders = [
            Contender(
                engine,
                _ignoring_turn(_inside(enter, partial(_record, stages[engine], paths, preset))),
                _inside(enter, partial(_segment, paths[:1], preset)),
            )
            for engine, enter in ENGINES.items()
        ]
        measured = interleave(contenders, effort.repeats, rest=effort.rest)
    rows = []
    for engine, (timing, _) in measured.items():
        per_stage = {f"{stage} s": median(one[stage] for one in stages[engine]) for stage in STAGES}
        rows.append({"engine": engine, **per_stage, "total s": timing.median, "spread": timing.spread})
    ours, *theirs = rows
    usual, best = theirs[0]["total s"], min(row["total s"] for row in theirs)
    overlap = count_overlap(measured["nmfcore"][1][-1], measured["scikit-learn"][1][-1], N_PHASES, N_PHASES)
    agreement = overlap[linear_sum_assignment(overlap, maximize=True)].sum() / overlap.sum()
    headlines = (
        f"the whole pipeline is {usual / ours['total s']:.3g} times as fast with nmfcore inside as with scikit-learn",
        f"and {best / ours['total s']:.3g} times as fast as with scikit-learn in its quickest setting",
        f"{100 * agreement:.1f} % of the segmented pixels get the same phase from both, whatever its number",
    )
    return CaseResult(name, title, f"{description}, as PNG files", {"Stages": rows}, headlines)


def _segment(paths: list[Path], preset: str) -> tuple[NDArray[np.uint8], dict[str, float]]:
    start = perf_counter()
    micrographs = [read_micrograph(path, band="none") for path in paths]
    read = perf_counter()
    segmenter = Segmenter(N_PHASES, preset=preset).fit(micrographs)
    trained = perf_counter()
    labels = segmenter.predict(micrographs[0]).labels
    end = perf_counter()
    return labels, {"read": read - start, "train": trained - read, "segment one": end - trained}


def _record(stages: list[dict[str, float]], paths: list[Path], preset: str) -> NDArray[np.uint8]:
    labels, seconds = _segment(paths, preset)
    stages.append(seconds)
    return labels


def _inside(engine: Engine, call: Callable[[], Any]) -> Callable[[], Any]:
    def inside() -> Any:
        with engine():
            return call()

    return inside


def _ignoring_turn(call: Callable[[], Any]) -> Callable[[int], Any]:
    return lambda turn: call()


@contextmanager
def _reference(pool_threads: int | None = None) -> Iterator[None]:
    """Let `segment` fit with scikit-learn: its `cd` solver with the very parameters `segment` asks for."""
    with (
        mock.patch("nmfcore.NMF", _ReferenceEngine),
        threadpool_limits(pool_threads),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


ENGINES: dict[str, Engine] = {
    "nmfcore": nullcontext,
    "scikit-learn": _reference,
    "scikit-learn, 1 BLAS thread": partial(_reference, 1),
}


def _save(image: NDArray[np.float32], path: Path) -> Path:
    if not cv2.imwrite(str(path), np.rint(image * 255).astype(np.uint8)):
        raise OSError(f"could not write {path.name}")
    return path


PIPELINE = Case(TITLE, run)
