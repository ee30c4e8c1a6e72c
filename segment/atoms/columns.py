"""From an image to its columns: found, fitted together, looked for in what is left, and tested."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.spatial import cKDTree

from segment.atoms.covariance import column_errors
from segment.atoms.find import BENDS, GAUSSIAN_BEND, LAPLACIAN_BEND, choose_threshold, find_left_over, find_peaks
from segment.atoms.joint_model import JointModel
from segment.atoms.noise import estimate_noise
from segment.atoms.pixels import Pixels, bound, check_pixels
from segment.atoms.refine import normal_equations, refine
from segment.atoms.scale import find_scale
from segment.records import Columns, ColumnShape, ImageNoise

# Two columns nearer than so many standard deviations make one maximum: the limit of Sparrow is 2 for equal ones.
LEAST_DISTANCE = 1.6
# Nodes of the background are so many standard deviations apart, many columns between them.
NODES_APART = 24.0
# The shape is fitted once hardly a column is missing.
FEW = 0.02
MOST_ROUNDS = 10
FINAL_STEPS = 4


def find_columns(
    image: ArrayLike,
    *,
    pixel_size_pm: float | None = None,
    is_dark: bool = False,
    false_rate: float = 0.01,
    sigma_px: float | None = None,
) -> Columns:
    """Find the atomic columns of an image and fit all of them together.

    Parameters
    ----------
    image : array-like of float, shape (h, w)
        Grey levels in any unit, at best counts. Pixels that are NaN or infinite have no value.
    pixel_size_pm : float or None, default None
        Edge of a pixel in picometres; goes into the result.
    is_dark : bool, default False
        Columns are darker than what is between them.
    false_rate : float, default 0.01
        Largest part of the columns that noise alone may have made.
    sigma_px : float or None, default None
        Standard deviation of a column in pixels to begin with; None takes it from the image.

    Returns
    -------
    Columns
        In order of rows.

    Raises
    ------
    ValueError
        `image` is a stack, too small, has too few finite pixels, no structure beyond noise or no column; or its period
        is below 4 pixels. Says which, and what was found.

    Notes
    -----
    Peaks of the image filtered by the Laplacian of a column are accepted by the rate of false ones that noise alone
    would make. They are fitted together, by least squares weighted with the variance that the model expects. What the
    fit leaves is searched again, by the shape of a column, until nothing is found.

    Examples
    --------
    >>> from segment.samples import make_columns
    >>> sample = make_columns(shape=(96, 96), counts=200, random_state=0)
    >>> columns = find_columns(sample.image, pixel_size_pm=sample.pixel_size_pm)
    >>> abs(columns.shape.sigma_px - sample.sigma_px) < 0.3, bool(columns.y_error.max() < 1)
    (True, True)
    """
    whole = check_pixels(image, is_dark=is_dark)
    # What lies around all that is known is the edge of the image.
    box = bound(whole.is_known)
    pixels = check_pixels(np.asarray(image)[box], is_dark=is_dark) if whole.n_missing else whole
    sigma = find_scale(pixels.values).sigma_px if sigma_px is None else float(sigma_px)
    noise = estimate_noise(pixels.values, is_known=pixels.is_known)
    model, noise, threshold = _fit(pixels, sigma, noise, false_rate)
    found = _measured(pixels, model, noise, threshold, pixel_size_pm)
    if not whole.n_missing:
        return found
    y, x = found.y + box[0].start, found.x + box[1].start
    height, width = whole.values.shape
    return replace(found, y=y, x=x, image_shape=(height, width), is_known=whole.is_known)


def _fit(pixels: Pixels, sigma: float, noise: ImageNoise, rate: float) -> tuple[JointModel, ImageNoise, float]:
    image, n_pixels = pixels.values, pixels.values.size - pixels.n_missing
    smoothed = gaussian_filter(image, sigma)
    peaks = find_peaks(image, noise.variance(smoothed), noise.gain, sigma)
    threshold = choose_threshold(peaks.significance, n_pixels, LAPLACIAN_BEND / sigma**2, rate)
    places = peaks.positions[peaks.significance >= threshold]
    model = _begin(image, places[_is_near(pixels, places, sigma)], smoothed, sigma)
    with_shape = False
    for _ in range(MOST_ROUNDS):
        model = refine(image, model, noise, pixels.weight, max_steps=1, fit_shape=with_shape)
        model = _only(model, model.amplitude > 0)
        places, residual = _left_over(pixels, model, noise, rate)
        places = places[_is_near(pixels, places, model.shape.sigma_px)]
        n_inside = int(np.sum(_edge_distance(places, model.image_shape) > model.shape.sigma_px))
        if len(places):
            model = _joined(model, places, residual)
        # Columns that the edge cuts are many half columns: nobody waits for the last of them.
        if with_shape and not n_inside:
            break
        with_shape = n_inside <= FEW * model.y.size
    kept, threshold = np.zeros(0, dtype=bool), np.inf
    for turn in range(2):
        model = refine(image, model if turn == 0 else _only(model, kept), noise, pixels.weight, max_steps=FINAL_STEPS)
        expected = model.expected()
        noise = estimate_noise(image, expected, pixels.is_known)
        significance = _significance(model, expected, noise, _errors(pixels, model, noise)[:, 2])
        threshold = choose_threshold(significance, n_pixels, GAUSSIAN_BEND / model.shape.sigma_px**2, rate)
        kept = (significance >= threshold) & _is_apart(model, LEAST_DISTANCE / 2 * model.shape.sigma_px)
        if kept.all():
            break
    return _only(model, kept), noise, threshold


def _left_over(
    pixels: Pixels, model: JointModel, noise: ImageNoise, rate: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where columns are missing in the model, shape (n, 2), and the residual.

    While columns are missing, the background stands in for them, and the Laplacian is blind to it; once it is right,
    the shape of the column itself sees fainter ones.
    """
    expected, sigma = model.expected(), model.shape.sigma_px
    residual = pixels.weight * (pixels.values - expected)
    variance = pixels.weight * noise.variance(expected)
    chosen = np.empty((0, 2))
    explained = expected - model.background()
    for kernel, bend in BENDS.items():
        peaks = find_left_over(residual, variance, explained, noise.gain, sigma, kernel)
        free = _is_free(peaks.positions, model, chosen, LEAST_DISTANCE * sigma)
        places, heights = peaks.positions[free], peaks.significance[free]
        limit = choose_threshold(heights, residual.size, bend / sigma**2, rate, model.y.size + len(chosen))
        places, heights = places[heights >= limit], heights[heights >= limit]
        lower = [i if heights[i] < heights[j] else j for i, j in cKDTree(places).query_pairs(LEAST_DISTANCE * sigma)]
        chosen = np.concatenate([chosen, np.delete(places, lower, axis=0)])
    return chosen, residual


