"""What cases measure and hand to the report."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Effort:
    """How much work a run may do.

    Attributes
    ----------
    name : str
        Shown in the report. Cases choose the sizes of their own by whether it is "full".
    crop : int or None
        Side in pixels of the square cut from the centre of each micrograph; None: whole micrographs.
    components : tuple of int
        Values of k for the features of micrographs.
    repeats : int
        Measured rounds, in each of which all contenders take their turn, or fresh processes.
    multiple, least_seconds, most_seconds : float
        What a peer may spend on a matrix before the rounds, and again in them: so many times what the subject's fit
        takes, within these bounds.
    rest : float
        Seconds without work before each measured call: threads of the contender before it wait busily for as much as a
        tenth of a second, and would take a core from it.
    peers : tuple of str or None
        Peers that take part; None: all.
    """

    name: str
    crop: int | None
    components: tuple[int, ...]
    repeats: int
    multiple: float
    least_seconds: float
    most_seconds: float
    rest: float
    peers: tuple[str, ...] | None = None

    @property
    def is_full(self) -> bool:
        """Whether the figures are worth anything; otherwise a run only shows that all still works."""
        return self.name == "full"

    def allow(self, seconds: float) -> float:
        """Say what a peer may spend, in seconds, where the subject's fit takes so many."""
        return min(max(self.multiple * seconds, self.least_seconds), self.most_seconds)


FULL = Effort(
    name="full",
    crop=None,
    components=(2, 3, 4, 5, 6),
    repeats=3,
    multiple=100.0,
    least_seconds=0.5,
    most_seconds=2.5,
    rest=0.25,
)
QUICK = Effort(
    name="quick",
    crop=128,
    components=(3,),
    repeats=1,
    multiple=10.0,
    least_seconds=0.05,
    most_seconds=0.2,
    rest=0.0,
)


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
    seconds : float
        How long the case took.
    missed : tuple of str
        Figures that fall short of their target; the command then ends with exit code 1, unless it is quick.
    """

    name: str
    title: str
    data: str
    tables: dict[str, list[dict[str, Any]]]
    headlines: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()
    skipped: tuple[str, ...] = ()
    seconds: float = 0.0
    missed: tuple[str, ...] = ()
