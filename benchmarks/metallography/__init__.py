"""Grain size, inclusions and anomalies against known answers."""

from benchmarks.metallography.anomalies import measure_anomalies
from benchmarks.metallography.boundaries import measure_boundaries
from benchmarks.metallography.inclusions import measure_inclusions
from benchmarks.metallography.sizes import measure_sizes

__all__ = ["measure_anomalies", "measure_boundaries", "measure_inclusions", "measure_sizes"]
