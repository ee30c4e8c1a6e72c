"""Reproducible measurements: ``python -m benchmarks`` runs named cases against named peers in one run."""
