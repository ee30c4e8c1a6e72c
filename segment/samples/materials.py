"""The materials."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Material:
    """A synthetic material."""

    name: str
    phases: tuple[str, ...]


MATERIALS: dict[str, Material] = {}
