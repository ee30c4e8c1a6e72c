"""How steep the grey level is at a pixel, whatever it is: for phases that are the boundaries of grains."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.feature_set import FeatureSet
from segment.features.grey import SMALLEST, stretch
from segment.features.scale import working_shape
from segment.features.valid import taken, valid_at
from segment.records import Neighbourhood, valid_of

# Width of the blur in pixels of the working image.
SIGMA = 1.5
# A gradient of so many times its mean is half an edge: above all that noise of one grain has.
HALF = 4.0


def compute_edges(
    image: NDArray[np.float32], out: NDArray[np.float32], scale: float, flatten: int
) -> Neighbourhood | None:
    """Fill `out`, shape (2, h, w), with the strength of an edge in each pixel, and its complement.

    With r the magnitude of the `gradient` of the image, blurred by a Gaussian with sigma 1.5 pixels times `scale`, and
    m its mean, ``edge = r / (r + 4 m)`` and ``even = 1 - edge``. Neither brightness nor contrast of the whole image
    changes it, nor does slow shading, so that `flatten` has nothing to do. A constant image gives 1e-6 everywhere.

    Notes
    -----
    Images with a shorter side above 400 pixels are reduced to that first, as for histograms. Deterministic for any
    number of threads.

    References
    ----------
    J. Canny, "A computational approach to edge detection", doi 10.1109/TPAMI.1986.4767851, section V.
    """
    if image.min() == image.max():
        out.fill(SMALLEST)
        return None
    steepness = gradient(image, scale)
    mean = float(taken(steepness, valid_at(valid_of(image), steepness.shape)).mean(dtype=np.float64))
    steepness /= steepness + np.float32(HALF * max(mean, float(SMALLEST)))
    edge, even = out
    cv2.resize(steepness, edge.shape[::-1], dst=edge, interpolation=cv2.INTER_LINEAR)
    np.subtract(np.float32(1), edge, out=even)
    np.maximum(out, SMALLEST, out=out)
    return Neighbourhood(SIGMA * scale * min(image.shape) / min(working_shape(image.shape)))


def gradient(image: NDArray[np.float32], scale: float = 1.0) -> NDArray[np.float32]:
    """Return the magnitude of the gradient, a pixel of the working image, whose shape it has.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
    scale : float, default 1.0
        Of the blur: sigma is 1.5 pixels times this.

    Examples
    --------
    >>> ramp = np.tile(np.linspace(0, 1, 101, dtype=np.float32), (101, 1))
    >>> round(float(gradient(ramp)[50, 50]), 3)
    0.01
    """
    grey = cv2.resize(stretch(image, valid_of(image)), working_shape(image.shape)[::-1], interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(grey, (0, 0), max(SIGMA * scale, 0.1), borderType=cv2.BORDER_REFLECT)
    across, down = (cv2.Sobel(blurred, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return np.sqrt(across * across + down * down)


EDGES = FeatureSet(("edge", "even"), compute_edges)
