"""One self-contained page about a batch: pictures, statistics, calibration, and what is missing."""

from segment.report.caveats import find_caveats
from segment.report.columns import render_columns
from segment.report.field import ReportField, report_field
from segment.report.html import render_html
from segment.report.measurements import ReportTable, render_measurements

__all__ = [
    "ReportField",
    "ReportTable",
    "find_caveats",
    "render_columns",
    "render_html",
    "render_measurements",
    "report_field",
]
