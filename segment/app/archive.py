"""Everything at once, to take away."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from segment.app.pictures import DRAWING
from segment.app.session import Session, UserError
from segment.io import write_png, write_text
from segment.measure import fractions_csv
from segment.model import presets, storage, write_preset
from segment.pipeline import output_names
from segment.pipeline.batch import FRACTIONS, MODEL
from segment.pipeline.outputs import software, write_result
from segment.pipeline.reporting import REPORT
from segment.report import render_html, report_field

PRESET = "preset.toml"
# As `segment run --labels` takes them.
STROKES = "strokes"


def zip_results(session: Session) -> bytes:
    """Return a zip file of what ``segment run`` would have written for the mapped images.

    Parameters
    ----------
    session : Session

    Returns
    -------
    bytes
        Per image the labels, the coloured phases, the components, the overlay and the side-car; the table of fractions,
        the report and the model for all of them, the preset where it is the user's own, and the strokes that taught the
        phases. Names and colours are the user's.

    Raises
    ------
    UserError
        If no image has a phase map.
    """
    fields = session.mapped
    if not fields:
        raise UserError("There is nothing to download yet: press Segment first.")
    model = session.model
    names = output_names([Path(field.file_name) for field in fields])
    stream = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="segment-results-") as made, DRAWING:
        folder = Path(made)
        tables, reported = [], []
        for name, field in zip(names, fields, strict=True):
            if field.phase_map is None:
                continue
            mapped = field.phase_map
            rows = write_result(folder, name, mapped, model, field.options, composition=field.composition)
            if field.lesson is not None:
                write_png(folder / STROKES / f"{name}.png", field.lesson)
            tables.append((name, rows))
            guidance = None if mapped.guidance is None else mapped.guidance.to_json()
            reported.append(report_field(name, field.micrograph, mapped.labels, rows, software(), guidance))
        write_text(folder / FRACTIONS, fractions_csv(tables))
        storage.save(folder / MODEL, model)
        if model.parameters.preset not in presets():
            write_preset(folder / PRESET, model.parameters)
        colours = np.array(session.colours, dtype=np.uint8)
        write_text(folder / REPORT, render_html(reported, model, software=software(), colours=colours))
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                archive.write(path, path.relative_to(folder))
    return stream.getvalue()
