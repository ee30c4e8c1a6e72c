"""The command ``segment guide``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segment.cli.console import Session
from segment.cli.options import Json, Quiet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def guide(
    overview: Annotated[Path, typer.Argument(help="Quick, noisy image of the whole area.", show_default=False)],
    fields: Annotated[str, typer.Option(help="Number of rows and columns of fields in the area.")] = "16,16",
    visited: Annotated[
        Path | None,
        typer.Option(
            help="CSV of the fields measured so far, with columns row,column,found; rows and columns count from 0.",
            show_default=False,
        ),
    ] = None,
    most: Annotated[int, typer.Option(help="Number of fields to list.")] = 8,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Suggest where to measure next: the fields of an overview with the most features of interest."""
    with Session(json, quiet) as session:
        import numpy as np

        from segment.atoms import score_overview
        from segment.atoms.guide import CURIOSITY, expect_fields
        from segment.cli.atoms import read_plane

        with session.usage_errors():
            try:
                rows, columns = (int(part) for part in fields.split(","))
            except ValueError:
                raise ValueError(f"--fields: two whole numbers such as 16,16, got {fields!r}") from None
            if rows < 1 or columns < 1 or most < 1:
                raise ValueError("--fields and --most: numbers from 1")
        image = read_plane(overview)
        places, found = _read_visited(visited, (rows, columns))
        score = score_overview(image, (rows, columns))
        mean, sd = expect_fields((rows, columns), places, found, score)
        worth = mean + CURIOSITY * sd
        worth[places[:, 0], places[:, 1]] = -np.inf
        order = np.argsort(-worth, axis=None, kind="stable")[: min(most, rows * columns - len(places))]
        listed = []
        for rank in order:
            row, column = (int(n) for n in np.unravel_index(rank, (rows, columns)))
            place = {
                "row": row,
                "column": column,
                "middle_y_px": (row + 0.5) * image.shape[0] / rows,
                "middle_x_px": (column + 0.5) * image.shape[1] / columns,
                "score": float(score[row, column]),
            }
            if len(places):
                place["expected"] = max(0.0, float(mean[row, column])) ** 2
            listed.append(place)
            hope = f", expected {place['expected']:.2g}" if "expected" in place else ""
            session.say(
                f"field {row},{column}: middle at y {place['middle_y_px']:.1f}, x {place['middle_x_px']:.1f} pixels, "
                f"score {place['score']:.4g}{hope}"
            )
        session.emit(listed)


def _read_visited(path: Path | None, shape: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    import csv

    import numpy as np

    if path is None:
        return np.empty((0, 2), dtype=np.intp), np.empty(0)
    with path.open(encoding="utf-8", newline="") as file:
        try:
            table = [(int(line["row"]), int(line["column"]), float(line["found"])) for line in csv.DictReader(file)]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"'{path}': a CSV with the columns row,column,found is needed ({error})") from error
    for row, column, _ in table:
        if not (0 <= row < shape[0] and 0 <= column < shape[1]):
            raise ValueError(f"'{path}': field {row},{column} is not one of {shape[0]} x {shape[1]}")
    places = np.array([entry[:2] for entry in table], dtype=np.intp).reshape(-1, 2)
    return places, np.array([entry[2] for entry in table])
