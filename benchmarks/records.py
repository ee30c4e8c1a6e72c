"""What cases measure and hand to the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Effort:
    """How much work a run may do.

    Attributes
    ----------
    name : str
        Shown in the report.
    images : tuple of int
        Numbers of micrographs in one matrix.
    crop : int or None
        Side in pixels of the square cut from the centre of each micrograph; None: whole micrographs.
    components : tuple of int
        Values of k.
    repeats : int
        Measured rounds; in each, all contenders take their turn.
    pipeline_images : int
        Micrographs the pipeline is trained on.
    memory_rows : int
        Rows of the matrix of the memory case, which has 6 columns.
    imports : int
        Fresh processes per imported package.
    quality_images : int
        Labelled micrographs per set.
    quality_halved : bool
        Whether labelled micrographs are reduced to half their size.
    app_shape : (int, int)
        Height and width of the image that the app segments.
    app_runs : int
        How often it does.
    """

    name: str
    images: tuple[int, ...]
    crop: int | None
    components: tuple[int, ...]
    repeats: int
    pipeline_images: int
    memory_rows: int
    imports: int
    quality_images: int
    quality_halved: bool
    app_shape: tuple[int, int]
    app_runs: int


FULL = Effort("full", (1, 10), None, (2, 3, 4, 5, 6), 3, 10, 2_600_000, 9, 8, False, (703, 1024), 50)
QUICK = Effort("quick", (1,), 256, (2, 4), 2, 2, 200_000, 3, 2, True, (128, 160), 6)


@dataclass(frozen=True)
class Timing:
    """Wall-clock seconds of repeated calls.

    Attributes
    ----------
    seconds : tuple of float
        One entry a call, in the order of the calls.
    """

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median of the calls, in seconds."""
        return median(self.seconds)

    @property
    def spread(self) -> float:
        """Slowest minus fastest call, as a share of the median."""
        return (max(self.seconds) - min(self.seconds)) / self.median

    def __add__(self, other: Timing) -> Timing:
        return Timing(self.seconds + other.seconds)


@dataclass(frozen=True)
class Curve:
    """Objective against time for one contender on one matrix.

    Attributes
    ----------
    label, panel : str
        Contender, and the matrix it was run on: curves of one panel are drawn together.
    seconds, objective : tuple of float
        One point per limit on the iterations: time of the whole call, and loss over half the squared norm of X.
    """

    label: str
    panel: str
    seconds: tuple[float, ...]
    objective: tuple[float, ...]


@dataclass(frozen=True)
class CaseResult:
    """Everything one case has to say.

    Attributes
    ----------
    name, title : str
    data : str
        In words, what was measured on.
    tables : dict of str to list of dict
        Title of a table to its rows; all rows of a table have the same keys.
    headlines : tuple of str
        What a hurried reader should know, made from the rows.
    curves : tuple of Curve
    skipped : tuple of str
        What was left out, and why.
    """

    name: str
    title: str
    data: str
    tables: dict[str, list[dict[str, Any]]]
    headlines: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()
    skipped: tuple[str, ...] = field(default=())
