"""Columns in images of known truth: found, measured, classified."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from skimage.feature import blob_log

from benchmarks.columns.line import Line
from segment.atoms import classify_columns, find_by_threshold, find_columns, fit_lattices
from segment.atoms.covariance import column_errors
from segment.atoms.joint_model import JointModel
from segment.atoms.refine import normal_equations, refine
from segment.evaluate import ColumnScores, match_columns
from segment.records import Columns
from segment.samples import make_columns

TOLERANCE_PM = 78.0
# Columns nearer to the edge are paired but not counted.
MARGIN_PM = 234.0
# Counts per pixel of the heaviest column: F1, recall of S1, position over its bound (Mo, S2), F1 of vacancies.
TARGETS = {30: (0.995, 0.9, 1.15, 1.25, 0.99), 8: (0.985, 0.9, 1.15, 1.25, 0.94), 3: (0.96, 0.0, 1.35, 1.35, 0.60)}
DOSES = {1e5: 1.0, 2e4: 0.995, 5e3: 0.99}


@dataclass(frozen=True)
class Scene:
    """An image of MoS2 and its truth; kinds are Mo, V, S2, S1 and S0."""

    image: NDArray[np.float64]
    positions: NDArray[np.float64]
    kind: NDArray[np.str_]
    pixel_pm: float

    def match(self, found: NDArray[np.float64], kinds: tuple[str, ...]) -> ColumnScores:
        """Match found places with the true ones of some kinds."""
        true = self.positions[np.isin(self.kind, kinds)]
        shape = (self.image.shape[0], self.image.shape[1])
        tolerance, margin = TOLERANCE_PM / self.pixel_pm, MARGIN_PM / self.pixel_pm
        return match_columns(found, true, tolerance=tolerance, shape=shape, margin=margin)


COLUMNS = ("Mo", "V", "S2", "S1")


def read_simulated(path: Path) -> Scene:
    """Read a file of the set atoms-sim."""
    with np.load(path) as file:
        places = np.stack([file["y"], file["x"]], axis=1)
        return Scene(file["image"].astype(float), places, file["kind"], 1000 * float(file["pixel_nm"]))


def read_multislice(path: Path, dose: float, seed: int) -> Scene:
    """Read a file of the set atoms-abtem, and draw counts of so many electrons per square angstrom."""
    with np.load(path) as file:
        pixel = float(file["pixel_A"])
        places = np.stack([file["x"], file["y"]], axis=1) / pixel
        counts = np.random.default_rng(seed).poisson(np.maximum(file["image"], 0) * dose * pixel**2)
        return Scene(counts.astype(float), places, file["kind"], 100 * pixel)


def make_scene(counts: float, seed: int, **options: float) -> Scene:
    """Make an image with the project's own simulator."""
    sample = make_columns(counts=counts, random_state=seed, **options)  # pyright: ignore[reportArgumentType]
    return Scene(sample.image, np.stack([sample.y, sample.x], axis=1), sample.kind, sample.pixel_size_pm)


def measure(scene: Scene, name: str, counts: int, prefix: str = "") -> list[Line]:
    """Measure detection, positions and vacancies of one image; variants under `prefix` get their allowance."""
    detection, recall, heavy, light, vacancy = TARGETS[counts]
    columns = find_columns(scene.image, pixel_size_pm=scene.pixel_pm)
    scores = scene.match(columns.positions, COLUMNS)
    ratios = over_bound(scene, columns, scores)
    if prefix:
        return [
            Line(prefix, f"{name}, detection F1", scores.f1, detection - 0.01),
            Line(prefix, f"{name}, Mo over its bound", ratios["Mo"], heavy + 0.1, False),
        ]
    kind = scene.kind[np.isin(scene.kind, COLUMNS)]
    is_s1 = (kind == "S1") & scores.is_inside_true
    found_s1 = float(np.isin(np.flatnonzero(is_s1), scores.true).mean()) if is_s1.any() else 1.0
    lines = [
        Line("C1", f"{name}, detection F1", scores.f1, detection, baseline=simple_ways(scene)),
        Line("C3", f"{name}, Mo, rms over its bound", ratios["Mo"], heavy, False, "1.4-1.6, one Gaussian each"),
        Line("C3", f"{name}, S2, rms over its bound", ratios["S2"], light, False, "1.4-1.6, one Gaussian each"),
    ]
    if counts == 8:
        lines.insert(1, Line("C1", f"{name}, S1 found", found_s1, recall, baseline=".87, blob_log .02"))
    gone, doped = vacancies(scene, columns)
    return [
        *lines,
        Line("C4", f"{name}, vacancies F1", gone, vacancy, baseline="z < -4 at given sites: 1.0 / .60 / .39"),
        Line("C4", f"{name}, V F1", doped, 1.0),
    ]


