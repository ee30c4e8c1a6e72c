"""Columns in the formats that others read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from segment.atoms.analysis import Analysis
from segment.io import refuse_foreign, write_json, write_npz, write_text


def column_table(found: Analysis) -> dict[str, NDArray[Any]]:
    """Return one row for each column, as named lists of one length; lengths are in pixels unless a name says otherwise.

    Parameters
    ----------
    found : Analysis

    Returns
    -------
    dict of str to ndarray, shape (n,)
    """
    columns, n = found.columns, len(found.columns)
    table: dict[str, NDArray[Any]] = {
        "column": np.arange(n),
        "y": columns.y,
        "x": columns.x,
        "y_error": columns.y_error,
        "x_error": columns.x_error,
    }
    if columns.pixel_size_pm is not None:
        for name in ("y", "x", "y_error", "x_error"):
            table[f"{name}_pm"] = table[name] * columns.pixel_size_pm
    table |= {
        "amplitude": columns.amplitude,
        "amplitude_error": columns.amplitude_error,
        "significance": columns.significance,
        "background": columns.background,
        "is_edge": columns.is_edge.astype(int),
    }
    if found.lattices:
        lattice = found.lattices[0]
        table |= {"sublattice": lattice.sublattice, "a_index": lattice.indices[:, 0], "b_index": lattice.indices[:, 1]}
    if found.classes is not None:
        table |= {"class": found.classes.label, "ratio": found.classes.ratio, "p_value": found.classes.p_value}
    if found.strain is not None:
        table |= dict(zip(("strain_xx", "strain_yy", "strain_xy", "rotation"), found.strain.T, strict=True))
    if found.order is not None and found.defect_score is not None and found.motifs is not None:
        order = found.order
        table |= {
            "coordination": order.coordination,
            "psi_4": order.psi_4,
            "psi_6": order.psi_6,
            "bond": order.bond,
            "bond_spread": order.bond_spread,
            "hole": order.hole,
            "defect_score": found.defect_score,
            "motif": found.motifs.label,
        }
    return table


def write_columns(folder: Path, name: str, found: Analysis, about: Mapping[str, Any]) -> list[Path]:
    """Write the table, the sites without a column, positions, arrays, graph, markers and a side-car.

    Parameters
    ----------
    folder : Path
        Made where it does not exist.
    name : str
        Files begin with it.
    found : Analysis
    about : mapping
        What the side-car is to say of the input and the parameters.

    Returns
    -------
    list of Path
        ``NAME_columns.csv``, ``NAME_empty_sites.csv``, ``NAME_columns.xyz``, ``NAME_columns.npz``,
        ``NAME_graph.graphml``, ``NAME_markers.json`` and ``NAME_atoms.json``; without statistics, no graph.

    Raises
    ------
    segment.io.OutputError
        If a file is there that this program did not write.
    """
    paths = {key: folder / f"{name}_{key}" for key in FILES}
    further = [folder / f"{name}_{key}" for key in FURTHER]
    refuse_foreign((*paths.values(), *further), paths["atoms.json"])
    folder.mkdir(parents=True, exist_ok=True)
    table = column_table(found)
    write_text(paths["columns.csv"], to_csv(table))
    lattice = found.lattices[0] if found.lattices else None
    empty = np.empty((0, 2)) if lattice is None else lattice.empty
    of = np.empty(0, dtype=int) if lattice is None else lattice.empty_sublattice
    write_text(paths["empty_sites.csv"], to_csv({"y": empty[:, 0], "x": empty[:, 1], "sublattice": of}))
    write_text(paths["columns.xyz"], to_xyz(found))
    write_npz(paths["columns.npz"], table)
    points = [[float(x), float(y)] for y, x in found.columns.positions]
    # HyperSpy: hs.plot.markers.Points(**json.load(file)); offsets are (x, y) in pixels.
    write_json(paths["markers.json"], {"offsets": points, "offset_transform": "data"})
    files = [path.name for path in (*paths.values(), *further)]
    write_json(paths["atoms.json"], {"format": FORMAT, **about, **summary(found), "files": files})
    if found.neighbours is None:
        return [path for key, path in paths.items() if key != "graph.graphml"]
    write_text(paths["graph.graphml"], to_graphml(found, table))
    return list(paths.values())


FORMAT = "segment atoms"
# The picture and the page, which are drawn elsewhere.
FURTHER = ("atoms.png", "report.html")
FILES = (
    "columns.csv",
    "empty_sites.csv",
    "columns.xyz",
    "columns.npz",
    "graph.graphml",
    "markers.json",
    "atoms.json",
)


def summary(found: Analysis) -> dict[str, Any]:
    """Return the figures of an analysis that are not of single columns, as JSON can hold them.

    Parameters
    ----------
    found : Analysis

    Returns
    -------
    dict
    """
    columns = found.columns
    labels = [] if found.classes is None else found.classes.label.tolist()
    return {
        "n_columns": len(columns),
        "sigma_px": columns.shape.sigma_px,
        "tails": columns.shape.tails,
        "noise": {"gain": columns.noise.gain, "offset": columns.noise.offset},
        "misfit": columns.misfit,
        "threshold": columns.threshold,
        "pixel_size_pm": columns.pixel_size_pm,
        "lattices": [
            {
                "a_px": lattice.a,
                "a_error_px": lattice.a_error,
                "b_px": lattice.b,
                "b_error_px": lattice.b_error,
                "angle_deg": lattice.angle_deg,
                "angle_error_deg": lattice.angle_error,
                "n_sublattices": lattice.n_sublattices,
                "n_empty": len(lattice.empty),
                "residual_px": lattice.residual_px,
            }
            for lattice in found.lattices
        ],
        "classes": {name: labels.count(name) for name in sorted(set(labels))},
        "motifs": [] if found.motifs is None else list(found.motifs.sentences),
        "remarks": list(found.remarks),
    }


def to_csv(table: Mapping[str, NDArray[Any]]) -> str:
    """Return a table as CSV; numbers to nine digits, nothing for NaN."""
    lines = [",".join(table)]
    lines += [",".join(map(_cell, row)) for row in zip(*table.values(), strict=True)]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        return "" if np.isnan(value) else f"{value:.9g}"
    return str(value)


def to_xyz(found: Analysis) -> str:
    """Return positions in angstroms, or in pixels where their size is not known, as an XYZ file.

    Elements are not known: sublattices are X0, X1 and so on, columns on none are X.
    """
    columns = found.columns
    scale = 1.0 if columns.pixel_size_pm is None else columns.pixel_size_pm / 100
    unit = "pixels" if columns.pixel_size_pm is None else "angstrom"
    sublattice = found.lattices[0].sublattice if found.lattices else np.full(len(columns), -1)
    names = ["X" if number < 0 else f"X{number}" for number in sublattice]
    lines = [
        f"{name} {x * scale:.5f} {-y * scale:.5f} 0.0" for name, (y, x) in zip(names, columns.positions, strict=True)
    ]
    return "\n".join([str(len(columns)), f"columns in {unit}, y upwards", *lines]) + "\n"


def to_graphml(found: Analysis, table: Mapping[str, NDArray[Any]]) -> str:
    """Return the graph of neighbours, with everything known of each column, as GraphML."""
    if found.neighbours is None:
        raise ValueError("there is no graph: fewer than 20 columns")
    kinds = {name: "string" if values.dtype.kind == "U" else "double" for name, values in table.items()}
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">']
    lines += [f'<key id="{n}" for="node" attr.name="{n}" attr.type="{kind}"/>' for n, kind in kinds.items()]
    lines.append('<key id="length" for="edge" attr.name="length" attr.type="double"/>')
    lines.append('<graph edgedefault="undirected">')
    for index, row in enumerate(zip(*table.values(), strict=True)):
        cells = zip(table, map(_cell, row), strict=True)
        data = "".join(f'<data key="{name}">{escape(text)}</data>' for name, text in cells if text)
        lines.append(f'<node id="n{index}">{data}</node>')
    for (i, j), length in zip(found.neighbours.edges, found.neighbours.length, strict=True):
        lines.append(f'<edge source="n{i}" target="n{j}"><data key="length">{length:.9g}</data></edge>')
    return "\n".join([*lines, "</graph>", "</graphml>"]) + "\n"
