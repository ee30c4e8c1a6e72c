"""Write samples as a data set."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def write_samples(
    folder: str | Path,
    n: int,
    *,
    materials: Iterable[str] | None = None,
    shape: tuple[int, int] = (512, 640),
    seed: int = 0,
    band: bool = True,
    suffix: str = ".png",
) -> list[Path]:
    """Write `n` micrographs of each material to ``folder/<material>/images|masks`` and ``classes.csv``."""
    raise NotImplementedError
