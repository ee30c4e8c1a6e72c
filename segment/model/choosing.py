"""Choose by the images which features the phases are learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segment.model.choices import CHOICES
from segment.model.chosen import Chosen
from segment.model.parameters import Parameters

# Features that weigh the pixel against its neighbourhood, in whose place others are chosen.
BY_GREY = "texture"


def choose(
    greys: Sequence[NDArray[np.float32]], parameters: Parameters, *, has_labels: bool = False
) -> tuple[Parameters, Chosen | None]:
    """Choose other features than "texture" where the images ask for them: one choice for all.

    Parameters
    ----------
    greys : sequence of ndarray of float32, shape (h, w)
        Prepared images, of at least as many pixels as there are phases; those in colour or with excluded pixels are
        `segment.records.GreyImage`.
    parameters : Parameters
        Of the features "texture"; others are returned as they are.
    has_labels : bool, default False
        Whether phases are learned from labels: the choices without `Choice.is_for_labels` are then not asked.

    Returns
    -------
    tuple of (Parameters, Chosen or None)
        Parameters with the features to learn from, and why these are others than was asked for.

    Notes
    -----
    The choices that `Parameters.choices` names are asked in the order of `segment.model.choices.CHOICES`; the first
    that holds is made. Deterministic for any number of threads.
    """
    if parameters.features != BY_GREY:
        return parameters, None
    for name, choice in CHOICES.items():
        if name not in parameters.choices or (has_labels and not choice.is_for_labels):
            continue
        figures = choice.look(greys, parameters)
        if figures is not None and choice.holds(figures):
            return replace(parameters, features=choice.features), choice.chosen(figures)
    return parameters, None
