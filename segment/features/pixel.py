"""Six features of a pixel and its near neighbours: copies of the grey level at three scales, edges and roughness."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.feature_set import FeatureSet
from segment.features.flatten import flattened
from segment.features.valid import taken
from segment.records import valid_of

SMALLEST = np.float32(1e-6)
VARIANCE_WINDOW = 5
SIGMAS = (3.0, 7.0)


def compute_pixel(image: NDArray[np.float32], out: NDArray[np.float32], scale: float, flatten: int) -> None:
    """Fill `out`, shape (6, h, w), with the six features of `image`.

    In this order: grey level; magnitude of the 3 x 3 Sobel gradient; signed 3 x 3 Laplacian; variance in a 5 x 5
    window; Gaussian blurs with sigma 3 and 7 pixels, cut off at 3 sigma. Borders are mirrored about the outermost
    pixel. Each is scaled to [1e-6, 1] over the image; a constant one becomes 1e-6 everywhere. `scale` multiplies the
    window of the variance, to the next odd width, and the blurs.

    Notes
    -----
    The Laplacian is signed, so after scaling its zero lies near 0.5. Deterministic for any number of threads.
    """
    grey, gradient, laplacian, variance, *blurs = out
    if image.min() == image.max():
        # Rounding differs between the filters' inner and outer pixels; scaling would blow that up.
        out.fill(SMALLEST)
        return
    valid = valid_of(image)
    image = np.asarray(flattened(image, flatten, valid))
    np.copyto(grey, image)
    # cv2.magnitude rounds differently with the address of its arrays: the same image would give other bits.
    cv2.Sobel(image, cv2.CV_32F, 1, 0, dst=gradient)
    cv2.Sobel(image, cv2.CV_32F, 0, 1, dst=laplacian)
    np.multiply(gradient, gradient, out=gradient)
    np.multiply(laplacian, laplacian, out=laplacian)
    np.sqrt(np.add(gradient, laplacian, out=gradient), out=gradient)
    cv2.Laplacian(image, cv2.CV_32F, dst=laplacian)
    _fill_variance(image, variance, 2 * round((VARIANCE_WINDOW - 1) / 2 * scale) + 1)
    for sigma, blur in zip(SIGMAS, blurs, strict=True):
        width = 2 * round(3 * sigma * scale) + 1
        cv2.GaussianBlur(image, (width, width), sigma * scale, dst=blur)
    for plane in out:
        _scale(plane, valid)


def _fill_variance(image: NDArray[np.float32], out: NDArray[np.float32], width: int) -> None:
    window = (width, width)
    # The difference of two nearly equal means: taken about the image's mean, float32 keeps more of it.
    centred = image - np.float32(cv2.mean(image)[0])
    mean = cv2.blur(centred, window)
    cv2.sqrBoxFilter(centred, cv2.CV_32F, window, dst=out)
    cv2.multiply(mean, mean, dst=mean)
    cv2.subtract(out, mean, dst=out)


def _scale(plane: NDArray[np.float32], valid: NDArray[np.bool_] | None) -> None:
    low, high = cv2.minMaxLoc(taken(plane, valid))[:2]
    if high > low:
        # Divided, not multiplied: the inverse of a denormal range would overflow.
        span = (high - low) / (1.0 - float(SMALLEST))
        np.subtract(plane, np.float32(low), out=plane)
        np.divide(plane, np.float32(span), out=plane)
        np.add(plane, SMALLEST, out=plane)
        if valid is not None:
            np.clip(plane, SMALLEST, 1, out=plane)
    else:
        plane.fill(SMALLEST)


PIXEL = FeatureSet(("grey", "gradient", "laplacian", "variance", "gaussian_3", "gaussian_7"), compute_pixel)
