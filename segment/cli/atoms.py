"""The command ``segment atoms``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segment.cli.console import Session
from segment.cli.options import Json, Mask, Quiet, Report, Seed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def atoms(
    image: Annotated[
        Path,
        typer.Argument(help="Image file with one channel; .npy keeps the counts of the detector.", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("out/atoms"),
    pixel_size: Annotated[
        float | None,
        typer.Option(
            "--pixel-pm", help="Edge of a pixel in picometres; replaces what the file says.", show_default=False
        ),
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option(
            help="Expected lattice: a material such as MoS2, or 'a,b,angle' in pm and degrees.",
            show_default=False,
        ),
    ] = None,
    mask: Mask = None,
    dark: Annotated[bool, typer.Option("--dark", help="The columns are dark on a bright background.")] = False,
    false_rate: Annotated[float, typer.Option(help="Largest fraction of false columns, found in noise.")] = 0.01,
    motifs: Annotated[int, typer.Option(help="Number of kinds of neighbourhoods to distinguish.")] = 4,
    seed: Seed = 0,
    report: Report = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find atomic columns and measure their positions with errors, lattice, defects and neighbourhoods."""
    with Session(json, quiet) as session:
        from segment.atoms import analyse_columns
        from segment.atoms.calibration import read_cells
        from segment.interchange.columns import summary, write_columns
        from segment.plots import plot_columns

        with session.usage_errors():
            if pixel_size is not None and not 0 < pixel_size < float("inf"):
                raise ValueError(f"--pixel-pm: a positive number of picometres, got {pixel_size}")
            if not 0 < false_rate < 1:
                raise ValueError(f"--false-rate: a number between 0 and 1, got {false_rate}")
            if motifs < 2:
                raise ValueError(f"--motifs: at least 2, got {motifs}")
            try:
                cells = () if cell is None else read_cells(cell)
            except ValueError as error:
                raise ValueError(f"--cell: {error}") from error
        pixels, noted = read_plane(image, mask), read_notes(image)
        edge = pixel_size if pixel_size is not None else _pixel_size_pm(noted, pixels.shape[1])
        try:
            found = analyse_columns(
                pixels,
                pixel_size_pm=edge,
                cells=cells or _noted_cells(noted),
                is_dark=dark,
                false_rate=false_rate,
                n_motifs=motifs,
                random_state=seed,
            )
        except ValueError as error:
            raise ValueError(f"'{image}': {error}") from error
        about = {
            "input": str(image),
            "parameters": {
                "pixel_size_pm": edge,
                "cells": cells or _noted_cells(noted),
                "is_dark": dark,
                "false_rate": false_rate,
                "n_motifs": motifs,
                "random_state": seed,
            },
        }
        written = write_columns(out, image.stem, found, about)
        drawn = plot_columns(out / f"{image.stem}_atoms.png", pixels, found)
        written.append(drawn)
        if report:
            written.append(_write_report(out, image.stem, found, about, drawn))
        _print(session, found)
        session.say(f"{len(written)} files in {out}")
        session.emit({**about, **summary(found), "files": written})


def _write_report(out: Path, name: str, found: Any, about: dict[str, Any], drawn: Path) -> Path:
    import numpy as np

    from nmfcore import __version__
    from segment.io import write_text
    from segment.io.decode import decode
    from segment.report import render_columns

    picture = np.asarray(decode(drawn.read_bytes()))[..., :3]
    page = out / f"{name}_report.html"
    write_text(page, render_columns(name, found, about, picture, version=__version__))
    return page