def _begin(
    image: NDArray[np.float64], places: NDArray[np.float64], smoothed: NDArray[np.float64], sigma: float
) -> JointModel:
    """Return a model with the peaks as columns on an even background."""
    if not len(places):
        raise ValueError("no column is above the noise")
    background = float(np.percentile(smoothed, 5))
    n_nodes = tuple(max(2, round(n / (NODES_APART * sigma)) + 1) for n in image.shape)
    y, x = places.T
    # Smoothed by its own width, a Gaussian is half as high.
    amplitude = 2 * np.maximum(_at(smoothed, places) - background, np.finfo(np.float64).tiny)
    shape = ColumnShape(sigma, 0.05)
    return JointModel(y, x, amplitude, np.full(n_nodes, background), shape, (image.shape[0], image.shape[1]))


def _joined(model: JointModel, places: NDArray[np.float64], residual: NDArray[np.float64]) -> JointModel:
    """Return the model with further columns."""
    sigma = model.shape.sigma_px
    height = 2 * np.maximum(_at(gaussian_filter(residual, sigma), places), np.finfo(np.float64).tiny)
    return replace(
        model,
        y=np.append(model.y, places[:, 0]),
        x=np.append(model.x, places[:, 1]),
        amplitude=np.append(model.amplitude, height),
    )


