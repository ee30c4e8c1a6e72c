"""The report of a batch, gathered field by field so that no full-size image is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from segment.io import write_text
from segment.io.decode import decode
from segment.measure import PhaseFraction
from segment.model import FittedModel
from segment.pipeline.outputs import judge, software
from segment.pipeline.reading import Failure
from segment.pipeline.resume import read_side_car
from segment.records import Micrograph, PhaseMap
from segment.report import ReportField, render_html, report_field

REPORT = "report.html"


class Reporter:
    """Collect the fields of a batch and write their report in the end.

    Parameters
    ----------
    out : Path
        Folder that gets ``report.html``.
    model : FittedModel
        What segments the batch.
    """

    def __init__(self, out: Path, model: FittedModel) -> None:
        self._out, self._model = out, model
        self._fields: list[ReportField] = []

    def add(self, field: ReportField) -> None:
        """Add a field."""
        self._fields.append(field)

    def write(self, failures: Sequence[Failure]) -> Path | None:
        """Write the report, whole or not at all; None where no field was segmented."""
        if not self._fields:
            return None
        messages = [item.message for item in failures]
        page = render_html(self._fields, self._model, failures=messages, software=software())
        write_text(self._out / REPORT, page)
        return self._out / REPORT


def new_field(name: str, phase_map: PhaseMap, model: FittedModel, rows: Sequence[PhaseFraction]) -> ReportField:
    """Return what the report says of a field that was just segmented."""
    guidance = None if phase_map.guidance is None else phase_map.guidance.to_json()
    quality = asdict(judge(phase_map, model))
    return report_field(name, phase_map.micrograph, phase_map.labels, rows, software(), guidance, quality)


def kept_field(
    out: Path, name: str, micrograph: Micrograph | Failure, rows: Sequence[PhaseFraction]
) -> ReportField | None:
    """Return what the report says of a field whose results lie in `out`; None where its label image is damaged."""
    if isinstance(micrograph, Failure):
        return None
    try:
        labels = np.asarray(decode((out / f"{name}_labels.png").read_bytes()))
        record = read_side_car(out / f"{name}.json")
        known = (record.get(part) for part in ("software", "guidance", "quality"))
        return report_field(name, micrograph, labels, rows, *known)
    except (OSError, ValueError):
        return None
