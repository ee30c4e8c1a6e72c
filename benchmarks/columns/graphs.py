"""Graphs of ideal lattices and of grains, and guidance, against what simple ways reach."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, average_precision_score

from benchmarks.columns.line import Line
from segment.atoms import (
    find_motifs,
    join_neighbours,
    measure_order,
    rank_defects,
    score_overview,
    tour,
)
from segment.atoms.motifs import topology_histograms
from segment.samples import make_bicrystal, make_defect_world

DEFECTS = {0.02: 0.98, 0.05: 0.96, 0.08: 0.89}
MOTIFS = 0.88
# A fifth of 16 x 16 fields.
ALLOWANCE = 51


def measure_ideal() -> list[Line]:
    """Measure how far order parameters of ideal lattices are from their exact values."""
    i, j = np.mgrid[:11, :11].reshape(2, -1)
    triangular = np.stack([j * np.sqrt(3) / 2, i + j / 2], axis=1)
    honeycomb = np.concatenate([np.sqrt(3) * triangular, np.sqrt(3) * triangular + [0.5, np.sqrt(3) / 2]])
    cases = {
        "square": (np.stack([i, j], axis=1).astype(float), 4, 1.0, 0.0),
        "triangular": (triangular, 6, 0.0, 1.0),
        "honeycomb": (honeycomb, 3, 0.0, 1.0),
    }
    lines = []
    for name, (points, coordination, psi_4, psi_6) in cases.items():
        graph = join_neighbours(points)
        order, inner = measure_order(graph), graph.is_inner
        worst = max(
            float(np.abs(order.coordination - coordination)[inner].max()),
            float(np.abs(order.psi_4 - psi_4)[inner].max()),
            float(np.abs(order.psi_6 - psi_6)[inner].max()),
        )
        lines.append(Line("C7", f"{name}, largest deviation times 1e9", 1e9 * worst, 1.0, False, "freud"))
    return lines


def measure_grains(seeds: tuple[int, ...]) -> list[Line]:
    """Measure how well defects rank first, and how well motifs agree with the truth, for several numbers of motifs."""
    lines = []
    for noise, target in DEFECTS.items():
        ours, theirs = [], []
        motifs: dict[int, list[float]] = {3: [], 4: [], 5: []}
        means: dict[int, list[float]] = {3: [], 4: [], 5: []}
        for seed in seeds:
            crystal = make_bicrystal(noise=noise, random_state=seed)
            graph, nearest = join_neighbours(crystal.positions), join_neighbours(crystal.positions, "nearest", k=4)
            is_defect, counted = crystal.motif[crystal.is_counted] > 0, crystal.is_counted
            ours.append(average_precision_score(is_defect, rank_defects(graph, measure_order(graph))[counted]))
            theirs.append(average_precision_score(is_defect, measure_order(nearest).bond_spread[counted]))
            histograms = topology_histograms(graph)
            for k in motifs:
                label = find_motifs(graph, k).label
                other = KMeans(k, n_init=3, random_state=0).fit_predict(histograms)
                motifs[k].append(adjusted_rand_score(crystal.motif[counted], label[counted]))
                means[k].append(adjusted_rand_score(crystal.motif[counted], other[counted]))
        name = f"bicrystal, noise {100 * noise:g} %"
        base = f"spread of four distances {np.mean(theirs):.2f}"
        lines.append(Line("C8", f"{name}, defect AP", float(np.mean(ours)), target, baseline=base))
        for k, values in motifs.items():
            base = f"k-means {np.mean(means[k]):.2f}"
            lines.append(Line("C9", f"{name}, motif ARI, k {k}", float(np.mean(values)), MOTIFS, baseline=base))
    return lines


def measure_guidance(n_worlds: int) -> list[Line]:
    """Measure the share of defects that guided visits of a fifth of the fields find."""
    lines = []
    for is_clustered in (True, False):
        shares: dict[str, list[float]] = {name: [] for name in ("raster", "random", "blind", "overview", "both", "all")}
        for seed in range(n_worlds):
            world = make_defect_world(is_clustered=is_clustered, random_state=1000 + seed)
            found, total = world.n_defects.ravel(), world.n_defects.sum()
            score = score_overview(world.overview, world.n_defects.shape)
            blind, both = (tour(world.look, (16, 16), most=ALLOWANCE, score=s).found.sum() for s in (None, score))
            shares["raster"].append(found[:ALLOWANCE].sum() / total)
            shares["random"].append(np.random.default_rng(seed).permutation(found)[:ALLOWANCE].sum() / total)
            shares["overview"].append(found[np.argsort(-score.ravel(), kind="stable")[:ALLOWANCE]].sum() / total)
            shares["blind"].append(blind / total)
            shares["both"].append(both / total)
            shares["all"].append(np.sort(found)[::-1][:ALLOWANCE].sum() / total)
        mean = {name: float(np.mean(values)) for name, values in shares.items()}
        name = f"{n_worlds} worlds, {'clustered' if is_clustered else 'uniform'}"
        base = f"raster {mean['raster']:.2f}, random {mean['random']:.2f}, all known {mean['all']:.2f}"
        least = 0.49 if is_clustered else round(mean["random"] - 0.02, 3)
        lines.append(Line("C10", f"{name}, blind: gain of navigation {mean['blind'] - mean['random']:+.2f}",
                          mean["blind"], least, baseline=base))  # fmt: skip
        if is_clustered:
            gain = f"gain of perception {mean['overview'] - mean['random']:+.2f}, of navigation over it "
            gain += f"{mean['both'] - mean['overview']:+.2f}"
            lines.append(Line("C10", f"{name}, own overview: {gain}", mean["both"], 0.60, baseline=base))
    return lines
