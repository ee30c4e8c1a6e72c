"""What becomes of one image: its features, what is known about it, its phase map."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.records.intervals import Intervals
from segment.records.micrograph import Micrograph


@dataclass(frozen=True)
class Neighbourhood:
    """How much of its surroundings the features of a pixel see: what was chosen for one image.

    Attributes
    ----------
    window_px : float
        Standard deviation of the Gaussian window, in pixels.
    weight : float
        What the windowed features are multiplied by; those of the pixel itself have 1.
    coarseness : float or None
        Fraction of the grey levels' variance that such a window leaves, 0 to 1, from which the weight follows; None
        where there is nothing to weigh against.
    mean, spread : float or None
        Mean and standard deviation of the feature "bright" over the image; None where it is not measured.
    """

    window_px: float
    weight: float = 1.0
    coarseness: float | None = None
    mean: float | None = None
    spread: float | None = None


@dataclass(frozen=True)
class FeatureStack:
    """Non-negative features of every pixel, feature by feature.

    Attributes
    ----------
    data : ndarray of float32, shape (n_features, h, w), C-contiguous
        Strictly positive values.
    names : tuple of str
        One name a feature.
    neighbourhood : Neighbourhood or None
        What the features see; None where no window is chosen by the image.
    """

    data: NDArray[np.float32]
    names: tuple[str, ...]
    neighbourhood: Neighbourhood | None = None

    @property
    def X(self) -> NDArray[np.float32]:
        """The matrix to factorise, shape (h * w, n_features): a view, pixels in row-major order."""
        return self.data.reshape(self.data.shape[0], -1).T


@dataclass(frozen=True)
class Guidance:
    """What knowing the composition did to a phase map.

    Attributes
    ----------
    labels : ndarray of uint8, shape (h, w)
        The guided labels; the unguided ones where `is_guided` is False.
    names : tuple of str
        Name of each phase: to which component each fraction was given.
    target : ndarray of float64, shape (k,)
        Area fractions asked for; their mean over the image where a map was given.
    before, after : ndarray of float64, shape (k,)
        Area fractions of the unguided labels and of `labels`.
    flipped : int
        Pixels whose label the guidance changed.
    offsets : ndarray of float64, shape (k,)
        What was added to the log scores of each phase, minus infinity for an absent one; their mean where they vary
        over the image; zeros where nothing was guided.
    gate : float
        Pixels whose two best log scores differ by more than this kept their label; infinite without a gate.
    conflict : float
        Fraction of the image's evidence that is overridden, 0 to about 1: mean score given up to meet the target,
        divided by the mean margin between the two best scores.
    misnaming : float
        How much less would be overridden under another naming of the same fractions; 0 where the given one fits best.
    contradicts_image : bool
        Whether `misnaming` exceeds 0.3 or `conflict` 0.75; where phases were learned anew, whether `ambiguity` exceeds
        1.1 (2 for two phases), `sharpness` is too small, or `misnaming` exceeds 0.7, or 0.3 while the other naming
        would override less than 0.05.
    is_guided : bool
        False where the guidance abstained, or the map without it has the fractions of two phases already.
    ambiguity : float or None
        Mean posterior entropy of phases learned with the target, as a multiple of that of phases learned from the
        unguided labels; None where none were learned.
    sharpness : float or None
        How sharp the boundaries of two phases are that were learned with the target, as a multiple of those without;
        None where none were learned, for more phases, and where the map without has no boundary or misses a phase.
    """

    labels: NDArray[np.uint8]
    names: tuple[str, ...]
    target: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    flipped: int
    offsets: NDArray[np.float64]
    gate: float
    conflict: float
    misnaming: float
    contradicts_image: bool
    is_guided: bool
    ambiguity: float | None = None
    sharpness: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return everything but the labels as JSON values; infinities become None."""
        return {
            "phases": list(self.names),
            "target": self.target.tolist(),
            "before": self.before.tolist(),
            "after": self.after.tolist(),
            "flipped": self.flipped,
            "offsets": [float(offset) if np.isfinite(offset) else None for offset in self.offsets],
            "gate": self.gate if np.isfinite(self.gate) else None,
            "conflict": self.conflict,
            "misnaming": self.misnaming,
            "contradicts_image": self.contradicts_image,
            "is_guided": self.is_guided,
            "ambiguity": self.ambiguity,
            "sharpness": self.sharpness,
        }