def read_plane(path: Path, mask: Path | None = None) -> NDArray[np.float64]:
    """Read one grey plane in the file's own units; pixels that are masked or transparent are NaN."""
    import numpy as np

    from segment.io import ImageReadError
    from segment.io.decode import decode
    from segment.io.exclude import find_mask, read_mask
    from segment.io.formats.electron import decode_electron, is_electron

    try:
        if is_electron(path):
            pixels = decode_electron(path, path.read_bytes()).pixels
        else:
            pixels = decode(path.read_bytes())
    except OSError as error:
        raise ImageReadError(f"cannot read '{path}': {error.strerror or error}") from error
    except ImageReadError as error:
        raise ImageReadError(f"cannot read '{path}': {error}") from error
    valid = pixels[:, :, -1] != 0 if pixels.ndim == 3 and pixels.shape[2] in (2, 4) else None
    if pixels.ndim == 3 and pixels.shape[2] == 2:
        pixels = pixels[:, :, 0]
    if pixels.ndim == 3 and np.all(pixels[:, :, :3] == pixels[:, :, :1]):
        pixels = pixels[:, :, 0]
    if pixels.ndim != 2:
        raise ImageReadError(f"'{path}': one grey plane is needed, got the shape {pixels.shape}")
    plane = pixels.astype(np.float64)
    if valid is not None:
        plane[~valid] = np.nan
    found = None if mask is None else find_mask(mask, path)
    if found is not None:
        plane[~read_mask(found, (plane.shape[0], plane.shape[1]), len(plane))] = np.nan
    if not np.isfinite(plane).any():
        raise ImageReadError(f"'{path}': every pixel is excluded")
    return plane


def read_notes(path: Path) -> dict[str, Any]:
    """Read the JSON of the same name beside an image; nothing where there is none."""
    from json import JSONDecodeError, loads

    beside = path.with_suffix(".json")
    if not beside.exists():
        return {}
    try:
        notes = loads(beside.read_text(encoding="utf-8"))
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read '{beside}': {error}") from error
    return notes if isinstance(notes, dict) else {}


# Picometres.
UNITS = {"pm": 1.0, "a": 100.0, "angstrom": 100.0, "nm": 1e3, "um": 1e6, "µm": 1e6}


def _pixel_size_pm(notes: dict[str, Any], width: int) -> float | None:
    space = notes.get("experimental_details", {}).get("spatial_info", {})
    try:
        if "pixel_size" in space:
            value, unit = str(space["pixel_size"]).split()
            return float(value) * UNITS[unit.lower()]
        if "field_of_view_x" in space:
            return float(space["field_of_view_x"]) * UNITS[str(space["field_of_view_units"]).lower()] / width
    except (KeyError, ValueError) as error:
        raise ValueError(f"the JSON beside the image has a size that is not understood: {space}") from error
    return None


def _noted_cells(notes: dict[str, Any]) -> tuple[tuple[float, float, float], ...]:
    from segment.atoms import find_cells

    return find_cells(str(notes.get("material_type", "")))


def _print(session: Session, found: Any) -> None:
    columns = found.columns
    scale, unit = (columns.pixel_size_pm, "pm") if columns.pixel_size_pm is not None else (1.0, "px")
    inner = ~columns.is_edge
    if inner.any():
        import numpy as np

        error = float(np.median(np.hypot(columns.y_error, columns.x_error)[inner]))
        session.say(f"{len(columns)} columns, position known to {error * scale:.3g} {unit} (median)")
    for lattice in found.lattices:
        session.say(
            f"lattice: a {lattice.a * scale:.5g} +- {lattice.a_error * scale:.2g} {unit}, "
            f"b {lattice.b * scale:.5g} +- {lattice.b_error * scale:.2g} {unit}, "
            f"angle {lattice.angle_deg:.2f} +- {lattice.angle_error:.2g} degrees, "
            f"{lattice.n_sublattices} sublattices, {len(lattice.empty)} empty sites"
        )
    if found.classes is not None:
        labels = found.classes.label.tolist()
        session.say(f"against their neighbours: {labels.count('low')} columns low, {labels.count('high')} high")
    if found.motifs is not None:
        for number, sentence in enumerate(found.motifs.sentences):
            fraction = float((found.motifs.label == number).mean())
            session.say(f"motif {number}, {100 * fraction:.1f} %: {sentence}")
    for remark in found.remarks:
        session.say(f"note: {remark}")
