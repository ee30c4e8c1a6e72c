"""What a choice of other features is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from segment.composition.relearning import LEEWAY
from segment.model.chosen import Chosen, Figures
from segment.model.parameters import Parameters

Look = Callable[[Sequence[NDArray[np.float32]], Parameters], Figures | None]


@dataclass(frozen=True)
class Choice:
    """Features in the place of "texture", for images that ask for them.

    A choice is a file in `segment.model.choices` and a line in its registry. Nothing else names it: parameters, model
    file, side-car, report and command have what this record and `Chosen` say.

    Attributes
    ----------
    name : str
        What `Parameters.choices` calls it.
    features : str
        A key of `segment.features.FEATURES`.
    look : callable
        ``look(greys, parameters)`` returns the figures of prepared images, or None where the choice does not apply to
        them; see `segment.model.choices.sampled.sample_images`.
    reason : str
        Template of half a sentence, filled with the figures.
    least : mapping of str to float
        Figures that must be at least so large.
    below : mapping of str to float
        Figures that must be smaller than this.
    caveat : str
        What to bear in mind of such a map, a sentence.
    is_for_labels : bool
        Whether it is asked also where phases are learned from labels.
    leeway : float
        How much less sharp known fractions may make boundaries, see `segment.composition.guide`.

    Examples
    --------
    >>> choice = Choice("bright", "grey", lambda greys, parameters: None, "{level:.1f} is bright", least={"level": 0.5})
    >>> choice.holds({"level": 0.4}), choice.holds({"level": 0.6}), choice.chosen({"level": 0.6}).reason
    (False, True, '0.6 is bright')
    """

    name: str
    features: str
    look: Look
    reason: str
    least: Figures = field(default_factory=dict)
    below: Figures = field(default_factory=dict)
    caveat: str = ""
    is_for_labels: bool = False
    leeway: float = LEEWAY

    def holds(self, figures: Figures) -> bool:
        """Return whether every figure keeps its limit."""
        is_enough = all(figures[name] >= limit for name, limit in self.least.items())
        return is_enough and all(figures[name] < limit for name, limit in self.below.items())

    def chosen(self, figures: Figures) -> Chosen:
        """Return what is remembered where the choice was made for these figures."""
        return Chosen(self.name, dict(figures), self.reason.format(**figures), self.caveat, self.leeway)
