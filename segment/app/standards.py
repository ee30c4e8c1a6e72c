"""Grain size and inclusions of the open images, by the standards: what the command line measures, with its page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from segment.app.findings import read_files
from segment.app.session import Findings, Session
from segment.app.user_error import UserError
from segment.io import write_png
from segment.pipeline import Progress, ReadOptions, output_names
from segment.records import Micrograph
from segment.report import ReportTable

# What is offered: the options of `segment grains` and `segment inclusions`.
KINDS = {
    "grains": "Grain size (ASTM E112)",
    "inclusions": "Inclusions (ASTM E1245)",
    "e45": "Inclusions, rated by ASTM E45",
    "nodularity": "Graphite, nodularity",
}


@dataclass(frozen=True)
class Material:
    """The fields of one material, to be measured by a standard.

    Attributes
    ----------
    kind : str
        A key of `KINDS`.
    images : tuple of Micrograph
    names : tuple of str
        One an image.
    folder : Path
        For files; whoever made it removes it.
    """

    kind: str
    images: tuple[Micrograph, ...]
    names: tuple[str, ...]
    folder: Path


def material_of(session: Session, kind: str, folder: Path) -> Material:
    """Return the open images as the fields of one material.

    Parameters
    ----------
    session : Session
    kind : str
        A key of `KINDS`.
    folder : Path

    Returns
    -------
    Material

    Raises
    ------
    UserError
        If there is no image, no such standard, or the images have different pixel sizes.
    """
    if kind not in KINDS:
        raise UserError(f"There is no standard {kind[:20]!r} here; there are {', '.join(KINDS)}.")
    if not session.fields:
        raise UserError("There is no image yet: drop one first.")
    images = tuple(field.micrograph for field in session.fields)
    sizes = {image.calibration.pixel_size_um for image in images}
    if len(sizes) > 1:
        shown = ", ".join("unknown" if size is None else f"{size:.4g} µm" for size in sorted(sizes, key=str))
        raise UserError(f"The images have different pixel sizes ({shown}): correct them, or measure them apart.")
    return Material(kind, images, tuple(output_names([Path(field.file_name) for field in session.fields])), folder)


def rate(material: Material) -> Iterator[Progress | Findings]:
    """Measure fields by a standard; progress first, the tables and the page last.

    Parameters
    ----------
    material : Material

    Yields
    ------
    Progress or Findings
    """
    yield Progress("measure", 0, 1, f"{len(material.images)} fields")
    out = material.folder / "out"
    paths, options = _written(material)
    if material.kind == "grains":
        tables, caveats, mark = _grains(paths, out, options)
    else:
        tables, caveats, mark = _inclusions(paths, out, options, material.kind)
    shown = f"{material.names[0]}_{mark}.png"
    # Of the pictures the first: there is one for each field, and the page has them.
    files = {name: content for name, content in read_files(out).items() if name == shown or not name.endswith(".png")}
    pictures = ((shown, "The first field, with what was measured marked."),)
    yield Findings(KINDS[material.kind], "", tables, caveats, pictures, files)


def _written(material: Material) -> tuple[list[Path], ReadOptions]:
    paths, masks = [], material.folder / "masks"
    for image, name in zip(material.images, material.names, strict=True):
        paths.append(material.folder / f"{name}.png")
        write_png(paths[-1], np.asarray(np.rint(image.image * 65535), dtype=np.uint16))
        if image.valid is not None:
            write_png(masks / f"{name}.png", image.valid.astype(np.uint8) * 255)
    size = material.images[0].calibration.pixel_size_um
    mask = str(masks) if masks.exists() else None
    # As they are in the app: nothing is looked for again.
    plain = ReadOptions("none", size, borders="none", overlays="none", colour="none", scale_bar_um="none")
    return paths, replace(plain, mask=mask)


def _grains(
    paths: Sequence[Path], out: Path, options: ReadOptions
) -> tuple[tuple[ReportTable, ...], tuple[str, ...], str]:
    from segment.pipeline.grains import COLUMNS, GrainOptions, measure_grain_files, size_row

    result = measure_grain_files(paths, out, GrainOptions(), options, report=True)
    rows = tuple(size_row(size) for size in result.sizes)
    said = f"Mean intercept {result.mean_intercept_px:.4g} px."
    return (ReportTable("Grain size, every method side by side", COLUMNS, rows, said),), result.caveats, "boundaries"


def _inclusions(
    paths: Sequence[Path], out: Path, options: ReadOptions, kind: str
) -> tuple[tuple[ReportTable, ...], tuple[str, ...], str]:
    from segment.pipeline.inclusion_fields import find_inclusion_fields
    from segment.pipeline.inclusion_tables import number_tables
    from segment.pipeline.inclusions import InclusionOptions, measure_inclusions

    chosen = InclusionOptions(ratings=kind == "e45", nodularity=kind == "nodularity")
    result = measure_inclusions(find_inclusion_fields(paths, "dark", options), out, chosen, report=True)
    return tuple(number_tables(result)), result.caveats, "inclusions"
