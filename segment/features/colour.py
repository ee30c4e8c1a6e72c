"""A pixel and its neighbourhood in colour: the features "texture" of grey level and of two opponent channels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.feature_set import FeatureSet
from segment.features.flatten import flattened
from segment.features.grey import SMALLEST, TAILS
from segment.features.histogram import fill_histogram
from segment.features.scale import coarseness_of, window_sigma, window_weight, working_shape
from segment.features.texture import BINS, BLURS_PER_SIDE, DIAMETER, RANGE, SPACE, find_bands
from segment.features.valid import taken, valid_at
from segment.records import Neighbourhood, chroma_of, valid_of

# Grey level, green to red, blue to yellow.
PAIRS = ("bright", "dark", "red", "green", "yellow", "blue")
CHANNELS = ("grey", "red_green", "yellow_blue")
N_BINS = BINS["grey"]


def compute_colour(
    image: NDArray[np.float32], out: NDArray[np.float32], scale: float, flatten: int
) -> Neighbourhood | None:
    """Fill `out`, shape (42, h, w), with six fine and 36 windowed features of an image in colour.

    Grey level and CIELAB a* and b*, over 100, are scaled by one factor: that which makes the widest of their ranges,
    from the 0.2 % to the 99.8 % quantile, one. So a colour that hardly changes is no louder than it is.

    - ``bright``, ``dark``, ``red``, ``green``, ``yellow``, ``blue``: each channel after a narrow blur and a bilateral
      filter, which sees an edge in any of them, and its complement. The grey level is flattened.
    - ``grey_0 ... 7``, ``red_green_0 ... 7``, ``yellow_blue_0 ... 7``: their windowed histograms, unfiltered.
    - ``blob_0 ... 5``, ``edge_0 ... 5``: the Laplacian of the grey level; the gradient magnitude of all channels.

    Windows and weights are those of `segment.features.texture.compute_texture`. Without colour two of the
    channels say nothing. An image without any contrast gives 1e-6 everywhere.

    References
    ----------
    K. van de Sande et al., "Evaluating color descriptors for object and scene recognition", doi
    10.1109/TPAMI.2009.154: histograms of opponent channels.
    """
    chroma = chroma_of(image)
    planes = np.zeros((3, *image.shape), dtype=np.float32)
    planes[0] = image
    if chroma is not None:
        planes[1:] = chroma
    valid = valid_of(image)
    if all(plane.min() == plane.max() for plane in planes):
        out.fill(SMALLEST)
        return None
    _scale(planes, valid)
    blur = max(min(image.shape) / BLURS_PER_SIDE, 0.1)
    seen = np.ascontiguousarray(np.moveaxis(planes, 0, -1))
    smoothed = cv2.GaussianBlur(seen, (0, 0), blur, borderType=cv2.BORDER_REFLECT)
    smoothed = np.asarray(
        cv2.bilateralFilter(smoothed, DIAMETER, RANGE, SPACE, borderType=cv2.BORDER_REFLECT), np.float32
    )
    smoothed = np.ascontiguousarray(np.moveaxis(smoothed, -1, 0))
    flat = flattened(smoothed[0], flatten, valid)
    planes[0] += flat - smoothed[0]
    smoothed[0] = flat
    for index, plane in enumerate(smoothed):
        np.clip(plane, 0, 1, out=out[2 * index])
        np.subtract(np.float32(1), out[2 * index], out=out[2 * index + 1])
    shape = working_shape(image.shape)
    sigma, small_valid = window_sigma(shape) * scale, valid_at(valid, shape)
    bands = [find_bands(np.ascontiguousarray(plane)) for plane in planes]
    windowed = [band["grey"] for band in bands]
    windowed += [bands[0]["blob"], np.sqrt(sum(np.square(band["edge"]) for band in bands))]
    start = len(PAIRS)
    for band, count in zip(windowed, (*[N_BINS] * len(CHANNELS), BINS["blob"], BINS["edge"]), strict=True):
        fill_histogram(np.asarray(band, np.float32), sigma, out[start : start + count], small_valid)
        start += count
    small = [cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_AREA) for plane in out[: len(PAIRS) : 2]]
    coarse = coarseness_of([np.asarray(plane, np.float32) for plane in small], sigma, small_valid)
    weight = window_weight(coarse)
    out[len(PAIRS) :] *= np.float32(weight)
    np.maximum(out, SMALLEST, out=out)
    return Neighbourhood(sigma * min(image.shape) / min(shape), weight, coarse)


def _scale(planes: NDArray[np.float32], valid: NDArray[np.bool_] | None) -> None:
    """Scale planes by one factor about their middles, which become 0.5."""
    ranges = [
        np.quantile(taken(plane[::2, ::2], None if valid is None else valid[::2, ::2]), TAILS) for plane in planes
    ]
    span = max(float(high - low) for low, high in ranges)
    if not span > 0:
        ranges = [np.array([plane.min(), plane.max()]) for plane in planes]
        span = max(float(high - low) for low, high in ranges)
    for plane, (low, high) in zip(planes, ranges, strict=True):
        plane[:] = np.clip((plane.astype(np.float64) - (low + high) / 2) / span + 0.5, 0, 1)


def _names() -> tuple[str, ...]:
    counts = {**dict.fromkeys(CHANNELS, N_BINS), "blob": BINS["blob"], "edge": BINS["edge"]}
    return PAIRS + tuple(f"{name}_{index}" for name, count in counts.items() for index in range(count))


COLOUR = FeatureSet(_names(), compute_colour, flatten=2)
