"""Phase fractions: how much of a micrograph each phase covers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from segment.records import PhaseMap


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
        Share of the image's pixels, 0 to 1.
    area_um2 : float or None
        Area in square micrometres; None where the micrograph has no calibration.
    """

    phase: int
    name: str
    pixels: int
    fraction: float
    area_um2: float | None


def measure_fractions(phase_map: PhaseMap) -> tuple[PhaseFraction, ...]:
    """Measure the area fraction of every phase of one map.

    Parameters
    ----------
    phase_map : PhaseMap

    Returns
    -------
    tuple of PhaseFraction
        One a phase, in phase order, phases without a pixel included; the fractions sum to one.

    Examples
    --------
    >>> import numpy as np
    >>> from segment import Segmenter
    >>> image = np.zeros((32, 32), dtype=np.float32)
    >>> image[:, 16:] = 1.0
    >>> sum(row.pixels for row in measure_fractions(Segmenter(2).fit_predict(image)))
    1024
    """
    pixels = np.bincount(phase_map.labels.ravel(), minlength=len(phase_map.names))
    edge = phase_map.micrograph.calibration.pixel_size_um
    return tuple(
        PhaseFraction(
            phase=phase,
            name=name,
            pixels=int(pixels[phase]),
            fraction=float(pixels[phase] / phase_map.labels.size),
            area_um2=None if edge is None else float(pixels[phase] * edge**2),
        )
        for phase, name in enumerate(phase_map.names)
    )


def fractions_csv(tables: Iterable[tuple[str, Iterable[PhaseFraction]]]) -> str:
    """Return the fractions of a batch as CSV text.

    Parameters
    ----------
    tables : iterable of (str, iterable of PhaseFraction)
        Name of each image and its rows.

    Returns
    -------
    str
        Columns image, phase, name, pixels, fraction, area_um2 (empty where not calibrated); lines end in a newline.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("image", "phase", "name", "pixels", "fraction", "area_um2"))
    for image, rows in tables:
        for row in rows:
            area = "" if row.area_um2 is None else f"{row.area_um2:.6g}"
            writer.writerow((image, row.phase, row.name, row.pixels, f"{row.fraction:.6f}", area))
    return text.getvalue()
