"""What is measured on films: drift, links, merges, volumes, the ripening map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.registration import phase_cross_correlation
from sklearn.metrics import roc_auc_score

from benchmarks.films.truth import RADIUS, Film
from benchmarks.targets import Figure
from segment.evaluate import PairScores, score_events, score_links
from segment.pipeline.series import SeriesOptions, SeriesResult, measure_series
from segment.records import Table
from segment.series import find_bad_frames, find_shifts, open_series, ripening_map

DRIFT = {"cnr3": 0.20, "dense": 0.60, "cnr1": 0.30, "cnr05": 0.65}
LINKS = {
    "cnr3": (0.99, ".966 trackpy, .995 laptrack on watershed"),
    "dense": (0.99, ".968, .993"),
    "cnr1": (0.88, ".816, .830"),
}
MERGES = {"cnr3": (0.65, "0 trackpy, .48 laptrack on watershed"), "dense": (0.82, "0, .75"), "cnr1": (0.40, "0, .27")}
MAPS = {"still3": (0.95, ".911"), "still1": (0.95, ".905"), "still05": (0.88, ".872"), "cnr3": (0.91, ".864")}
# Jumps of the real series, by frame number.
JUMPS = (4, 9, 11, 15, 24, 30, 122)


def drift_lines(film: Film) -> list[Figure]:
    """Compare the drift with the truth, beside scikit-image's default, frame by frame."""
    if film.name not in DRIFT:
        return []
    error = find_shifts(open_series(film.frames)).path - film.drift
    wrong = int((np.hypot(*np.diff(error, axis=0).T) > 1).sum())
    steps = [
        -phase_cross_correlation(film.frames[i], film.frames[i + 1], upsample_factor=20)[0]
        for i in range(len(film.frames) - 1)
    ]
    other = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)]) - film.drift
    figures = [
        Figure("A1", f"drift of {film.name}, rms px", _rms(error), most=DRIFT[film.name],
               baseline=f"scikit-image default {_rms(other):.2f}")
    ]  # fmt: skip
    if film.name != "cnr05":
        figures.append(Figure("A1", f"steps of {film.name} off by more than 1 px", wrong, most=0))
    return figures


def real_lines(folder: Path) -> list[Figure]:
    """Look at the real series: blank frame, jumps, and the residual that its particles see."""
    result = measure_series(open_series(folder), SeriesOptions())
    names = [Path(name).stem for name in result.series.names]
    blank = [name for name in names if name.isdecimal() and int(name) == 178]
    found = {Path(item.name).stem for item in result.bad}
    listed = {int(Path(jump.name).stem) for jump in result.shifts.jumps if Path(jump.name).stem.isdecimal()}
    expected = [number for number in JUMPS if f"{number:03d}" in names[1:]]
    figures = [Figure("A2", f"jumps listed of {len(expected)}", len(listed & set(expected)), least=len(expected))]
    if blank:
        figures.append(Figure("A2", "blank frame 178 flagged", int("178" in found), least=1, baseline="nobody"))
    quality = result.quality
    nan = float("nan")
    figures += [
        Figure("A2", f"other frames flagged of {len(names)}", len(found - {"178"}), most=0),
        Figure("A2", "residual of particles 10 frames apart, px", _or(quality.residual_px, nan), most=0.03,
               baseline=".11 phase correlation with the first, .73 scikit-image default"),
        Figure("A2", "particles found again", _or(quality.found_again, nan), least=0.97, baseline=".93"),
        Figure("A3", "frames that do not hold the common area", _outside(result), most=0),
    ]  # fmt: skip
    return figures


def chain_lines(film: Film) -> list[Figure]:
    """Run the whole chain on a film, forwards and backwards, and compare links, merges and volumes."""
    if film.name not in LINKS:
        return []
    result = measure_series(open_series(film.frames), SeriesOptions())
    backwards = measure_series(open_series(film.frames[::-1]), SeriesOptions())
    merges = _merges(film, result)
    splits = _splits(film, backwards)
    least, others = LINKS[film.name]
    figures = [Figure("A6", f"link F1 of {film.name}", _links(film, result).f1, least=least, baseline=others)]
    least, others = MERGES[film.name]
    share = result.moved.share
    truth = film.coalesced_share()
    verdict = result.moved.verdict
    is_right = verdict.startswith("undecided") or verdict == ("coalescence" if truth > 0.5 else "ripening")
    figures += [
        Figure("A7", f"merge F1 of {film.name}", merges.f1, least=least, baseline=others),
        Figure("A8", f"merge F1 less split F1 backwards of {film.name}", abs(merges.f1 - splits.f1), most=0.02),
        Figure("A9", f"coalesced volume of {film.name}, points off {100 * truth:.0f} %",
               100 * abs(_or(share, float("nan")) - truth), most=10, baseline="nobody reports it"),
        Figure("A9", f"verdict on {film.name} right or undecided", int(is_right), least=1),
    ]  # fmt: skip
    if film.name == "dense":
        figures.append(Figure("A10", "map of dense abstains", int(result.ripening.early is None), least=1))
    if film.name == "cnr3":
        early, area = result.ripening.early, result.area
        corner = np.array([area.top, area.left], dtype=np.float64)
        auc = float("nan") if early is None else _auc(film, early, corner)
        figures.append(Figure("A10", "ripening map of cnr3, AUC", auc, least=0.91, baseline=".864"))
    return figures


