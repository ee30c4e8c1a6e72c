"""Lines B4 and B5, and drawn lines: boundaries found without labels and with a few."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter
from skimage.filters import sobel, threshold_otsu
from skimage.morphology import skeletonize

from benchmarks.metallography.folder import files, read_grey
from benchmarks.targets import Figure
from segment.evaluate import match_lines
from segment.grains import find_boundaries, learn_boundaries
from segment.samples import make_grains

ROWS_APART = 8
WIDTHS = (1, 2, 3, 5)
# Tiles that are labelled, how often they are drawn, and tiles that each forest is judged on.
TAUGHT, DRAWS, JUDGED = 8, 3, 50


def measure_boundaries(step: int, skipped: list[str]) -> list[Figure]:
    """Measure lines B4 and B5 and the areas of drawn lines.

    Parameters
    ----------
    step : int
        Every so many-th tile is taken.
    skipped : list of str
        Sets that are absent are added to it.

    Returns
    -------
    list of Figure
    """
    figures = _drawn()
    paths = files("grain-boundaries/images/*.png", skipped)[::step]
    if not paths:
        return figures
    truths = [read_grey(path.parent.parent / "masks" / path.name) == 1 for path in paths]
    images = [read_grey(path).astype(np.float64) / 255 for path in paths]
    ours = [find_boundaries(image, kind="steps").boundaries for image in images]
    edges = [sobel(gaussian_filter(image, 2)) for image in images]
    others = [edge > threshold_otsu(edge) for edge in edges]
    scores = [
        float(np.mean([match_lines(f, t).f1 for f, t in zip(found, truths, strict=True)])) for found in (ours, others)
    ]
    biases = [100 * (_intercept(found) / _intercept(truths) - 1) for found in (ours, others)]
    figures += [
        Figure(
            "B4",
            f"{len(paths)} tiles without labels, F1 within 3 px",
            scores[0],
            0.70,
            baseline=f"{scores[1]:.3f} Sobel and Otsu, .640 MLography",
        ),
        Figure(
            "B4",
            "the same, mean intercept off, %",
            abs(biases[0]),
            most=5.0,
            baseline=f"{biases[1]:+.1f} Sobel and Otsu, -7.3 MLography",
        ),
    ]
    return figures + _taught(images, truths)


def _taught(images: list[NDArray[np.float64]], truths: list[NDArray[np.bool_]]) -> list[Figure]:
    """Measure line B5: forests grown on eight tiles, three times drawn, find the boundaries of other tiles."""
    scores, biases = [], []
    for seed in range(DRAWS if len(images) >= 2 * TAUGHT else 0):
        order = np.random.default_rng(seed).permutation(len(images))
        taught, others = order[:TAUGHT], order[TAUGHT:][:JUDGED]
        forest = learn_boundaries([images[at] for at in taught], [truths[at].astype(np.uint8) for at in taught])
        found = [forest.find_boundaries(images[at]).boundaries for at in others]
        known = [truths[at] for at in others]
        scores += [match_lines(*pair).f1 for pair in zip(found, known, strict=True)]
        biases.append(100 * (_intercept(found) / _intercept(known) - 1))
    if not scores:
        return []
    what = f"{TAUGHT} labelled tiles, {DRAWS} draws, {len(scores)} others, F1 within 3 px"
    spread = ", ".join(f"{bias:+.1f}" for bias in biases)
    return [
        Figure("B5", what, float(np.mean(scores)), 0.72, baseline=".696 random forest"),
        Figure(
            "B5",
            f"the same, mean intercept off, % (draws {spread})",
            abs(float(np.mean(biases))),
            most=5.0,
            baseline="-14 random forest",
        ),
    ]


def _intercept(masks: list[NDArray[np.bool_]]) -> float:
    """Return the length of rows and columns over the lines they meet, of lines three pixels wide, over all tiles."""
    length = crossings = 0
    for mask in masks:
        lines = binary_dilation(skeletonize(mask))
        for side in (lines, lines.T):
            rows = side[::ROWS_APART].astype(np.int8)
            length += rows.size
            crossings += int((np.diff(rows, axis=1) == 1).sum())
    return length / max(1, crossings)


def _drawn() -> list[Figure]:
    found = []
    rng = np.random.default_rng(0)
    for width in WIDTHS:
        sample = make_grains((256, 256), grain_px=32, width_px=width, seed=width)
        grey = (0.62 + 0.06 * rng.standard_normal(int(sample.labels.max()) + 1))[sample.labels]
        image = np.where(sample.boundaries, 0.16, grey) + 0.02 * rng.standard_normal(grey.shape)
        off = 100 * abs(find_boundaries(image).boundaries.mean() / sample.boundaries.mean() - 1)
        found.append(
            Figure(
                "line",
                f"drawn lines of {width} px, area off, %",
                off,
                most=5.0,
                baseline="32 for 2 px before" if width == 2 else "",
            )
        )
    return found
