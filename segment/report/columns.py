"""The report of an image of atomic columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.report.measurements import ReportTable, render_measurements

# Columns and sites that are listed; the tables in the folder hold all.
LISTED = 40


def render_columns(
    name: str, found: Any, about: Mapping[str, Any], picture: NDArray[np.uint8], *, version: str = ""
) -> str:
    """Render what an image of columns says as one page that loads nothing else.

    Parameters
    ----------
    name : str
        Of the image.
    found : segment.atoms.Analysis
    about : mapping
        Input and parameters.
    picture : ndarray of uint8, shape (h, w, 3)
        Columns by class, and the graph by motif.
    version : str, default ""
        Of the program.

    Returns
    -------
    str
        HTML5, to be written as UTF-8.
    """
    tables = column_tables(found)
    settings = tuple((key, str(value)) for key, value in about["parameters"].items())
    tables.append(ReportTable("Settings", ("parameter", "value"), settings, f"Input: {about['input']}"))
    caption = "Left: columns by sublattice, those unlike their neighbours marked. Right: neighbours, coloured by motif."
    return render_measurements(
        f"Atomic columns of {name}", tables, [(caption, picture)], caveats=found.remarks, version=version
    )


def column_tables(found: Any) -> list[ReportTable]:
    """Return what an image of columns says as tables: columns, lattice, empty sites, classes and motifs.

    Parameters
    ----------
    found : segment.atoms.Analysis

    Returns
    -------
    list of ReportTable
    """
    return [_columns(found), *_lattices(found), *_classes(found), *_motifs(found)]


def _scale(found: Any) -> tuple[float, str]:
    edge = found.columns.pixel_size_pm
    return (1.0, "px") if edge is None else (float(edge), "pm")


def _columns(found: Any) -> ReportTable:
    columns, (scale, unit) = found.columns, _scale(found)
    inner = ~columns.is_edge
    error = np.median(np.hypot(columns.y_error, columns.x_error)[inner]) * scale if inner.any() else np.nan
    rows = (
        ("columns", str(len(columns))),
        ("of them cut by the edge, left out of statistics", str(int(columns.is_edge.sum()))),
        (f"position error, median, {unit}", f"{error:.3g}"),
        (f"width of a column, one sigma, {unit}", f"{columns.shape.sigma_px * scale:.4g}"),
        ("significance asked for, standard deviations", f"{columns.threshold:.2f}"),
        ("squared residual over what noise explains", f"{columns.misfit:.3f}"),
    )
    note = (
        "Errors are one standard deviation from the covariance of the joint fit: they know noise, not scan distortion."
    )
    return ReportTable("Columns", ("figure", "value"), rows, note)


def _lattices(found: Any) -> list[ReportTable]:
    scale, unit = _scale(found)
    rows = tuple(
        (
            f"{number}",
            f"{lattice.a * scale:.5g} ± {lattice.a_error * scale:.2g}",
            f"{lattice.b * scale:.5g} ± {lattice.b_error * scale:.2g}",
            f"{lattice.angle_deg:.2f} ± {lattice.angle_error:.2g}",
            f"{lattice.n_sublattices}",
            f"{len(lattice.empty)}",
        )
        for number, lattice in enumerate(found.lattices, start=1)
    )
    if not rows:
        return []
    heading = ("lattice", f"a, {unit}", f"b, {unit}", "angle, degrees", "sublattices", "empty sites")
    tables = [ReportTable("Lattice", heading, rows, "" if found.check is None else f"Check: {found.check.verdict}.")]
    lattice = found.lattices[0]
    if len(lattice.empty):
        sites = tuple(
            (f"{x:.2f}", f"{y:.2f}", f"{of}")
            for (y, x), of in zip(lattice.empty[:LISTED], lattice.empty_sublattice[:LISTED], strict=True)
        )
        note = f"{len(sites)} of {len(lattice.empty)}; a site without a column is a vacancy, or a hole in the specimen."
        tables.append(ReportTable("Empty sites", ("x, px", "y, px", "sublattice"), sites, note))
    return tables


def _classes(found: Any) -> list[ReportTable]:
    if found.classes is None:
        return []
    classes, columns = found.classes, found.columns
    names, counts = np.unique(classes.label, return_counts=True)
    usual = tuple((str(name), str(count)) for name, count in zip(names, counts, strict=True))
    note = f"At most {100 * classes.false_rate:g} % of the low and high ones may be ordinary."
    tables = [ReportTable("Columns against their neighbours on the same sublattice", ("class", "columns"), usual, note)]
    odd = np.flatnonzero(np.isin(classes.label, ("low", "high")))
    odd = odd[np.argsort(classes.p_value[odd], kind="stable")]
    rows = tuple(
        (
            f"{columns.x[at]:.2f}",
            f"{columns.y[at]:.2f}",
            str(classes.label[at]),
            f"{classes.ratio[at]:.3f}",
            f"{classes.p_value[at]:.1e}",
        )
        for at in odd[:LISTED].tolist()
    )
    if rows:
        heading = ("x, px", "y, px", "class", "amplitude over neighbours", "p")
        tables.append(ReportTable("Unlike their neighbours", heading, rows, f"{len(rows)} of {len(odd)}, by p."))
    return tables


def _motifs(found: Any) -> list[ReportTable]:
    if found.motifs is None:
        return []
    fraction = [float((found.motifs.label == number).mean()) for number in range(len(found.motifs.sentences))]
    rows = tuple(
        (str(number), f"{100 * part:.1f}", sentence)
        for number, (part, sentence) in enumerate(zip(fraction, found.motifs.sentences, strict=True))
    )
    return [ReportTable("Motifs", ("motif", "columns, %", "what is around them"), rows)]