def map_lines(film: Film) -> list[Figure]:
    """Compare the ripening map of a film without drift with what vanishes."""
    if film.name not in MAPS or film.name == "cnr3":
        return []
    frames = film.frames.astype(np.float32) / 255
    early = ripening_map(frames).early
    auc = float("nan") if early is None else _auc(film, early, np.zeros(2))
    plain = _auc(film, (frames[-10:].mean(axis=0) - frames[:10].mean(axis=0)), np.zeros(2))
    least, others = MAPS[film.name]
    what = f"ripening map of {film.name}, AUC"
    return [Figure("A10", what, auc, least=least, baseline=f"first ten less last ten frames {plain:.3f}, {others}")]


def fault_lines(film: Film) -> list[Figure]:
    """Count frames of a clean film that are called bad."""
    found = len(find_bad_frames(open_series(film.frames)))
    return [Figure("A2", f"frames of {film.name} wrongly flagged", found, most=0)]


def _rms(error: NDArray[np.float64]) -> float:
    return float(np.sqrt((error**2).sum(axis=1).mean()))


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _outside(result: SeriesResult) -> int:
    area, path = result.area, result.shifts.path[result.shifts.is_good]
    height, width = result.series.shape
    first = path + [area.top, area.left]
    last = first + [area.height - 1, area.width - 1]
    return int(((first < 0).any(axis=1) | (last > [height - 1, width - 1]).any(axis=1)).sum())


def _found(table: Table, result: SeriesResult) -> NDArray[np.float64]:
    return np.stack([table["y_px"] + result.area.top, table["x_px"] + result.area.left], axis=1)


def _in_area(place: NDArray[np.float64], result: SeriesResult, margin: float) -> NDArray[np.bool_]:
    low = np.array([result.area.top, result.area.left]) + margin
    high = low + [result.area.height - 1 - 2 * margin, result.area.width - 1 - 2 * margin]
    return np.all((place >= low) & (place <= high), axis=1)


def _links(film: Film, result: SeriesResult) -> PairScores:
    counts = film.is_inside & _in_area(film.still, result, INSIDE_AREA)
    table = result.tracks.table
    place = _found(table, result)
    return score_links(table["frame"], place, table["track"], film.frame, film.still, film.id, counts=counts)


# Objects whose centres lie at the edge of the common area are there in one frame and not in the next.
INSIDE_AREA = 3.0


def _merges(film: Film, result: SeriesResult) -> PairScores:
    frame, place = _true_merges(film)
    kept = _in_area(place, result, 0)
    found = _events(result, "merge")
    return score_events(found["frame"], _found(found, result), frame[kept], place[kept])


def _splits(film: Film, result: SeriesResult) -> PairScores:
    """Score splits of the film run backwards; its first frame is the last, and places are those of that one."""
    frame, place = _true_merges(film)
    place = place + film.drift[-1]
    kept = _in_area(place, result, 0)
    found = _events(result, "split")
    return score_events(found["frame"], _found(found, result), len(film.frames) - frame[kept], place[kept])


def _events(result: SeriesResult, kind: str) -> Table:
    events = result.tracks.events
    return events.take((events["event"] == kind) & (events["volume_px3"] >= 4 / 3 * np.pi * RADIUS**3))


def _true_merges(film: Film) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    rows, inside, still = film.rows(), film.is_inside, film.still
    found = []
    for frame, parents, child in film.merges:
        before = [rows.get((frame - 1, parent)) for parent in parents]
        after = rows.get((frame, child))
        if after is not None and all(row is not None and inside[row] for row in before):
            found.append((frame, *still[after]))
    values = np.array(found, dtype=np.float64).reshape(-1, 3)
    return values[:, 0].astype(np.int64), values[:, 1:]


def _auc(film: Film, score: NDArray[np.floating], corner: NDArray[np.float64]) -> float:
    """Return how well a map ranks the particles of the first frame by whether they dissolve."""
    merged = {parent for _, parents, _ in film.merges for parent in parents}
    gone, scores = [], []
    for row in np.flatnonzero((film.frame == 0) & film.is_inside).tolist():
        y, x = film.place[row] - corner
        r, name = film.radius[row], int(film.id[row])
        if name in merged or not (0 <= y < score.shape[0] and 0 <= x < score.shape[1]):
            continue
        yy, xx = np.ogrid[: score.shape[0], : score.shape[1]]
        disc = np.hypot(yy - y, xx - x) <= max(r, 1.5)
        gone.append(name in film.dissolved)
        scores.append(float(score[disc].mean()))
    return float(roc_auc_score(gone, scores))
