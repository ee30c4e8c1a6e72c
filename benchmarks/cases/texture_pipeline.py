"""The whole job of `segment` with its default features, those of a neighbourhood: time, its parts, and memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import median
from time import process_time
from typing import Any

from benchmarks.cases.case import Case
from benchmarks.cases.pipeline import N_IMAGES, N_PHASES, time_stages
from benchmarks.fresh import call_child, reason_to_skip
from benchmarks.micrographs import load_images
from benchmarks.records import CaseResult, Effort
from segment import Segmenter
from segment.features import extract

TITLE = "The pipeline with the features of a neighbourhood: with nmfcore and with scikit-learn inside"
PRESET = "default"
CALLS = 5


def run(effort: Effort) -> CaseResult:
    """Time the stages, split the segmentation of one image, and read the peak of memory in a fresh process."""
    timed = time_stages("texture_pipeline", TITLE, PRESET, effort)
    ours, *theirs = timed.tables["Stages"]
    train, one = (min(row[f"{stage} s"] for row in theirs) / ours[f"{stage} s"] for stage in ("train", "segment one"))
    parts = _split(effort)
    whole = parts[-1]["CPU s"]
    headlines = [
        *timed.headlines,
        f"training takes {ours['train s']:.3g} s, {train:.3g} times as fast as the quickest setting of scikit-learn; "
        f"segmenting one image {ours['segment one s']:.3g} s, {one:.3g} times",
        f"of {whole:.3g} s of CPU per image, {100 * parts[0]['CPU s'] / whole:.0f} % go into the features",
    ]
    tables, skipped = {**timed.tables, "One image": parts}, timed.skipped
    reason = reason_to_skip()
    if reason is None:
        answer = call_child("training_memory", {"count": N_IMAGES, "crop": effort.crop})
        peak = answer["peak_bytes"] / 2**20
        tables["Memory"] = [{"images": N_IMAGES, "peak MiB": peak}]
        headlines.append(f"the process that trains and segments never holds more than {peak:.0f} MiB")
    else:
        skipped = (*skipped, f"memory: {reason}")
    return replace(timed, tables=tables, headlines=tuple(headlines), skipped=skipped)


def _split(effort: Effort) -> list[dict[str, Any]]:
    """Return the CPU seconds of the features of one image, and of all of its segmentation."""
    image = load_images(1, effort.crop)[0][0]
    segmenter = Segmenter(N_PHASES, preset=PRESET).fit(image)
    features = segmenter.parameters.features
    return [
        {"part": "features", "CPU s": _cpu_seconds(lambda: extract(image, features))},
        {"part": "all", "CPU s": _cpu_seconds(lambda: segmenter.predict(image))},
    ]


def _cpu_seconds(call: Callable[[], object]) -> float:
    seconds = []
    for _ in range(CALLS):
        start = process_time()
        call()
        seconds.append(process_time() - start)
    return median(seconds)


TEXTURE_PIPELINE = Case(TITLE, run)
