"""Phase fractions: how much of a micrograph each phase covers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from segment.records import EXCLUDED, PhaseMap

ENDS = ("low", "high", "boundary_low", "boundary_high")


@dataclass(frozen=True)
class PhaseFraction:
    """One row of the table of phase fractions.

    Attributes
    ----------
    phase : int
        Phase id, 0 to k - 1.
    name : str
        Name of the phase.
    pixels : int
        Pixels with this label.
    fraction : float
        Fraction of the image's pixels, 0 to 1.
    area_um2 : float or None
        Area in square micrometres; None where the micrograph has no calibration.
    confidence : {"high", "read from the picture", "low", "none"}
        How far the pixel size, and with it the area, is to be trusted; see `segment.records.Calibration`.
    low, high : float or None
        90 % interval of the fraction where it is open what the phase is, see `segment.records.Intervals`; None where
        it was not asked for.
    boundary_low, boundary_high : float or None
        The same where only the boundary of the phase is open.
    """

    phase: int
    name: str
    pixels: int
    fraction: float
    area_um2: float | None
    confidence: str = "none"
    low: float | None = None
    high: float | None = None
    boundary_low: float | None = None
    boundary_high: float | None = None

    @property
    def is_excluded(self) -> bool:
        """Whether the row is of the pixels that take no part, label 255, and its fraction one of all pixels."""
        return self.phase == EXCLUDED


def measure_fractions(phase_map: PhaseMap) -> tuple[PhaseFraction, ...]:
    """Measure the area fraction of every phase of one map.

    Parameters
    ----------
    phase_map : PhaseMap

    Returns
    -------
    tuple of PhaseFraction
        One a phase, in phase order, phases without a pixel included; the fractions are of the pixels that take part,
        and sum to one. Where pixels are excluded, one row more, phase 255, with their fraction of all pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from segment import Segmenter
    >>> image = np.zeros((32, 32), dtype=np.float32)
    >>> image[:, 16:] = 1.0
    >>> sum(row.pixels for row in measure_fractions(Segmenter(2).fit_predict(image)))
    1024
    """
    pixels = np.bincount(phase_map.labels.ravel(), minlength=EXCLUDED + 1)
    n_excluded = 0 if phase_map.micrograph.valid is None else int(np.count_nonzero(~phase_map.micrograph.valid))
    total = phase_map.labels.size
    calibration = phase_map.micrograph.calibration
    edge = calibration.pixel_size_um
    rows = [(phase, name, int(pixels[phase]), total - n_excluded) for phase, name in enumerate(phase_map.names)]
    rows += [(EXCLUDED, "excluded", n_excluded, total)] if n_excluded else []
    return tuple(
        PhaseFraction(
            phase=phase,
            name=name,
            pixels=count,
            fraction=count / whole,
            area_um2=None if edge is None else float(count * edge**2),
            confidence=calibration.confidence,
            **_ends(phase_map, phase),
        )
        for phase, name, count, whole in rows
    )


def _ends(phase_map: PhaseMap, phase: int) -> dict[str, float]:
    found = phase_map.intervals
    if found is None or phase == EXCLUDED:
        return {}
    return dict(zip(ENDS, (float(end) for end in (*found.meaning[phase], *found.boundary[phase])), strict=True))


def fractions_csv(
    tables: Iterable[tuple[str, Iterable[PhaseFraction]]], remarks: Mapping[str, str] | None = None
) -> str:
    """Return the fractions of a batch as CSV text.

    Parameters
    ----------
    tables : iterable of (str, iterable of PhaseFraction)
        Name of each image and its rows.
    remarks : mapping of str to str, optional
        What is doubtful about a phase, by its name.

    Returns
    -------
    str
        Columns image, phase, name, pixels, fraction, area_um2 (empty where not calibrated), confidence (of the pixel
        size), and where any row has intervals low, high, boundary_low, boundary_high; remark, where there are any;
        lines end in a newline.
    """
    tables = [(image, tuple(rows)) for image, rows in tables]
    ends = ENDS if any(row.low is not None for _, rows in tables for row in rows) else ()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    said = remarks or {}
    last = ("remark",) if said else ()
    writer.writerow(("image", "phase", "name", "pixels", "fraction", "area_um2", "confidence", *ends, *last))
    for image, rows in tables:
        for row in rows:
            area = "" if row.area_um2 is None else f"{row.area_um2:.6g}"
            every = [getattr(row, name) for name in ends]
            known = ["" if end is None else f"{end:.4f}" for end in every]
            known += [said.get(row.name, "")] if said else []
            writer.writerow(
                (image, row.phase, row.name, row.pixels, f"{row.fraction:.6f}", area, row.confidence, *known)
            )
    return text.getvalue()
