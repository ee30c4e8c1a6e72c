"""Objects of every frame of a film, with thresholds learned from a few of its frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

from segment.features.valid import taken
from segment.objects import split_touching
from segment.objects.find import drop_small, fill_holes, find_polarity
from segment.objects.split import noise_level
from segment.records import GreyImage, Series, Shifts, valid_of
from segment.series.averaging import averaged

# Frames that are enough to learn from.
N_TRAINING = 4
# Smoothing to choose from, one sigma in pixels, and frames on either side to average with: the least of both that
# leaves half the contrast of objects this many deviations of noise.
SMOOTHINGS, WINDOWS, CLEAR = (1.0, 1.4), (0, 1, 2), 2.5
# Deviations of noise that a pixel of an object must have at least.
CERTAIN = 3.0
# Scale at which contrast is measured before one is chosen.
COARSEST = 2.0
# Uneven light is coarser than this, one sigma in pixels.
BACKGROUND = 15.0


@dataclass(frozen=True)
class FrameSegmenter:
    """Finds the objects of the frames of one film.

    Attributes
    ----------
    polarity : {"bright", "dark"}
        Of the objects.
    smoothing_px : float
        One sigma of the Gaussian that frames are smoothed by.
    window : int
        Frames on either side, laid over each, that it is averaged with before; 0 for none.
    threshold : float
        Contrast from which a pixel is an object's, in standard deviations of a frame's contrast: a flickering beam
        changes both alike.
    certain : float
        Least contrast in standard deviations of a frame's noise after smoothing.
    min_pixels : int
        Smallest object: a disc as wide as the smoothing resolves, 2.355 sigma.
    n_training : int
        Frames that it was learned from.
    """

    polarity: str
    smoothing_px: float
    window: int
    threshold: float
    certain: float
    min_pixels: int
    n_training: int

    @classmethod
    def fit(cls, frames: Sequence[NDArray[np.floating]], *, polarity: str = "auto") -> FrameSegmenter:
        """Learn from a few frames, without labels.

        Parameters
        ----------
        frames : sequence of ndarray of float, shape (h, w)
            One to four are enough.
        polarity : {"auto", "bright", "dark"}, default "auto"
            "auto" takes what most of the frames have; see `segment.objects.find_objects`.

        Returns
        -------
        FrameSegmenter

        Raises
        ------
        ValueError
            If there is no frame, or `polarity` is unknown.

        Examples
        --------
        >>> from segment.samples import make_coarsening
        >>> film = make_coarsening(n_frames=3, shape=(96, 96), n_particles=30, seed=1)
        >>> frames = film.frames / 255
        >>> segmenter = FrameSegmenter.fit(frames[:2])
        >>> segmenter.polarity, bool(segmenter.segment(frames[2]).max() > 15)
        ('dark', True)
        """
        if not len(frames):
            raise ValueError("frames is empty: at least one frame is needed to learn from")
        if polarity not in ("auto", "bright", "dark"):
            raise ValueError(f"polarity must be 'auto', 'bright' or 'dark', got {polarity!r}")
        chosen: list[NDArray[np.float32]] = [
            GreyImage(np.asarray(frame, np.float32), valid=valid_of(frame)) for frame in frames
        ]
        side = _side(chosen) if polarity == "auto" else polarity
        return _learned(chosen, side, _smoothing(chosen, side) or SMOOTHINGS[-1], 0)

    @classmethod
    def fit_series(cls, series: Series, shifts: Shifts, *, polarity: str = "auto") -> FrameSegmenter:
        """Learn from four good frames of a film, averaged with their neighbours where single ones are too noisy.

        Parameters
        ----------
        series : Series
        shifts : Shifts
            Where the specimen lies in each frame.
        polarity : {"auto", "bright", "dark"}, default "auto"

        Returns
        -------
        FrameSegmenter

        Raises
        ------
        ValueError
            If `polarity` is unknown.
        """
        good = np.flatnonzero(shifts.is_good)
        training = good[np.unique(np.linspace(0, len(good) - 1, N_TRAINING).round().astype(int))].tolist()
        found = cls.fit([series.read(index) for index in training], polarity=polarity)
        for window in WINDOWS:
            chosen = [averaged(series, shifts, index, window) for index in training]
            smoothing = _smoothing(chosen, found.polarity)
            if smoothing is not None or window == WINDOWS[-1]:
                return _learned(chosen, found.polarity, smoothing or SMOOTHINGS[-1], window)
        return found

    def segment(self, frame: NDArray[np.floating]) -> NDArray[np.int32]:
        """Return the object ids of a frame.

        Parameters
        ----------
        frame : ndarray of float, shape (h, w)
            Of a `segment.records.GreyImage` the excluded pixels are no objects.

        Returns
        -------
        ndarray of int32, shape (h, w)
            Ids from 1 in reading order; 0 is background. Touching objects are separated at the waists of their outline.
        """
        grey, valid = np.asarray(frame, dtype=np.float32), valid_of(frame)
        contrast = _contrast(grey, self.polarity, self.smoothing_px)
        noise = noise_level(grey, valid) / (2 * np.sqrt(np.pi) * self.smoothing_px)
        level = max(self.threshold * float(taken(contrast, valid).std()), self.certain * noise)
        mask = fill_holes(contrast > level, valid)
        return drop_small(split_touching(mask, valid=valid), self.min_pixels)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return asdict(self)


def _flattened(frame: NDArray[np.float32], smoothing: float) -> NDArray[np.float32]:
    """Return the frame smoothed, less its background."""
    grey = np.ascontiguousarray(np.asarray(frame))
    fine = cv2.GaussianBlur(grey, (0, 0), smoothing, borderType=cv2.BORDER_REFLECT)
    background = cv2.GaussianBlur(grey, (0, 0), BACKGROUND, borderType=cv2.BORDER_REFLECT)
    return np.asarray(fine - background, dtype=np.float32)


def _contrast(frame: NDArray[np.float32], polarity: str, smoothing: float) -> NDArray[np.float32]:
    flat = _flattened(frame, smoothing)
    return flat if polarity == "bright" else -flat


def _learned(frames: list[NDArray[np.float32]], polarity: str, smoothing: float, window: int) -> FrameSegmenter:
    scaled = [taken(_contrast(frame, polarity, smoothing), valid_of(frame)) for frame in frames]
    scaled = [contrast / max(float(contrast.std()), 1e-12) for contrast in scaled]
    values = np.concatenate([contrast.ravel() for contrast in scaled])
    threshold = float(threshold_otsu(values)) if np.ptp(values) > 0 else np.inf
    least = round(np.pi / 4 * (2.355 * smoothing) ** 2)
    return FrameSegmenter(polarity, smoothing, window, threshold, CERTAIN, least, len(frames))


def _side(frames: list[NDArray[np.float32]]) -> str:
    votes = [find_polarity(_flattened(frame, SMOOTHINGS[0]), valid_of(frame)) for frame in frames]
    return max(("dark", "bright"), key=votes.count)


def _smoothing(frames: list[NDArray[np.float32]], polarity: str) -> float | None:
    """Return the least smoothing that makes objects clear, None where none does."""
    noise = float(np.median([noise_level(frame, valid_of(frame)) for frame in frames]))
    halves = []
    for frame in frames:
        contrast = taken(_contrast(frame, polarity, COARSEST), valid_of(frame))
        inside = contrast > threshold_otsu(contrast) if np.ptp(contrast) > 0 else np.zeros(contrast.shape, dtype=bool)
        if inside.any() and not inside.all():
            halves.append(float(contrast[inside].mean() - contrast[~inside].mean()) / 2)
    if not halves:
        return None
    # A Gaussian of deviation s leaves 1 / (2 sqrt(pi) s) of white noise.
    return next((s for s in SMOOTHINGS if np.median(halves) >= CLEAR * noise / (2 * np.sqrt(np.pi) * s)), None)
