"""One micrograph of a report, small enough that a hundred of them fit into one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.measure import PhaseFraction
from segment.plots.rgb import stretch
from segment.records import Band, Calibration, Micrograph

WIDEST = 640


@dataclass(frozen=True)
class ReportField:
    """What a report says and shows of one field.

    Attributes
    ----------
    name : str
    path : str or None
        Where the input lay; None for an array.
    sha256 : str or None
        Digest of the input's bytes; None for an array.
    shape : (int, int)
        Height and width in pixels that were segmented.
    band : Band
    calibration : Calibration
    fractions : tuple of PhaseFraction
    image : ndarray of uint8, shape (h, w)
        The micrograph at full contrast, at most 640 pixels wide.
    labels : ndarray of uint8, shape (h, w)
        Phase ids, sampled to the same size.
    software : mapping of str to str
        Versions that made the labels; empty where not known.
    guidance : mapping or None
        What known fractions changed, as `segment.records.Guidance.to_json`; None where none were given.
    quality : mapping or None
        Figures of the map and its components, as the attributes of `segment.evaluate.Quality`; None where not known.
    """

    name: str
    path: str | None
    sha256: str | None
    shape: tuple[int, int]
    band: Band
    calibration: Calibration
    fractions: tuple[PhaseFraction, ...]
    image: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    software: Mapping[str, str] = field(default_factory=dict)
    guidance: Mapping[str, Any] | None = None
    quality: Mapping[str, float | None] | None = None


def report_field(
    name: str,
    micrograph: Micrograph,
    labels: NDArray[np.uint8],
    fractions: Sequence[PhaseFraction],
    software: Mapping[str, str] | None = None,
    guidance: Mapping[str, Any] | None = None,
    quality: Mapping[str, float | None] | None = None,
) -> ReportField:
    """Take from a segmented micrograph what a report needs.

    Parameters
    ----------
    name : str
        What the field is called in the report.
    micrograph : Micrograph
    labels : ndarray of uint8, shape (h, w)
        Phase ids, at the micrograph's size.
    fractions : sequence of PhaseFraction
        As `segment.measure.measure_fractions` returns them.
    software : mapping of str to str, optional
        Versions that made the labels.
    guidance : mapping, optional
        What known fractions changed, as `segment.records.Guidance.to_json`.
    quality : mapping, optional
        Figures of the map, as the attributes of `segment.evaluate.Quality`.

    Returns
    -------
    ReportField
        It keeps nothing of the full-size arrays.

    Raises
    ------
    ValueError
        If the labels do not have the micrograph's shape.
    """
    height, width = labels.shape
    if micrograph.image.shape != labels.shape:
        raise ValueError(f"labels must have the micrograph's shape {micrograph.image.shape}, got {labels.shape}")
    size = min(width, WIDEST), max(1, round(height * min(1.0, WIDEST / width)))
    return ReportField(
        name=name,
        path=None if micrograph.path is None else str(micrograph.path),
        sha256=micrograph.sha256,
        shape=(height, width),
        band=micrograph.band,
        calibration=micrograph.calibration,
        fractions=tuple(row for row in fractions if not row.is_excluded),
        image=np.array(cv2.resize(stretch(micrograph.image), size, interpolation=cv2.INTER_AREA), dtype=np.uint8),
        labels=np.array(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8),
        software=dict(software or {}),
        guidance=guidance,
        quality=quality,
    )
