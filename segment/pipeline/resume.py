"""Results of an earlier run that equal what would be made now."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segment.composition import Composition
from segment.io.own import is_unchanged, list_own
from segment.measure import PhaseFraction
from segment.model import FittedModel
from segment.pipeline.outputs import FORMAT, VERSION, output_paths
from segment.pipeline.reading import ReadOptions, digest_file


def kept_result(
    path: Path,
    out: Path,
    name: str,
    model: FittedModel,
    options: ReadOptions,
    exports: Sequence[str] = (),
    composition: Composition | None = None,
    *,
    intervals: bool = False,
) -> tuple[tuple[PhaseFraction, ...], float | None] | None:
    """Return rows and window, in pixels, of a complete earlier result that equals what would be made now, or None."""
    *pictures, side_car = output_paths(out, name)
    record = read_side_car(side_car)
    try:
        is_same = (
            (record["format"], record["version"]) == (FORMAT, VERSION)
            and record["model"]["sha256"] == model.digest
            and record["parameters"] == model.parameters.to_json()
            and record["read_options"] == options.to_json()
            and record["composition"] == (None if composition is None else composition.to_json())
            and (not intervals or record.get("intervals") is not None)
            and set(exports) <= set(record["exports"])
            and all(is_unchanged(out / file, digest) for file, digest in list_own(side_car).items())
            and all(picture.is_file() for picture in pictures)
            and record["input"]["sha256"] == digest_file(path)
        )
        window: float | None = record["treatment"]["window_px"]
        return (tuple(PhaseFraction(**row) for row in record["fractions"]), window) if is_same else None
    except (KeyError, TypeError, OSError):
        return None


def read_side_car(path: Path) -> Any:
    """Return the content of a side-car; an empty dict where it is missing or no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
