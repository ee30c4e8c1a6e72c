"""What is to be said about the numbers, where they stand: empty phases, images that disagree, useless intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segment.app.phases import shown_fractions
from segment.app.session import Session
from segment.batch import remark_on_maps
from segment.batch.remarks import NOTHING, NOWHERE
from segment.measure import summarise_fields
from segment.model.merging import group_names

# Fractions of one phase that lie so far apart are of two things, or of two materials.
APART = 0.3
FEWEST_OUTLYING = 4
# A scan of black and white leaves .03 of the variance within its two groups; synthetic micrographs leave .22 and more.
NARROW = 0.06


def find_remarks(session: Session) -> list[str]:
    """Return what to know before the fractions are used, a sentence each.

    Parameters
    ----------
    session : Session

    Returns
    -------
    list of str
    """
    said, fields = _on_two_levels(session), session.mapped
    if not fields or session.segmenter is None:
        return said
    names = _names(session)
    table = [shown_fractions(session, field) for field in fields]
    said += remark_on_maps(table, names, [field.file_name for field in fields])
    said += list(session.model.remarks)
    for phase, name in enumerate(names):
        said += _two_things(name, [fractions[phase] for fractions in table])
    for field in fields:
        guidance = None if field.phase_map is None else field.phase_map.guidance
        if guidance is not None and not guidance.is_guided:
            said.append(f"the known fractions of {field.file_name} were not followed: they conflict with the image")
    if session.segmenter.model.is_converged is False:
        said.append("the fit stopped at its largest number of iterations before it converged")
    return [f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}" for text in dict.fromkeys(said)]


def _on_two_levels(session: Session) -> list[str]:
    """Say of which images neighbourhoods take the small regions away."""
    if session.settings.features != "texture" or session.is_loaded:
        return []
    names = [field.file_name for field in session.fields if has_two_levels(field.micrograph.image)]
    if not names:
        return []
    which = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    return [
        f"{which}: nearly two grey levels. The features texture, which see neighbourhoods, overlook small regions "
        "in such a scan; choose the features grey, and press Segment."
    ]


def has_two_levels(image: NDArray[np.float32]) -> bool:
    """Whether grey levels fall into two groups, each narrow: the best cut leaves a small fraction of their variance.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)

    Returns
    -------
    bool

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> scan = np.where(rng.random((64, 64)) < 0.1, 0.1, 0.9) + rng.normal(0, 0.02, (64, 64))
    >>> has_two_levels(np.float32(scan)), has_two_levels(np.float32(rng.random((64, 64))))
    (True, False)
    """
    part = image[:: max(1, image.shape[0] // 256), :: max(1, image.shape[1] // 256)]
    counts, edges = np.histogram(part, bins=128)
    levels, weights = (edges[1:] + edges[:-1]) / 2, counts / counts.sum()
    total = float(np.sum(weights * (levels - np.sum(weights * levels)) ** 2))
    below, sums = np.cumsum(weights)[:-1], np.cumsum(weights * levels)[:-1]
    mean = float(np.sum(weights * levels))
    between = (mean * below - sums) ** 2 / np.maximum(below * (1 - below), 1e-9)
    return total > 0 and float(between.max()) > (1 - NARROW) * total


def outlying(session: Session) -> dict[str, str]:
    """Say which images are unlike the others, and in what.

    Parameters
    ----------
    session : Session

    Returns
    -------
    dict of str to str
        By file name. An image is outlying where a fraction is further from the median of all than 10 % of the area and
        4 standard deviations, estimated by the median absolute deviation. Of fewer than four images none is.
    """
    fields = session.mapped
    if len(fields) < FEWEST_OUTLYING:
        return {}
    table = np.array([shown_fractions(session, field) for field in fields])
    middle = np.median(table, axis=0)
    spread = 1.4826 * np.median(np.abs(table - middle), axis=0)
    names, found = _names(session), {}
    for field, own, away in zip(fields, table, np.abs(table - middle), strict=True):
        phase = int(away.argmax())
        if away[phase] > max(0.1, 4 * spread[phase]):
            usual = 100 * middle[phase]
            found[field.file_name] = f"{names[phase]} {100 * own[phase]:.1f} %, the median of all images {usual:.1f} %"
    return found


def interval_over(fractions: Sequence[float]) -> str:
    """Say what the mean fraction over several images is, and how well it is known.

    Parameters
    ----------
    fractions : sequence of float
        One an image, 0 to 1.

    Returns
    -------
    str

    Examples
    --------
    >>> interval_over([0.30, 0.32, 0.31, 0.33])
    '4 images: 31.5 ± 2.1 %'
    >>> interval_over([0.6, 0.95])
    '2 images: mean 77.5 %, from 60.0 to 95.0 %; too few for an interval'
    >>> interval_over([0.0, 0.0, 0.0, 0.0, 0.15])
    '5 images: mean 3.0 %, from 0.0 to 15.0 %; too unlike for an interval'
    >>> interval_over([0.3])
    ''
    """
    if len(fractions) < 2:
        return ""
    over = summarise_fields([100 * value for value in fractions])
    if over.ci95 is None or over.mean - over.ci95 < 0 or over.mean + over.ci95 > 100:
        low, high = 100 * min(fractions), 100 * max(fractions)
        why = "too few" if len(fractions) == 2 else "too unlike"
        return f"{len(fractions)} images: mean {over.mean:.1f} %, from {low:.1f} to {high:.1f} %; {why} for an interval"
    return f"{over.n_fields} images: {over.mean:.1f} ± {over.ci95:.1f} %"


def caution_about(fractions: Sequence[float]) -> str:
    """Say what is doubtful about one phase, to stand beside its fraction; nothing where nothing is.

    Parameters
    ----------
    fractions : sequence of float
        One an image, 0 to 1.

    Returns
    -------
    str

    Examples
    --------
    >>> caution_about([0.0, 0.0])
    'empty: found in no image'
    >>> caution_about([0.1, 0.12, 0.75])
    'perhaps two different things: 10 to 12 % of 2 images, 75 % of one image'
    >>> caution_about([0.3, 0.32])
    ''
    """
    if fractions and max(fractions) < NOTHING:
        return f"empty: {NOWHERE if len(fractions) > 1 else 'not found in the image'}"
    parts = _apart(fractions)
    return "" if parts is None else f"perhaps two different things: {parts[0]}, {parts[1]}"


def _two_things(name: str, fractions: list[float]) -> list[str]:
    """Say where the fractions of a phase fall into two groups far apart."""
    parts = _apart(fractions)
    if parts is None:
        return []
    return [f"{name} covers {' and '.join(parts)}: it may stand for two different things; compare the maps"]


def _apart(fractions: Sequence[float]) -> tuple[str, str] | None:
    """Return the two groups into which fractions fall that lie far apart, in words."""
    if len(fractions) < 2:
        return None
    ordered = np.sort(fractions)
    gaps = np.diff(ordered)
    cut = int(gaps.argmax())
    if gaps[cut] < APART:
        return None
    low, high = ordered[: cut + 1], ordered[cut + 1 :]
    return f"{_span(low)} of {_counted(len(low))}", f"{_span(high)} of {_counted(len(high))}"


def _span(values: np.ndarray) -> str:
    low, high = 100 * float(values[0]), 100 * float(values[-1])
    return f"{low:.0f} %" if round(low) == round(high) else f"{low:.0f} to {high:.0f} %"


def _counted(number: int) -> str:
    return "one image" if number == 1 else f"{number} images"


def _names(session: Session) -> list[str]:
    count = len(session.model.names)
    names = session.phase_names(count)
    return [names[members[0]] for members in group_names(names)]
