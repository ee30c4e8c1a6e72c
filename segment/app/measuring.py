"""Measure the objects of an image: particles, pores, or the regions of a phase."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.app.session import Measured, Session
from segment.app.user_error import UserError
from segment.pipeline import Progress
from segment.records import EXCLUDED, Micrograph, Objects

POLARITIES = ("bright", "dark")
MOST_SHOWN = 2000
BINS = 20


@dataclass(frozen=True)
class Wanted:
    """Which objects are to be measured.

    Attributes
    ----------
    image : Micrograph
    mask : ndarray of bool, shape (h, w), or None
        The phase that is the objects; None: they are found by their grey level.
    polarity : str
        Of objects that are found by their grey level.
    split : bool
        Whether touching objects are separated.
    min_pixels : int or None
        Smallest object that counts; None: every one of a phase, of an image 5 % of the usual size.
    """

    image: Micrograph
    mask: NDArray[np.bool_] | None
    polarity: str
    split: bool
    min_pixels: int | None


def measure(wanted: Wanted) -> Iterator[Progress | Objects]:
    """Find and measure objects; progress first, the objects last.

    Parameters
    ----------
    wanted : Wanted

    Yields
    ------
    Progress or Objects
    """
    from skimage.measure import label

    from segment.objects import find_objects, measure_objects, split_touching
    from segment.objects.find import drop_small

    micrograph, valid = wanted.image, wanted.image.valid
    yield Progress("measure", 0, 1, f"the objects of {micrograph.name}")
    if wanted.mask is None:
        sign = wanted.polarity
        found = find_objects(_grey(micrograph), polarity=sign, split=wanted.split, min_pixels=wanted.min_pixels)
    elif wanted.split:
        found = drop_small(split_touching(wanted.mask, valid=valid), wanted.min_pixels or 1)
    else:
        found = drop_small(label(wanted.mask, connectivity=1).astype(np.int32), wanted.min_pixels or 1)
    edge = micrograph.calibration.pixel_size_um
    yield measure_objects(found, micrograph.image, pixel_size_um=edge, valid=valid)


def summarise(measured: Measured) -> dict[str, Any]:
    """Return the objects of an image as the page shows them: a sentence, a histogram of diameters, and a table.

    Parameters
    ----------
    measured : Measured

    Returns
    -------
    dict
        JSON values; of the table the first 2,000 rows.
    """
    from segment.objects import size_distribution

    objects, table = measured.objects, measured.objects.table
    unit = "px" if objects.pixel_size_um is None else "µm"
    diameters = table[f"diameter_{'px' if unit == 'px' else 'um'}"]
    weights = table["edge_weight"]
    columns = [name for name in table.columns if unit == "px" or not name.endswith("_px")]
    said = f"{len(objects)} objects of {measured.what} in {measured.image}"
    edge = int(np.count_nonzero(weights == 0))
    counts: list[float] = []
    bounds: list[float] = []
    if np.any(weights > 0):
        found = size_distribution(diameters, weights)
        interval = ""
        if found.median_ci95 is not None:
            interval = f" (95 % interval {found.median_ci95[0]:.3g} to {found.median_ci95[1]:.3g})"
        middle = found.percentiles
        said += (
            f": median diameter {middle['x50']:.3g} {unit}{interval}, 10 % below {middle['x10']:.3g}, 90 % below "
            f"{middle['x90']:.3g} {unit}; " + ", ".join(f"{mean.name} {mean.value:.3g} {unit}" for mean in found.means)
        )
        histogram, edges = np.histogram(diameters, bins=BINS, weights=weights)
        counts, bounds = histogram.tolist(), edges.tolist()
    said += (
        f". Diameters are of circles of equal area; {edge} objects at the edge are in the table, but not in these "
        "numbers, and larger ones count for more, as fewer of them lie wholly inside (Miles, ISO 13322-1)."
    )
    shown = table.take(np.arange(min(len(table), MOST_SHOWN)))
    places = np.column_stack([shown["x_px"] + 0.5, shown["y_px"] + 0.5, shown["feret_max_px"]]).round(1).tolist()
    rows = [[_plain(shown[name][row]) for name in columns] for row in range(len(shown))]
    return {
        "image": measured.image, "said": said, "unit": unit, "counts": counts, "bounds": bounds,
        "columns": columns, "rows": rows, "places": places, "n": len(table),
    }  # fmt: skip


def object_at(session: Session, image: str, x: float, y: float) -> int:
    """Return the id of the measured object at a point of an image, 0 where there is none."""
    measured = session.measured
    if measured is None or measured.image != image:
        return 0
    labels = measured.objects.labels
    row, column = int(y), int(x)
    is_inside = 0 <= row < labels.shape[0] and 0 <= column < labels.shape[1]
    return int(labels[row, column]) if is_inside else 0


def wanted_of(session: Session, image: str, what: str, split: bool, min_pixels: int | None) -> tuple[Wanted, str]:
    """Return what is to be measured, and what it is called.

    Parameters
    ----------
    session : Session
    image : str
        File name.
    what : str
        Number of a phase of the shown map, or "bright" or "dark" for objects of the image itself.
    split : bool
    min_pixels : int or None

    Returns
    -------
    wanted : Wanted
    name : str

    Raises
    ------
    UserError
        If there is no such image or phase.
    """
    field = session.fields[session.index_of(image)]
    if what in POLARITIES:
        return Wanted(field.micrograph, None, what, split, min_pixels), f"{what} objects"
    mapped = field.phase_map
    names = session.phase_names(session.n_phases)
    if mapped is None or not what.isdecimal() or int(what) >= len(mapped.names):
        raise UserError(f"{image} has no map of that phase: press Segment first, or choose bright or dark objects.")
    members = [phase for phase in range(len(mapped.names)) if names[phase].casefold() == names[int(what)].casefold()]
    mask = np.isin(mapped.labels, members) & (mapped.labels != EXCLUDED)
    return Wanted(field.micrograph, mask, "bright", split, min_pixels), names[int(what)]


def _grey(micrograph: Micrograph) -> NDArray[np.floating]:
    from segment.model.image import look_at

    return look_at(micrograph)


def _plain(value: Any) -> Any:
    if isinstance(value, (np.bool_, bool)):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    return None if not np.isfinite(value) else float(f"{float(value):.4g}")