def simple_ways(scene: Scene) -> str:
    """Say what the forerunner and blob_log reach."""
    low, high = np.percentile(scene.image, (0.5, 99.5))
    scaled = np.clip((scene.image - low) / max(high - low, 1e-12), 0, 1)
    figures = [f"forerunner {scene.match(find_by_threshold(scene.image), COLUMNS).f1:.3f}"]
    for threshold in (0.1, 0.02):
        blobs = blob_log(scaled, min_sigma=2, max_sigma=5, num_sigma=4, threshold=threshold)[:, :2]
        figures.append(f"blob_log {threshold:g} {scene.match(blobs, COLUMNS).f1:.3f}")
    return ", ".join(figures)


def over_bound(scene: Scene, columns: Columns, scores: ColumnScores) -> dict[str, float]:
    """Return rms of positions over the Cramer-Rao bound at the true places, of Mo and of S2."""
    is_column = np.isin(scene.kind, COLUMNS)
    true, kind = scene.positions[is_column], scene.kind[is_column]
    amplitude = np.zeros(len(true))
    for name in COLUMNS:
        of_kind = kind[scores.true] == name
        if of_kind.any():
            amplitude[kind == name] = np.median(columns.amplitude[scores.found[of_kind]])
    level = np.full((2, 2), float(np.median(columns.background)))
    shape = (scene.image.shape[0], scene.image.shape[1])
    model = JointModel(true[:, 0], true[:, 1], amplitude, level, columns.shape, shape)
    equations = normal_equations(scene.image, model, columns.noise, np.ones(shape), with_shape=True)
    bound = column_errors(equations, true[:, 0], true[:, 1], columns.shape.sigma_px)
    inside = scores.is_inside_true[scores.true]
    away = columns.positions[scores.found] - true[scores.true]
    ratios = {}
    for name in ("Mo", "S2"):
        chosen = inside & (kind[scores.true] == name)
        square = np.sum(bound[scores.true[chosen], :2] ** 2, axis=1)
        ratios[name] = float(np.sqrt(np.sum(away[chosen] ** 2) / max(np.sum(square), 1e-300)))
    return ratios


def vacancies(scene: Scene, columns: Columns) -> tuple[float, float]:
    """Return F1 of S1 and S0 together, and of V, with sites and classes from the lattice that was found."""
    lattices = fit_lattices(columns)
    if not lattices or lattices[0].n_sublattices < 2:
        return 0.0, 0.0
    lattice = lattices[0]
    low = classify_columns(columns, lattice).label == "low"
    empty = lattice.empty[lattice.empty_sublattice == 1]
    light = np.concatenate([columns.positions[low & (lattice.sublattice == 1)], empty])
    heavy = columns.positions[low & (lattice.sublattice == 0)]
    return scene.match(light, ("S1", "S0")).f1, scene.match(heavy, ("V",)).f1


def measure_multislice(path: Path) -> list[Line]:
    """Measure detection and classes on multislice images at three doses."""
    lines = []
    for dose, target in DOSES.items():
        scene = read_multislice(path, dose, seed=0)
        columns = find_columns(scene.image)
        name = f"multislice, {dose:g} e/A2"
        lines.append(Line("C2", f"{name}, detection F1", scene.match(columns.positions, COLUMNS).f1, target,
                          baseline=simple_ways(scene)))  # fmt: skip
        gone, doped = vacancies(scene, columns)
        if dose == max(DOSES):
            lines.append(Line("C2", f"{name}, S1 and S0 as vacancies, F1", gone, 1.0))
            lines.append(Line("C2", f"{name}, V F1", doped, 1.0))
    return lines


def time_fit(scene: Scene) -> Line:
    """Time the joint fit, error bars included, from places half a pixel off."""
    columns = find_columns(scene.image)
    rng = np.random.default_rng(0)
    off = columns.positions + rng.uniform(-0.5, 0.5, columns.positions.shape)
    level = np.full((8, 8), float(np.median(columns.background)))
    model = JointModel(off[:, 0], off[:, 1], columns.amplitude, level, columns.shape, columns.image_shape)
    weight = np.ones(columns.image_shape)
    start = perf_counter()
    fitted = refine(scene.image, model, columns.noise, weight, max_steps=4)
    equations = normal_equations(scene.image, fitted, columns.noise, weight, with_shape=True)
    column_errors(equations, fitted.y, fitted.x, fitted.shape.sigma_px)
    seconds = perf_counter() - start
    return Line("C3", f"joint fit of {len(columns)} columns, s", seconds, 3.0, False, "4-6 s, one Gaussian each")