@dataclass(frozen=True)
class Adaptation:
    """How the phases of a shared model were described anew for one image.

    Attributes
    ----------
    sharpness_before, sharpness_after : float
        Mean gradient of the features at the boundaries of the shared map and at those of the new one, over that of all
        pixels; 0 without any boundary.
    moved : float
        Fraction of the pixels that have another phase than in the shared map.
    """

    sharpness_before: float
    sharpness_after: float
    moved: float


@dataclass(frozen=True)
class Treatment:
    """What one image chose on the way to its map, and what was done to it.

    Attributes
    ----------
    neighbourhood : Neighbourhood or None
        What the features saw, in pixels of the image; None where no window is chosen by the image.
    reassigned : int
        Pixels that clean-up gave another label.
    notes : tuple of str
        In what the image differs from those that were learned from, and what was done about it.
    adaptation : Adaptation or None
        How the phases were described anew for this image; None where the model's own description made the map.
    """

    neighbourhood: Neighbourhood | None = None
    reassigned: int = 0
    notes: tuple[str, ...] = ()
    adaptation: Adaptation | None = None

    def to_json(self, pixel_size_um: float | None = None) -> dict[str, Any]:
        """Return all of it as JSON values.

        Parameters
        ----------
        pixel_size_um : float or None, default None
            Edge length of a pixel in micrometres; where it is given, the window is stated in micrometres too.

        Returns
        -------
        dict
        """
        seen = self.neighbourhood
        return {
            "window_px": None if seen is None else seen.window_px,
            "window_um": None if seen is None or pixel_size_um is None else seen.window_px * pixel_size_um,
            "window_weight": None if seen is None else seen.weight,
            "coarseness": None if seen is None else seen.coarseness,
            "reassigned_pixels": self.reassigned,
            "notes": list(self.notes),
            "adaptation": None if self.adaptation is None else asdict(self.adaptation),
        }


@dataclass(frozen=True)
class PhaseMap:
    """What `Segmenter.predict` returns for one micrograph.

    Attributes
    ----------
    labels : ndarray of uint8, shape (h, w)
        Phase ids 0..k-1, at the micrograph's own size after its band was cropped; 255 where pixels are excluded.
    abundances : ndarray of float32, shape (k, h, w)
        Fraction of each phase in each pixel, or how probable it is there where the model was refined or trained from
        labels; they sum to one over k, to zero where pixels are excluded.
    fractions : ndarray of float64, shape (k,)
        Area fraction of each label, in [0, 1].
    names : tuple of str
        Name of each phase, ``"phase 0"`` ... unless the user gave others.
    micrograph : Micrograph
        What was segmented: image, file, band and calibration.
    parameters : dict
        Every parameter that led here, ready for JSON.
    colours : tuple of (int, int, int), or None
        Red, green and blue of each phase, 0 to 255, where the user chose them; None: the standard palette.
    guidance : Guidance or None
        What known phase fractions changed; None where none were given.
    treatment : Treatment
        What the image chose on the way, and what was done to its labels.
    intervals : Intervals or None
        How well the fractions are known; None where it was not asked for.
    """

    labels: NDArray[np.uint8]
    abundances: NDArray[np.float32]
    fractions: NDArray[np.float64]
    names: tuple[str, ...]
    micrograph: Micrograph
    parameters: dict[str, Any]
    colours: tuple[tuple[int, int, int], ...] | None = None
    guidance: Guidance | None = None
    treatment: Treatment = field(default_factory=Treatment)
    intervals: Intervals | None = None
