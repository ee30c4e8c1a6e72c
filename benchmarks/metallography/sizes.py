"""Lines B6 to B9: intercepts, grains, intervals, open networks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from benchmarks.metallography.folder import files
from benchmarks.targets import Figure
from segment.grains import (
    OpenNetworkError,
    count_grains,
    grain_size_number,
    measure_intercepts,
    size_by_count,
    size_by_intercepts,
    trace_network,
)
from segment.samples import make_grains

TABLE = {0: 320.0, 1: 226.3, 5: 56.6, 8: 20.0, 10: 10.0, 12: 5.0}
PER_MM2 = {0: 7.75, 1: 15.50, 5: 248.0, 8: 1984.0, 10: 7936.0, 12: 31744.0}
FIELDS, FIELD_PX, GRAIN_PX = 5, 140, 28.0


def measure_sizes(n_draws: int, skipped: list[str]) -> list[Figure]:
    """Measure lines B6 to B9.

    Parameters
    ----------
    n_draws : int
        Random structures for the coverage of the interval.
    skipped : list of str
        Sets that are absent are added to it.

    Returns
    -------
    list of Figure
    """
    figures = []
    for path in files("grain-size/*_segmented.tif", skipped):
        figures += _nist(path)
    figures += _table()
    figures += _methods(files("grain-maps-ebsd/*.npz", skipped))
    figures += _coverage(n_draws)
    figures += _open()
    return figures


def _nist(path: Path) -> list[Figure]:
    field = tifffile.imread(path) > 0
    stem = path.name.removesuffix("_segmented.tif")
    found = []
    for pattern, suffix in (("circles", "e112"), ("grid", "line_grid")):
        table = path.with_name(f"{stem}_distances_{suffix}.csv")
        if not table.exists():
            continue
        known = np.loadtxt(table, delimiter=",", skiprows=1)
        ours = measure_intercepts(field, pattern=pattern, convention="nist")
        name = ours.piece_lines + 1.0 if pattern == "circles" else 45.0 * ours.piece_lines
        # The rotations by 45 degrees depend on the version of the library that rotates.
        kept = (
            (name > 0, known[:, 0] > 0)
            if pattern == "circles"
            else tuple(np.isin(x, [0, 90, 180]) for x in (name, known[:, 0]))
        )
        pieces, expected = ours.pieces_px[kept[0]], known[kept[1], 1]
        same = int((np.abs(pieces - expected) <= 1e-9).sum()) if len(pieces) == len(expected) else 0
        found.append(
            Figure(
                "B6",
                f"{stem}, {pattern}: lengths equal to 1e-9, of {len(expected)}",
                same,
                len(expected),
                len(expected),
            )
        )
    network = trace_network(field)
    try:
        count_grains(network)
        is_refused = 0.0
    except OpenNetworkError:
        is_refused = 1.0
    if "ti" in stem.split("_"):
        found.append(
            Figure(
                "B9",
                f"{stem}: count refused, {len(network.open_ends)} open ends",
                is_refused,
                1,
                1,
                "G 1.6 by a naive count",
            )
        )
    return found


def _table() -> list[Figure]:
    errors = [abs(grain_size_number(mean_intercept_um=intercept) - G) for G, intercept in TABLE.items()]
    errors += [abs(grain_size_number(grains_per_mm2=number) - G) for G, number in PER_MM2.items()]
    return [Figure("B7", "G of the table of E112, largest error", max(errors), most=0.005)]


def _methods(maps: list[Path]) -> list[Figure]:
    if not maps:
        return []
    sizes: dict[str, list[float]] = {}
    for path in maps:
        stored = np.load(path)
        labels, step = stored["labels"], float(stored["step_um"])
        for name, pattern in (("Heyn", "grid"), ("circles", "circles")):
            spacing = 1.0 if pattern == "grid" else None
            mean = measure_intercepts(labels, pattern=pattern, spacing_px=spacing).mean_px
            sizes.setdefault(name, []).append(grain_size_number(mean_intercept_um=mean * step))
        for method in ("saltykov", "jeffries"):
            count = count_grains(labels, method=method)
            density = count.equivalent / (count.area_px2 * (step / 1000) ** 2)
            sizes.setdefault(method, []).append(grain_size_number(grains_per_mm2=density))
    mean = {name: float(np.mean(values)) for name, values in sizes.items()}
    three = [mean[name] for name in ("Heyn", "saltykov", "jeffries")]
    words = ", ".join(f"{name} {value:.2f}" for name, value in mean.items())
    return [
        Figure("B7", f"{len(maps)} EBSD maps, spread of G over methods ({words})", max(three) - min(three), most=0.25),
        Figure(
            "B7",
            "three circles against Heyn, G",
            abs(mean["circles"] - mean["Heyn"]),
            most=0.15,
            baseline="0.79 counted on pixels",
        ),
    ]


def _coverage(n_draws: int) -> list[Figure]:
    hits: dict[str, list[bool]] = {"P_L": [], "N_A": []}
    for draw in range(n_draws):
        fields: list[NDArray[np.int32]] = [
            make_grains((FIELD_PX, FIELD_PX), grain_px=GRAIN_PX, seed=FIELDS * draw + part).labels
            for part in range(FIELDS)
        ]
        for size, known in (
            (size_by_intercepts(fields, pixel_size_um=1.0), 1000 / (math.pi / 4 * GRAIN_PX)),
            (size_by_count(fields, pixel_size_um=1.0), 1e6 / GRAIN_PX**2),
        ):
            hits[size.quantity].append(size.ci95 is not None and abs(size.value - known) <= size.ci95)
    words = {"P_L": "mean intercept", "N_A": "grains per area"}
    return [
        Figure(
            "B8",
            f"{n_draws} random structures, interval covers the {words[name]}, %",
            100 * float(np.mean(values)),
            93,
            97,
            "no open tool states one",
        )
        for name, values in hits.items()
    ]


def _open() -> list[Figure]:
    """Take a third of a drawn network away: its count must be refused."""
    sample = make_grains((400, 400), grain_px=30, width_px=3, seed=1)
    rng = np.random.default_rng(0)
    field = sample.boundaries.copy()
    for row, column in rng.integers(0, 380, (60, 2)):
        field[row : row + 20, column : column + 20] = False
    network = trace_network(field)
    try:
        count_grains(network)
        is_refused = 0.0
    except OpenNetworkError as error:
        is_refused = float(str(len(network.open_ends)) in str(error))
    return [Figure("B9", f"drawn open network: refused with its {len(network.open_ends)} open ends", is_refused, 1, 1)]
