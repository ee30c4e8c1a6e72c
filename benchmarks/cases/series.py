"""Particles and films against their truth: drift, counts, touching particles, links, merges, volumes, ripening maps."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.cases.case import Case
from benchmarks.films.lines import chain_lines, drift_lines, fault_lines, map_lines, real_lines
from benchmarks.films.particles import bam_images, emps_images, mask_lines, touching_lines
from benchmarks.films.truth import data_folder, load_films
from benchmarks.records import CaseResult, Effort
from benchmarks.targets import Figure, judge
from segment.pipeline.series import SeriesOptions, run_series

TITLE = "Particles and films against their truth"
FILMS = ("cnr3", "dense", "cnr1", "cnr05", "still3", "still1", "still05")
# Seconds for 194 frames on two cores.
LIMIT, FRAMES = 45.0, 194


def run(effort: Effort) -> CaseResult:
    """Measure every line on the sets that are there; the others are named."""
    root, figures, skipped = data_folder(), [], []
    films = FILMS if effort.is_full else ("still3",)
    missing = [name for name in films if not (root / "insitu-sim" / f"{name}.npz").is_file()]
    skipped += [f"insitu-sim/{name}: not in the folder" for name in missing]
    for film in load_films(root / "insitu-sim", films):
        if not effort.is_full:
            figures += map_lines(film)
            continue
        figures += [*fault_lines(film), *drift_lines(film), *chain_lines(film), *map_lines(film)]
    if effort.is_full:
        for name in ("nanoparticle-series", "particles-bam", "particles-emps"):
            if not (root / name).is_dir():
                skipped.append(f"{name}: not in the folder")
            else:
                figures += _measured(name, root / name)
    return judge("series", TITLE, "films with known drift, tracks and events; hand-parted particles", figures, skipped)


def _measured(name: str, folder: Path) -> list[Figure]:
    if name == "particles-bam":
        return touching_lines("BAM", bam_images(folder))
    if name == "particles-emps":
        return touching_lines("EMPS", emps_images(folder))
    return [*real_lines(folder / "frames"), *mask_lines(folder), _timed(folder / "frames")]


def _timed(frames: Path) -> Figure:
    """Time the whole chain, files included, in seconds for 194 frames."""
    with tempfile.TemporaryDirectory() as out:
        start = perf_counter()
        result, _ = run_series(frames, Path(out), SeriesOptions())
        seconds = perf_counter() - start
    n = len(result.series) if result is not None else FRAMES
    return Figure("A11", f"whole chain, {n} frames, s for {FRAMES}", seconds * FRAMES / n, most=LIMIT)


SERIES = Case(TITLE, run)
