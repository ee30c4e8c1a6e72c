"""Images in colour, by their colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segment.model.choices.choice import Choice
from segment.model.chosen import Figures
from segment.model.parameters import Parameters
from segment.records import chroma_of


def look(greys: Sequence[NDArray[np.float32]], parameters: Parameters) -> Figures | None:
    """Return no figures where all images have colours that say something, and None elsewhere."""
    del parameters
    return None if any(chroma_of(grey) is None for grey in greys) else {}


COLOURS = Choice(
    name="colours",
    features="colour",
    look=look,
    reason="phases were distinguished by their colour too, for all images have colours that differ from grey",
    is_for_labels=True,
)
