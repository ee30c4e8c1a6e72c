"""Which places darken or brighten away over a film, without finding or following any object."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nmfcore import NMF

PARTS = 3
# Contrast is that above the local background, and smoothed by as much as an object is wide at least.
SMOOTH, BACKGROUND = 2.0, 15.0
# Farthest that objects may move over the film, in units of their radius.
MOST_MOTION = 1.0


@dataclass(frozen=True)
class RipeningMap:
    """How early what is seen at each pixel is gone.

    Attributes
    ----------
    early : ndarray of float32, shape (h, w), or None
        Fraction of a pixel's contrast in the part that is gone first, 0 to 1; None where the map abstains.
    curves : ndarray of float64, shape (3, n_frames), or None
        The parts over time, first gone first, each of sum 1.
    reason : str
        Why it abstains; empty where it does not.
    """

    early: NDArray[np.float32] | None
    curves: NDArray[np.float64] | None
    reason: str = ""


def ripening_map(
    frames: Iterable[NDArray[np.float32]],
    *,
    polarity: str = "dark",
    motion_px: float | None = None,
    radius_px: float | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> RipeningMap:
    """Map how early objects vanish, from the contrast of every pixel over time.

    The contrast above the local background, pixels x frames, is factorised into three parts, X = W H with X, W, H
    non-negative. The parts are put in order of the centre of mass of their time curves; the map is the fraction of the
    first, by W and the sum of H's rows.

    Parameters
    ----------
    frames : iterable of ndarray of float32, shape (h, w)
        Frames moved back over each other, of one size.
    polarity : {"dark", "bright"}, default "dark"
        Whether objects are darker or brighter than the background.
    motion_px : float, optional
        How far objects move from the first frame to the last, beyond the drift, in pixels; None: not known, taken for
        none.
    radius_px : float, optional
        Their radius, with which the motion is compared.
    on_frame : callable, optional
        Called with the number of each frame taken up.

    Returns
    -------
    RipeningMap
        Abstains where objects move by more than their radius: a pixel then sees different objects.

    Raises
    ------
    ValueError
        If there are fewer than four frames, they differ in size, or `polarity` is unknown.

    Examples
    --------
    >>> y, x = np.mgrid[:64, :64]
    >>> lasts, fades = (y - 32) ** 2 + (x - 16) ** 2 < 25, (y - 32) ** 2 + (x - 48) ** 2 < 25
    >>> film = [np.float32(1 - 0.5 * lasts - 0.5 * fades * (t < 6)) for t in range(20)]
    >>> early = ripening_map(film).early
    >>> bool(early[32, 48] > early[32, 16] + 0.5)
    True
    """
    if polarity not in ("dark", "bright"):
        raise ValueError(f"polarity must be 'dark' or 'bright', got {polarity!r}")
    if motion_px is not None and radius_px is not None and motion_px > MOST_MOTION * radius_px:
        reason = f"particles move too far: {motion_px:.1f} px over the film, and their radius is {radius_px:.1f} px"
        return RipeningMap(None, None, reason)
    columns = []
    shape: tuple[int, ...] | None = None
    for index, frame in enumerate(frames):
        if shape is not None and frame.shape != shape:
            raise ValueError(f"frames must have one size, got {frame.shape} after {shape}")
        shape = frame.shape
        columns.append(_contrast(frame, polarity).ravel())
        if on_frame is not None:
            on_frame(index)
    if shape is None or len(columns) < 4:
        raise ValueError(f"a ripening map needs at least 4 frames, got {len(columns)}")
    X = np.stack(columns, axis=1)
    if not X.any():
        return RipeningMap(None, None, "nothing is distinct from the background")
    model = NMF(PARTS, init="nndsvda", random_state=0, max_iter=300)
    W = model.fit_transform(X)
    H = np.asarray(model.components_, dtype=np.float64)
    amount = H.sum(axis=1)
    centre = (H @ np.arange(H.shape[1])) / np.maximum(amount, 1e-12)
    order = np.argsort(centre, kind="stable")
    fraction = W[:, order] * amount[order]
    total = fraction.sum(axis=1)
    early = np.divide(fraction[:, 0], total, out=np.zeros(len(total)), where=total > 0)
    curves = H[order] / np.maximum(amount[order], 1e-12)[:, None]
    return RipeningMap(early.reshape(shape).astype(np.float32), curves)


def _contrast(frame: NDArray[np.float32], polarity: str) -> NDArray[np.float32]:
    grey = np.ascontiguousarray(frame if polarity == "bright" else -frame, dtype=np.float32)
    smooth = cv2.GaussianBlur(grey, (0, 0), SMOOTH, borderType=cv2.BORDER_REPLICATE)
    background = cv2.GaussianBlur(grey, (0, 0), BACKGROUND, borderType=cv2.BORDER_REPLICATE)
    return np.maximum(smooth - background, 0)
