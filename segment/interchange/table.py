"""Measurements of a batch as a Parquet table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from segment.io import atomic_path

OPTIONAL = ("low", "high", "boundary_low", "boundary_high")


def write_parquet(path: str | Path, tables: Iterable[tuple[str, Iterable[Any]]]) -> None:
    """Write the measurements of a batch as one Parquet table, typed, with missing values where CSV has nothing.

    Parameters
    ----------
    path : str or Path
        Where to.
    tables : iterable of (str, iterable of dataclass)
        Name of each image and its rows, all of one class such as `segment.measure.PhaseFraction`.

    Raises
    ------
    ValueError
        If pyarrow is not installed; says what brings it.
    segment.io.OutputError
        If the file cannot be written.
    """
    require_pyarrow()
    import pyarrow
    from pyarrow import parquet

    rows = [{"image": image, **asdict(row)} for image, found in tables for row in found]
    columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else {"image": ""})}
    # Intervals that were not asked for are no columns.
    for name in OPTIONAL:
        if name in columns and all(value is None for value in columns[name]):
            del columns[name]
    # Should no row have a value, the column is one of missing numbers, not of nothing at all.
    arrays = {name: _typed(pyarrow, values) for name, values in columns.items()}
    with atomic_path(path) as temporary:
        parquet.write_table(pyarrow.table(arrays), temporary)


def require_pyarrow() -> None:
    """Raise ValueError where pyarrow is missing."""
    if find_spec("pyarrow") is None:
        raise ValueError("Parquet needs pyarrow, which is not installed: pip install 'nmfcore[parquet]'")


def _typed(pyarrow: Any, values: list[Any]) -> Any:
    is_missing = bool(values) and all(value is None for value in values)
    return pyarrow.array(values, type=pyarrow.float64() if is_missing else None)
