"""The atomic columns of the shown image: what ``segment atoms`` measures, and what each column is, to be pointed at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segment.app.findings import REPORT, read_files
from segment.app.session import Findings, Place, Session
from segment.app.settings import read_number
from segment.app.user_error import UserError
from segment.app.words import sentence
from segment.io import write_json, write_text
from segment.io.decode import decode
from segment.pipeline import Progress, output_names
from segment.records import Micrograph

if TYPE_CHECKING:
    from segment.atoms import Analysis

# The file that the page draws the columns from, and the number of unlike columns and of empty sites that are listed.
OVERLAY, LISTED = "overlay.json", 40


@dataclass(frozen=True)
class Sought:
    """An image whose columns are to be found.

    Attributes
    ----------
    image : Micrograph
    file_name : str
    name : str
        Files begin with it.
    pixel_size_pm : float or None
    cells : tuple of (float, float, float)
        What the lattice may be; see `segment.atoms.find_cells`.
    is_dark : bool
    folder : Path
        For files; whoever made it removes it.
    """

    image: Micrograph
    file_name: str
    name: str
    pixel_size_pm: float | None
    cells: tuple[tuple[float, float, float], ...]
    is_dark: bool
    folder: Path


def columns_of(session: Session, values: Mapping[str, Any], folder: Path) -> Sought:
    """Return the shown image as one of columns.

    Parameters
    ----------
    session : Session
    values : mapping
        ``image``, ``cell``, ``pixel_size`` in picometres and ``is_dark``, as they were typed.
    folder : Path

    Returns
    -------
    Sought

    Raises
    ------
    UserError
        If there is no such image, or the cell or the pixel size cannot be.
    """
    from segment.atoms.calibration import read_cells

    if not session.fields:
        raise UserError("There is no image yet: drop one first.")
    field = session.fields[session.index_of(str(values.get("image")))]
    image, cell = field.micrograph, str(values.get("cell") or "").strip()
    size = image.calibration.pixel_size_um
    edge = None if size is None else 1e6 * size
    if values.get("pixel_size") not in ("", None):
        edge = read_number("The pixel size in pm", values["pixel_size"])
        if edge <= 0:
            raise UserError("The pixel size in pm must be positive.")
    try:
        cells = read_cells(cell) if cell else ()
    except ValueError as error:
        raise UserError(f"The lattice should be {error}.") from error
    name = output_names([Path(field.file_name)])[0]
    return Sought(image, field.file_name, name, edge, cells, bool(values.get("is_dark")), folder)


def find_atoms(sought: Sought) -> Iterator[Progress | Findings]:
    """Find the columns of an image; progress first, what was found last.

    Parameters
    ----------
    sought : Sought

    Yields
    ------
    Progress or Findings
    """
    from nmfcore import __version__
    from segment.atoms import analyse_columns
    from segment.interchange.columns import write_columns
    from segment.plots import plot_columns
    from segment.report.columns import column_tables, render_columns

    yield Progress("columns", 0, 2, sought.file_name)
    pixels = sought.image.image.astype(np.float64)
    if sought.image.valid is not None:
        pixels[~sought.image.valid] = np.nan
    options = {"pixel_size_pm": sought.pixel_size_pm, "cells": sought.cells, "is_dark": sought.is_dark}
    found = analyse_columns(pixels, **options)
    yield Progress("write", 1, 2, sought.file_name)
    about, out = {"input": sought.file_name, "parameters": options}, sought.folder / "out"
    write_columns(out, sought.name, found, about)
    drawn = plot_columns(out / f"{sought.name}_atoms.png", pixels, found)
    picture = np.asarray(decode(drawn.read_bytes()))[..., :3]
    write_text(out / REPORT, render_columns(sought.name, found, about, picture, version=__version__))
    write_json(out / OVERLAY, overlay(found))
    captions = ((drawn.name, "Left: columns by sublattice. Right: neighbours, by motif."),)
    remarks = tuple(sentence(text) for text in found.remarks)
    tables, places = tuple(column_tables(found)), tuple(_places(sought.file_name, found))
    yield Findings("Atomic columns", sought.file_name, tables, remarks, captions, read_files(out), places)


def overlay(found: Analysis) -> dict[str, Any]:
    """Return what the page draws over the image, and says of each column.

    Parameters
    ----------
    found : Analysis

    Returns
    -------
    dict
        JSON values: ``x`` and ``y`` in pixels of the image, whose left and upper edges are 0; a sentence a column;
        pairs of neighbours; ``empty`` sites; and by which groups columns can be coloured, with names of the groups.
    """
    columns = found.columns
    # Of columns, whole numbers are the middles of pixels.
    x, y = (np.round(values + 0.5, 2).tolist() for values in (columns.x, columns.y))
    edges = np.empty((0, 2), int)
    if found.neighbours is not None:
        # Bonds along the hull lead past the edge of the image.
        edges = found.neighbours.edges[found.neighbours.is_inner[found.neighbours.edges].any(axis=1)]
    groups: dict[str, dict[str, Any]] = {}
    if found.lattices:
        lattice = found.lattices[0]
        names = [f"sublattice {number}" for number in range(lattice.n_sublattices)]
        of = np.where(lattice.sublattice < 0, len(names), lattice.sublattice)
        groups["sublattice"] = {"of": of.tolist(), "names": [*names, "on no lattice"]}
    if found.classes is not None:
        kinds = ["usual", "low", "high", "none"]
        groups["class"] = {"of": [kinds.index(label) for label in found.classes.label.tolist()], "names": kinds}
    if found.motifs is not None:
        groups["motif"] = {"of": found.motifs.label.tolist(), "names": list(found.motifs.sentences)}
    return {
        "x": x,
        "y": y,
        "radius": round(float(columns.shape.sigma_px), 2),
        "said": _sentences(found),
        "edges": edges.tolist(),
        "empty": [[round(float(x) + 0.5, 2), round(float(y) + 0.5, 2)] for y, x in _empty(found)],
        "groups": groups,
    }


def _sentences(found: Analysis) -> list[str]:
    columns, edge = found.columns, found.columns.pixel_size_pm
    scale, unit = (1.0, "px") if edge is None else (edge, "pm")
    count = None if found.neighbours is None else found.neighbours.coordination
    said = []
    for at in range(len(columns)):
        parts = [
            f"Column {at}: x {columns.x[at] * scale:.6g} ± {columns.x_error[at] * scale:.2g} {unit}, "
            f"y {columns.y[at] * scale:.6g} ± {columns.y_error[at] * scale:.2g} {unit}"
        ]
        if found.lattices:
            number = int(found.lattices[0].sublattice[at])
            parts.append("on no lattice" if number < 0 else f"sublattice {number}")
        if found.classes is not None and found.classes.label[at] != "none":
            ratio, p_value = found.classes.ratio[at], found.classes.p_value[at]
            kind = found.classes.label[at]
            parts.append(f"{kind}: {ratio:.2f} of the amplitude of its neighbours, p = {p_value:.2g}")
        if count is not None:
            parts.append(f"{count[at]} neighbours")
        if columns.is_edge[at]:
            parts.append("cut by the edge")
        said.append(f"{'; '.join(parts)}.")
    return said


def _empty(found: Analysis) -> NDArray[np.float64]:
    return found.lattices[0].empty if found.lattices else np.empty((0, 2))


def _places(image: str, found: Analysis) -> Iterator[Place]:
    """Give where columns unlike their neighbours are, the surest first, and sites without a column."""
    columns = found.columns
    width = 24 * float(columns.shape.sigma_px) if not found.lattices else 12 * float(found.lattices[0].spacing_px)
    if found.classes is not None:
        odd = np.flatnonzero(np.isin(found.classes.label, ("low", "high")))
        for at in odd[np.argsort(found.classes.p_value[odd], kind="stable")][:LISTED].tolist():
            text = f"Column {at}: {found.classes.label[at]}, {found.classes.ratio[at]:.2f} of its neighbours"
            yield Place(image, float(columns.x[at]) + 0.5, float(columns.y[at]) + 0.5, width, text)
    for number, (y, x) in enumerate(_empty(found)[:LISTED].tolist()):
        yield Place(image, x + 0.5, y + 0.5, width, f"Empty site {number}")