def _only(model: JointModel, kept: NDArray[np.bool_]) -> JointModel:
    if not kept.any():
        raise ValueError("no column is above the noise")
    return replace(model, y=model.y[kept], x=model.x[kept], amplitude=model.amplitude[kept])


def _at(image: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    nearest = np.clip(np.rint(places).astype(int), 0, np.array(image.shape) - 1)
    return image[nearest[:, 0], nearest[:, 1]]


def _is_free(
    places: NDArray[np.float64], model: JointModel, chosen: NDArray[np.float64], distance: float
) -> NDArray[np.bool_]:
    """Say which places are away from all columns and from those chosen before."""
    taken = np.concatenate([np.stack([model.y, model.x], axis=1), chosen])
    return cKDTree(taken).query(places)[0] >= distance


def _is_near(pixels: Pixels, places: NDArray[np.float64], distance: float) -> NDArray[np.bool_]:
    """Say which places have a pixel with a value within a distance: others are of what stands in for the rest."""
    if not pixels.n_missing:
        return np.ones(len(places), dtype=bool)
    return _at(np.asarray(distance_transform_edt(~pixels.is_known)), places) <= distance


def _edge_distance(places: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return how far places are inside the image, in pixels."""
    return np.minimum(places, np.array(shape) - 1 - places).min(axis=1)


def _is_apart(model: JointModel, distance: float) -> NDArray[np.bool_]:
    """Say which columns stay where, of two that went to one place, the lower one goes."""
    kept = np.ones(model.y.size, dtype=bool)
    for i, j in cKDTree(np.stack([model.y, model.x], axis=1)).query_pairs(distance):
        kept[i if model.amplitude[i] < model.amplitude[j] else j] = False
    return kept


def _errors(pixels: Pixels, model: JointModel, noise: ImageNoise) -> NDArray[np.float64]:
    equations = normal_equations(pixels.values, model, noise, pixels.weight, with_shape=True)
    return column_errors(equations, model.y, model.x, model.shape.sigma_px)


def _significance(
    model: JointModel, expected: NDArray[np.float64], noise: ImageNoise, error: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return amplitudes over the standard deviation that they would have were there no column.

    Over the square of a Gaussian, the mean of the Gaussian is 2/3 of its height.
    """
    without = _at(expected, np.stack([model.y, model.x], axis=1)) - model.amplitude
    empty, full = noise.variance(without), noise.variance(without + 2 / 3 * np.maximum(model.amplitude, 0))
    return model.amplitude / np.maximum(error * np.sqrt(empty / full), np.finfo(np.float64).tiny)


def _measured(
    pixels: Pixels, model: JointModel, noise: ImageNoise, threshold: float, pixel_size_pm: float | None
) -> Columns:
    expected, sigma = model.expected(), model.shape.sigma_px
    residual = pixels.weight * (pixels.values - expected)
    errors = _errors(pixels, model, noise)
    places = np.stack([model.y, model.x], axis=1)
    # Distance to the nearest pixel without a value, or outside.
    valid = distance_transform_edt(np.pad(pixels.weight > 0, 1))[1:-1, 1:-1]
    # Half columns from beyond the edge explain pixels; they are none of the image's.
    order = np.lexsort((model.x, model.y))
    known = _at(pixels.is_known.astype(np.float64), places) > 0
    order = order[(_edge_distance(places[order], model.image_shape) >= 0) & known[order]]
    sign = -1.0 if pixels.is_dark else 1.0
    significance = _significance(model, expected, noise, errors[:, 2])
    return Columns(
        y=model.y[order],
        x=model.x[order],
        amplitude=model.amplitude[order],
        y_error=errors[order, 0],
        x_error=errors[order, 1],
        amplitude_error=errors[order, 2],
        significance=significance[order],
        background=sign * _at(model.background(), places)[order],
        is_edge=_at(valid, places)[order] < 2 * sigma,
        shape=model.shape,
        noise=noise,
        image_shape=model.image_shape,
        misfit=float(np.sum(residual**2 / noise.variance(expected)) / max(1.0, pixels.weight.sum())),
        threshold=threshold,
        pixel_size_pm=pixel_size_pm,
    )
