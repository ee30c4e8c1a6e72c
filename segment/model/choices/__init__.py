"""Choices of other features than "texture", one file each; what is in the registry can be chosen."""

from __future__ import annotations

from segment.model.choices.boundaries import BOUNDARIES
from segment.model.choices.choice import Choice
from segment.model.choices.colours import COLOURS
from segment.model.choices.textures import TEXTURES

# The first that holds is made.
CHOICES: dict[str, Choice] = {choice.name: choice for choice in (COLOURS, TEXTURES, BOUNDARIES)}

__all__ = ["CHOICES", "Choice"]
