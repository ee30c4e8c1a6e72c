"""A tidy table: named columns of one length, a row for each thing measured."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Table:
    """Named columns of one length; a missing number is NaN.

    Attributes
    ----------
    columns : mapping of str to ndarray, shape (n,)
        In the order in which they are shown. A unit is part of the name: ``area_px``, ``area_um2``.

    Examples
    --------
    >>> table = Table({"label": np.array([1, 2]), "area_px": np.array([9.0, 4.0])})
    >>> len(table), table["area_px"].sum()
    (2, np.float64(13.0))
    >>> print(table.take(table["area_px"] > 5).to_csv(), end="")
    label,area_px
    1,9
    """

    columns: Mapping[str, NDArray[Any]]

    def __post_init__(self) -> None:
        lengths = {name: np.shape(column) for name, column in self.columns.items()}
        if len(set(lengths.values())) > 1 or any(len(shape) != 1 for shape in lengths.values()):
            raise ValueError(f"columns must have one length, got {lengths}")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def __getitem__(self, name: str) -> NDArray[Any]:
        try:
            return self.columns[name]
        except KeyError:
            raise KeyError(f"no column {name!r}; there are {', '.join(self.columns)}") from None

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def take(self, rows: ArrayLike) -> Table:
        """Return the chosen rows.

        Parameters
        ----------
        rows : array-like of int or bool
            Row numbers in the order wanted, or a mask over all rows.

        Returns
        -------
        Table
        """
        chosen = np.asarray(rows)
        chosen = chosen if chosen.size else chosen.astype(np.intp)
        return Table({name: column[chosen] for name, column in self.columns.items()})

    def rows(self) -> Iterator[dict[str, Any]]:
        """Go through the rows as dicts of plain Python values, NaN as None.

        Yields
        ------
        dict of str to object
        """
        lists = [_plain(column) for column in self.columns.values()]
        for values in zip(*lists, strict=True):
            yield dict(zip(self.columns, values, strict=True))

    def to_csv(self) -> str:
        """Return the table as CSV text.

        Returns
        -------
        str
            A heading and a line a row, each ended by a newline; numbers with nine digits at most, True and False as 1
            and 0, a missing number as nothing.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(zip(*(_texts(column) for column in self.columns.values()), strict=True))
        return text.getvalue()


def _plain(column: NDArray[Any]) -> list[Any]:
    if column.dtype.kind == "f":
        return [None if np.isnan(value) else value for value in column.tolist()]
    return column.tolist()


def _texts(column: NDArray[Any]) -> list[str]:
    if column.dtype.kind == "f":
        return ["" if np.isnan(value) else f"{value:.9g}" for value in column.tolist()]
    if column.dtype.kind == "b":
        return ["1" if value else "0" for value in column.tolist()]
    return [str(value) for value in column.tolist()]
