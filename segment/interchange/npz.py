"""A phase map as one NumPy archive."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from segment.io import write_npz
from segment.records import PhaseMap


def write_phase_npz(phase_map: PhaseMap, out: Path, name: str) -> tuple[Path, ...]:
    """Write ``NAME_phases.npz``: labels, abundances, fractions, names and pixel_size_um (NaN where not calibrated).

    Parameters
    ----------
    phase_map : PhaseMap
    out : Path
        Folder, made where missing.
    name : str
        What the file's name starts with.

    Returns
    -------
    tuple of Path
        The file written; ``numpy.load`` reads it without pickle.
    """
    path = out / f"{name}_phases.npz"
    edge = phase_map.micrograph.calibration.pixel_size_um
    arrays = {
        "labels": phase_map.labels,
        "abundances": phase_map.abundances,
        "fractions": phase_map.fractions,
        "names": np.array(phase_map.names),
        "pixel_size_um": np.array(np.nan if edge is None else edge),
    }
    write_npz(path, arrays)
    return (path,)
