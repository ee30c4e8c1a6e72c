"""The report of a batch, gathered field by field so that no full-size image is kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segment.io import write_text
from segment.io.decode import decode
from segment.measure import PhaseFraction
from segment.model import FittedModel
from segment.pipeline.outputs import software
from segment.pipeline.reading import Failure, ReadOptions, read_one
from segment.pipeline.resume import read_side_car
from segment.records import PhaseMap
from segment.report import ReportField, render_html, report_field

REPORT = "report.html"


class Reporter:
    """Collect the fields of a batch and write their report in the end.

    Parameters
    ----------
    out : Path
        Folder that gets ``report.html`` and holds the results of the batch.
    model : FittedModel
        What segments the batch.
    options : ReadOptions
        How its files are read.
    """

    def __init__(self, out: Path, model: FittedModel, options: ReadOptions) -> None:
        self._out, self._model, self._options = out, model, options
        self._fields: list[ReportField] = []

    def add(self, name: str, phase_map: PhaseMap, rows: Sequence[PhaseFraction]) -> None:
        """Add a field that was just segmented."""
        guidance = None if phase_map.guidance is None else phase_map.guidance.to_json()
        self._fields.append(report_field(name, phase_map.micrograph, phase_map.labels, rows, software(), guidance))

    def add_kept(self, name: str, path: Path, rows: Sequence[PhaseFraction]) -> bool:
        """Add a field whose results lie in the folder since an earlier run; False where its label image is damaged."""
        micrograph = read_one(path, self._options)
        if isinstance(micrograph, Failure):
            return False
        try:
            labels = np.asarray(decode((self._out / f"{name}_labels.png").read_bytes()))
            record = read_side_car(self._out / f"{name}.json")
            kept = report_field(name, micrograph, labels, rows, record.get("software"), record.get("guidance"))
            self._fields.append(kept)
        except (OSError, ValueError):
            return False
        return True

    def write(self, failures: Sequence[Failure]) -> Path | None:
        """Write the report, whole or not at all; None where no field was segmented."""
        if not self._fields:
            return None
        messages = [item.message for item in failures]
        page = render_html(self._fields, self._model, failures=messages, software=software())
        write_text(self._out / REPORT, page)
        return self._out / REPORT
