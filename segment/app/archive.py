"""Everything at once, to take away."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from segment.app.findings import TABS
from segment.app.method import describe_method
from segment.app.phases import shown_map
from segment.app.pictures import DRAWING
from segment.app.project_file import write_project
from segment.app.session import Session
from segment.interchange import IMAGE_FORMATS, TABLE_FORMATS, check_formats
from segment.io import write_png, write_text
from segment.measure import fractions_csv
from segment.model import presets, storage, write_preset
from segment.pipeline import output_names
from segment.pipeline.batch import FRACTIONS, MODEL
from segment.pipeline.outputs import judge, software, write_result
from segment.pipeline.reporting import REPORT
from segment.report import render_html, report_field

PRESET, METHOD = "preset.toml", "method.txt"
# As `segment run --labels` and `--mask` take them.
STROKES, MASKS = "strokes", "masks"
EXPORTS = (*IMAGE_FORMATS, *TABLE_FORMATS)


def write_archive(stream: BinaryIO, session: Session, exports: Sequence[str] = ()) -> None:
    """Write a zip file of what ``segment run`` would have written for the mapped images, and the project itself.

    Parameters
    ----------
    stream : binary file
        Open for writing.
    session : Session
    exports : sequence of str
        Names in `EXPORTS`.

    Raises
    ------
    ValueError
        If an export is unknown, or needs a library that is not installed.

    Notes
    -----
    Per mapped image the labels, the coloured phases, the components, the overlay, the side-car and the exports; the
    table of fractions, the report, the model and a paragraph of method for all of them, the preset where it is the
    user's own, the strokes that were learned from, and the masks that were drawn. Names and colours are the user's. The
    project, which the app opens again, is written for any session.
    """
    chosen = check_formats(exports)
    with (
        tempfile.TemporaryDirectory(prefix="segment-results-") as made,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        folder = Path(made)
        if session.mapped:
            with DRAWING:
                _write_results(folder, session, chosen)
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(folder))
        for tab in TABS:
            found = getattr(session, tab)
            for name, content in {} if found is None else found.files.items():
                archive.writestr(f"{tab}/{name}", content.tobytes())
        write_project(archive, session)


def _write_results(folder: Path, session: Session, exports: Sequence[str]) -> None:
    model, fields = session.model, session.mapped
    tables, reported = [], []
    for name, field in zip(output_names([Path(field.file_name) for field in fields]), fields, strict=True):
        mapped, options = shown_map(session, field), field.options
        if field.regions or field.mask is not None:
            options = replace(options, mask=f"{MASKS}/{name}.png")
            valid = np.ones(mapped.labels.shape, bool) if field.micrograph.valid is None else field.micrograph.valid
            write_png(folder / MASKS / f"{name}.png", valid.astype(np.uint8) * 255)
        of = model if field.own is None else replace(field.own.model, names=model.names)
        rows = write_result(folder, name, mapped, of, options, exports, composition=field.composition)
        if field.training is not None:
            write_png(folder / STROKES / f"{name}.png", np.asarray(field.training, dtype=np.uint8))
        tables.append((name, rows))
        guidance = None if mapped.guidance is None else mapped.guidance.to_json()
        reported.append(
            report_field(
                name, field.micrograph, mapped.labels, rows, software(), guidance, asdict(judge(mapped, model))
            )
        )
    measured = session.measured
    if measured is not None:
        name = f"{Path(measured.image).stem}_objects"
        write_text(folder / f"{name}.csv", measured.objects.table.to_csv())
        if len(measured.objects) < 65536:
            write_png(folder / f"{name}.png", measured.objects.labels.astype(np.uint16))
    write_text(folder / FRACTIONS, fractions_csv(tables))
    for export in exports:
        if export in TABLE_FORMATS:
            TABLE_FORMATS[export]((folder / FRACTIONS).with_suffix(f".{export}"), tables)
    storage.save(folder / MODEL, model)
    if model.parameters.preset not in presets():
        write_preset(folder / PRESET, model.parameters)
    write_text(folder / METHOD, describe_method(session))
    shown = shown_map(session, fields[0])
    colours = np.array(shown.colours, dtype=np.uint8)
    page = render_html(reported, model, software=software(), names=shown.names, colours=colours)
    write_text(folder / REPORT, page)
