"""Panels to look at: ``python -m benchmarks.quality.panels`` draws image, truth and label maps side by side."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.quality.labelled import UNANNOTATED, Labelled, load_sets
from benchmarks.quality.methods import METHODS
from segment.evaluate import evaluate

SHOWN = ("multi-Otsu", "k-means, texture", "segment, preset pixel", "segment, preset default")


def draw_panel(items: Sequence[Labelled], path: Path) -> None:
    """Draw one row a micrograph: image, truth, and the maps of the methods in `SHOWN` with their mean IoU.

    Parameters
    ----------
    items : sequence of Labelled
    path : Path
        Picture to write.
    """
    columns = 2 + len(SHOWN)
    figure = Figure(figsize=(2.6 * columns, 2.4 * len(items)), layout="constrained")
    FigureCanvasAgg(figure)
    for row, item in zip(figure.subplots(len(items), columns, squeeze=False), items, strict=True):
        row[0].imshow(item.image, cmap="gray")
        row[0].set_title(item.name)
        shown = {"vmin": 0, "vmax": max(item.n_classes - 1, 1), "cmap": "cividis", "interpolation": "nearest"}
        row[1].imshow(np.ma.masked_equal(item.truth, UNANNOTATED), **shown)
        row[1].set_title("truth")
        for axis, name in zip(row[2:], SHOWN, strict=True):
            labels = METHODS[name](item)
            scores = evaluate(labels, item.truth)
            matched = np.asarray(scores.classes)[labels]
            axis.imshow(np.ma.masked_less(matched, 0), **shown)
            axis.set_title(f"{name}\nmean IoU {scores.mean_iou:.3f}", fontsize=8)
        for axis in row:
            axis.set_axis_off()
    figure.savefig(path, dpi=110)


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw a panel of every labelled set; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.panels", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"), metavar="DIR", help="default: %(default)s")
    parser.add_argument("--images", type=int, default=2, metavar="N", help="per set; default: %(default)s")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, items in load_sets(options.images)[0].items():
        path = options.out / f"panel-{name}.png"
        draw_panel(items, path)
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
