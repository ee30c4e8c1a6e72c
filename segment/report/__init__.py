"""One self-contained page about a batch: pictures, statistics, calibration, and what is missing."""

from segment.report.caveats import find_caveats
from segment.report.field import ReportField, report_field
from segment.report.html import render_html

__all__ = ["ReportField", "find_caveats", "render_html", "report_field"]
