"""Lines B1 to B3 and B14 to B16: inclusions found, filled and rated."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage
from skimage.filters import gaussian, threshold_multiotsu
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from benchmarks.metallography.folder import files, read_grey
from benchmarks.targets import Figure
from segment.inclusions import (
    find_inclusions,
    join_stringers,
    measure_roundness,
    rate_nodularity,
    remove_inclusions,
    severity_of,
)
from segment.measure import measure_constituent, points_needed, summarise_constituent, summarise_fields
from segment.samples import draw_stringers

PROGRAM = {"sample1": (86.21, 277), "sample2": (89.52, 305), "sample3": (87.73, 294)}
SEVERITIES = {"A": (127, 436.1), "B": (76.8, 342.7), "C": (75.6, 320.5), "D": (4, 16)}
CLEAN, N_FIELDS, HOLES = "superalloy/images/*.png", 8, 25


def measure_inclusions(step: int, skipped: list[str]) -> list[Figure]:
    """Measure lines B1 to B3 and B14 to B16.

    Parameters
    ----------
    step : int
        Every so many-th crop is taken.
    skipped : list of str
        Sets that are absent are added to it.

    Returns
    -------
    list of Figure
    """
    return [*_traced(step, skipped), *_imagej(skipped), *_filling(skipped), *_nodules(skipped), *_ratings(), *_fields()]


def _traced(step: int, skipped: list[str]) -> list[Figure]:
    paths = files("inclusion-labels/images/*", skipped)[::step]
    if not paths:
        return []
    rows = []
    for path in paths:
        image = read_grey(path)
        truth = read_grey(path.parent.parent / "masks" / path.name) >= 128
        smooth = gaussian(image.astype(np.float64), 3)
        for mask in (find_inclusions(image).mask, smooth <= threshold_multiotsu(smooth, 3)[0]):
            dice = 2 * (mask & truth).sum() / max(1, mask.sum() + truth.sum())
            rows.append((dice, abs(mask.mean() - truth.mean())))
    ours, others = np.array(rows)[::2].mean(axis=0), np.array(rows)[1::2].mean(axis=0)
    return [
        Figure(
            "B1", f"{len(paths)} traced crops, Dice", float(ours[0]), 0.66, baseline=f"{others[0]:.3f} three-class Otsu"
        ),
        Figure("B1", "the same, error of the area fraction", float(ours[1]), most=0.06, baseline=f"{others[1]:.3f}"),
    ]


def _imagej(skipped: list[str]) -> list[Figure]:
    images, tables = files("inclusions-imagej/*.jpg", skipped), files("inclusions-imagej/*.txt", skipped)
    if not images or not tables:
        return []
    lines = tables[0].read_text().splitlines()[1:]
    known = np.sort([float(line.split("\t")[2]) / 0.04 for line in lines])[::-1]
    areas = np.sort(np.bincount(find_inclusions(read_grey(images[0])).labels.ravel())[1:])[::-1]
    n = min(20, len(areas), len(known))
    return [
        Figure("B2", "objects of ImageJ's table", len(areas), 69, 71, "69 by Otsu"),
        Figure("B2", "total area, % off", 100 * abs(areas.sum() / known.sum() - 1), most=1.5, baseline="1.2 by Otsu"),
        Figure("B2", "20 largest, % off", 100 * float(np.abs(areas[:n] / known[:n] - 1).max()), most=3.0),
    ]


def _filling(skipped: list[str]) -> list[Figure]:
    fields, scans = files(CLEAN, skipped)[:N_FIELDS], files("inclusions/*.png", skipped)
    if not fields or not scans:
        return []
    rng = np.random.default_rng(0)
    labels, _ = ndimage.label(read_grey(scans[0]) < 128)
    boxes = [box for box in ndimage.find_objects(labels) if 8 <= max(side.stop - side.start for side in box) <= 60]
    rows = []
    for path in fields:
        field = read_grey(path)[:512, :512]
        holes = np.zeros(field.shape, dtype=bool)
        for index in rng.choice(len(boxes), HOLES):
            shape = labels[boxes[index]] > 0
            row, column = (
                int(rng.integers(0, side - size)) for side, size in zip(field.shape, shape.shape, strict=True)
            )
            holes[row : row + shape.shape[0], column : column + shape.shape[1]] |= shape
        broken = np.where(holes, 0, field).astype(np.uint8)
        truth = field.astype(np.float64)
        telea = cv2.inpaint(broken, holes.astype(np.uint8), 3, cv2.INPAINT_TELEA).astype(np.float64)
        row = []
        for filled in (remove_inclusions(broken, holes).astype(np.float64), telea):
            image = structural_similarity(truth, filled, data_range=255, full=True)[1]
            row += [peak_signal_noise_ratio(truth[holes], filled[holes], data_range=255), float(image[holes].mean())]
        rows.append(row)
    ours_db, ours_ssim, telea_db, telea_ssim = np.mean(rows, axis=0)
    return [
        Figure(
            "B3",
            f"{len(fields)} fields, {HOLES} holes each, dB in the holes",
            float(ours_db),
            27.2,
            baseline=f"{telea_db:.2f} Telea",
        ),
        Figure("B3", "SSIM in the holes", float(ours_ssim), 0.645, baseline=f"{telea_ssim:.3f} Telea"),
    ]


def _nodules(skipped: list[str]) -> list[Figure]:
    found = []
    for path in files("nodularity/*.jpg", skipped):
        grey = read_grey(path)
        threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)
        # 0.7 % of the width, cut to whole pixels, are the 10 um of the standard there.
        rated = rate_nodularity(grey <= threshold, pixel_size_um=10 / int(0.007 * grey.shape[1]))
        percent, number = PROGRAM.get(path.stem[:7], (float("nan"), 0))
        name = path.stem[:7]
        found += [
            Figure(
                "B14", f"{name}, nodularity against {percent} %, points", abs((rated.percent or 0) - percent), most=1.5
            ),
            Figure("B14", f"{name}, graphite against {number}, %", 100 * abs(rated.n_graphite / number - 1), most=2.0),
        ]
    rows, columns = np.ogrid[:500, :500]
    forms = {
        "disc": (np.hypot(rows - 250, columns - 250) < 200, 1.0),
        "2:1 ellipse": (((rows - 250) / 2) ** 2 + (columns - 250) ** 2 < 100**2, 0.5),
        "square": (np.ones((300, 300), dtype=bool), 0.637),
    }
    for name, (mask, known) in forms.items():
        found.append(Figure("B14", f"roundness of a {name}", measure_roundness(mask)[2], known - 0.01, known + 0.01))
    return found


def _ratings() -> list[Figure]:
    errors = [
        abs(severity_of(kind, x) - step) for kind, points in SEVERITIES.items() for step, x in enumerate(points, 1)
    ]
    right = 0
    for gap, offset, n in ((39.0, 0.0, 1), (41.0, 0.0, 2), (20.0, 14.0, 1), (20.0, 16.0, 2)):
        labels, _ = ndimage.label(draw_stringers((gap,), (offset,)))
        right += len(join_stringers(labels, pixel_size_um=1.0)) == n
    return [
        Figure("B15", "severities 1 and 2 of types A to D, largest error", max(errors), most=0.01),
        Figure("B15", "stringers joined as the standard says, of 4", right, 4, 4),
    ]


def _fields() -> list[Figure]:
    five = summarise_fields([10, 12, 9, 11, 13])
    errors = [abs(five.mean - 11), abs((five.std or 0) - 1.5811), abs((five.ci95 or 0) - 1.9632)]
    accuracy = abs((five.relative_accuracy_percent or 0) - 17.85)
    mask = np.zeros((100, 100), dtype=bool)
    mask[20:30, 20:40] = True
    one = summarise_constituent([measure_constituent(mask, pixel_size_um=1.0)])
    expected = {
        "area_fraction": 0.02,
        "per_mm2": 100.0,
        "mean_area_um2": 200.0,
        "mean_chord_um": 20.0,
        "mean_free_path_um": 980.0,
    }
    off = max(abs(one[name].mean / value - 1) for name, value in expected.items())
    return [
        Figure("B16", "E562 by hand, largest error", max(errors), most=5e-5),
        Figure("B16", "%RA by hand, error", accuracy, most=5e-3),
        Figure("B16", "points for 10 % at V = 10 %", points_needed(0.10), 3600, 3600),
        Figure("B16", "E1245 by hand, largest relative error", off, most=1e-9),
    ]
