"""What the app accepts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The largest uploads that are taken; beyond them a message says so.

    Attributes
    ----------
    file_mb : int
        Size of one file in megabytes.
    image_megapixels : int
        Pixels of one image, in millions.
    total_megapixels : int
        Pixels of all images of one user together, in millions.
    n_images : int
        Images of one user.
    n_phases : int
        Phases to choose from.
    """

    file_mb: int = 200
    image_megapixels: int = 32
    total_megapixels: int = 64
    n_images: int = 100
    n_phases: int = 12

    @property
    def project_bytes(self) -> int:
        """What a project unpacks to at most: two images and a component a phase of four bytes a pixel, and labels."""
        return self.total_megapixels * 1_000_000 * (4 * (2 + self.n_phases) + 8) + 200_000_000
