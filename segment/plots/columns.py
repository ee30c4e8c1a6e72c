"""A picture of columns, their classes, neighbours and motifs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.io import atomic_path

PALETTE = ("#3b6fb6", "#d1495b", "#edae49", "#4f9d69", "#8e6bbf", "#6b6b6b")


def plot_columns(path: Path, image: NDArray[np.float64], found: Any) -> Path:
    """Draw the image with its columns by class, and its graph by motif, beside each other.

    Parameters
    ----------
    path : Path
        A PNG file.
    image : ndarray of float64, shape (h, w)
    found : segment.atoms.Analysis

    Returns
    -------
    Path
        `path`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    columns = found.columns
    figure = Figure(figsize=(13, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    low, high = np.nanpercentile(image, (0.5, 99.8))
    for axes in (left, right):
        axes.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
        axes.set_xlim(-0.5, image.shape[1] - 0.5)
        axes.set_ylim(image.shape[0] - 0.5, -0.5)
        axes.set_xticks([])
        axes.set_yticks([])
    size = float(np.clip(12 * columns.shape.sigma_px * 400 / max(image.shape) / 4, 3, 60))
    lattice = found.lattices[0] if found.lattices else None
    of = np.full(len(columns), -1) if lattice is None else lattice.sublattice
    for number in np.unique(of):
        chosen = of == number
        name = f"sublattice {number}" if number >= 0 else "on no lattice"
        colour = PALETTE[number % 6] if number >= 0 else "#bbbbbb"
        left.scatter(columns.x[chosen], columns.y[chosen], s=size, facecolors="none", edgecolors=colour, label=name)
    if found.classes is not None:
        for label, marker in (("low", "v"), ("high", "^")):
            chosen = found.classes.label == label
            left.scatter(columns.x[chosen], columns.y[chosen], s=3 * size, marker=marker, color="#00d0ff", label=label)
    if lattice is not None and len(lattice.empty):
        left.scatter(lattice.empty[:, 1], lattice.empty[:, 0], s=3 * size, marker="x", color="#ff3b30", label="empty")
    left.set_title(f"{len(columns)} columns")
    left.legend(loc="lower right", fontsize=8)
    if found.neighbours is not None and found.motifs is not None:
        lines = found.neighbours.positions[found.neighbours.edges][:, :, ::-1]
        right.add_collection(LineCollection(list(lines), colors="#ffffff", linewidths=0.4, alpha=0.5))
        for number, sentence in enumerate(found.motifs.sentences):
            chosen = found.motifs.label == number
            right.scatter(columns.x[chosen], columns.y[chosen], s=size, color=PALETTE[number % 6], label=sentence)
        right.legend(loc="lower right", fontsize=7)
        right.set_title("neighbours, by motif")
    else:
        right.set_title("no statistics: too few columns")
    with atomic_path(path) as whole:
        figure.savefig(whole, format="png", dpi=110)
    return path
