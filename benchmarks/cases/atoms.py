"""Atomic columns: every figure beside its target and what simple ways reach."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from benchmarks.cases.case import Case
from benchmarks.columns.graphs import measure_grains, measure_guidance, measure_ideal
from benchmarks.columns.images import make_scene, measure, measure_multislice, read_simulated, time_fit
from benchmarks.columns.lattices import measure_lattices
from benchmarks.columns.line import Line
from benchmarks.records import CaseResult, Effort
from segment.atoms import find_by_threshold, join_neighbours, measure_order

TITLE = "Atomic columns, lattices, graphs and guidance, against their targets"
VARIANTS = {
    "rotation 0": {"rotation_deg": 0.0},
    "rotation 33": {"rotation_deg": 33.0},
    "rotation 60": {"rotation_deg": 60.0},
    "shear 3 %": {"shear": 0.03},
    "background ramp": {"ramp": 0.5},
    "overlapping": {"sigma_pm": 58.0},
}


def run(effort: Effort) -> CaseResult:
    """Measure every line on the sets that are there and on the project's own simulators."""
    root = Path(os.environ.get("NMFCORE_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
    lines, lattices, skipped = list(measure_ideal()), [], []
    simulated = sorted((root / "atoms-sim").glob("mos2_dose*_seed*.npz"))
    if not simulated:
        skipped.append("atoms-sim: no mos2_dose*_seed*.npz")
    for path in simulated if effort.is_full else ():
        counts = int(re.findall(r"dose(\d+)_", path.name)[0])
        if counts in (30, 8, 3):
            lines += measure(read_simulated(path), path.stem, counts)
    multislice = root / "atoms-abtem" / "mos2_haadf.npz"
    if not multislice.exists():
        skipped.append("atoms-abtem: no mos2_haadf.npz")
    elif effort.is_full:
        lines += measure_multislice(multislice)
    if effort.is_full:
        for counts in (30, 8, 3):
            lines += measure(make_scene(counts, seed=50 + counts), f"own simulator, {counts} counts", counts)
        for name, options in VARIANTS.items():
            for counts in (30, 8):
                scene = make_scene(counts, 70 + counts, **options)
                lines += measure(scene, f"{name}, {counts} counts", counts, "C5")
        lines.append(time_fit(make_scene(30, seed=9)))
    if not list((root / "atoms").glob("*.json")):
        skipped.append("atoms: no JSON beside an image")
    elif effort.is_full:
        found, lattices, left = measure_lattices(root / "atoms")
        lines, skipped = lines + found, skipped + left
    skipped.append("atoms-pto: not measured here; segment atoms reads .hspy files with the extra em")
    lines += measure_grains((20, 21, 22) if effort.is_full else (20,))
    lines += measure_guidance(20 if effort.is_full else 2)
    lines.append(_forerunner())
    lines.sort(key=lambda line: int(line.number[1:]))
    missed = tuple(f"{line.number} {line.what}: {line.figure:.3f}" for line in lines if not line.is_met)
    headline = f"{len(lines) - len(missed)} of {len(lines)} figures reach their target"
    tables = {"Figures": [line.row() for line in lines]}
    if lattices:
        tables["Lattices"] = lattices
    short = tuple(f"falls short: {one}" for one in missed) if effort.is_full else ()
    return CaseResult(
        "atoms",
        TITLE,
        "atoms-sim, atoms-abtem, atoms, and the simulators of segment.samples with other seeds",
        tables,
        (headline, *short),
        skipped=tuple(skipped),
        missed=missed,
    )


def _forerunner() -> Line:
    """Run the forerunner's way, threshold and four neighbours: its table has the form of ours."""
    image = make_scene(30, seed=3).image
    order = measure_order(join_neighbours(find_by_threshold(image), "nearest", k=4))
    return Line(
        "C11", "forerunner's way, columns with four neighbours, share", float(np.mean(order.coordination >= 4)), 1
    )


ATOMS = Case(TITLE, run)
