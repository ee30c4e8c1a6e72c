"""Fit shared fingerprints to the features of many images."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nmfcore
from segment.features import FEATURES, FeatureRows, extract, open_rows
from segment.features.valid import valid_at
from segment.mixture.leaders import leaders
from segment.mixture.pixels import calm
from segment.mixture.select import judged, refine, sample
from segment.model.abundances import scale
from segment.model.fitted import FittedModel
from segment.model.parameters import MAX_PHASES, Parameters
from segment.model.sharpening import sharpen
from segment.model.teaching import visible
from segment.preprocess import prepare, resize
from segment.records import FeatureStack, GreyImage, chroma_of, valid_of

# A component whose share never exceeds this part of X's largest entry explains nothing.
DEAD = 1e-6
AUTO_RANDOM_FROM = 5
RESIDUAL_ROWS = 65536
SURVEYED_ROWS = 1_000_000
# Of X, 200 MB of float32; of more pixels than that, a sample is learned from.
MOST_ENTRIES = 50_000_000
# Images with more pixels are not looked at whole; what is judged of them is judged on a grid of so many.
LARGE, GRID = 16_000_000, 4_000_000
# Of an image of a batch: pixels that are learned from, and about as many at whose boundaries descriptions are judged.
SAMPLED, SAMPLED_GRID = 65_536, 262_144


def prepared(image: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
    """Resize and equalise `image` as `parameters` say; float32, shape (h, w), in [0, 1].

    Of a `GreyImage` colours and valid pixels are resized too.
    """
    size = None if isinstance(parameters.size, str) else parameters.size
    grey = prepare(image, size=size, clahe=parameters.clahe)
    chroma, valid = chroma_of(image), valid_of(image)
    if chroma is None and valid is None:
        return grey
    chroma = None if chroma is None else np.stack([resize(plane, grey.shape) for plane in chroma])
    return GreyImage(grey, chroma, valid_at(valid, grey.shape))


def extract_features(grey: NDArray[np.float32], parameters: Parameters) -> FeatureStack:
    """Compute the features of a prepared image as `parameters` say."""
    return extract(grey, parameters.features, scale=parameters.scale, flatten=parameters.flatten)


def open_features(grey: NDArray[np.float32], parameters: Parameters) -> FeatureRows:
    """Return the features of a prepared image as `parameters` say, some rows at a time."""
    return open_rows(grey, parameters.features, scale=parameters.scale, flatten=parameters.flatten)


def is_large(grey: NDArray[np.float32]) -> bool:
    """Return whether the features of an image are taken some rows at a time: it has more than 16 million pixels."""
    return grey.size > LARGE


def grid_of(grey: NDArray[np.float32]) -> int:
    """Return the distance of the rows and columns at which a large image is looked at: four million pixels in all."""
    return max(1, -(-round(grey.size**0.5) // round(GRID**0.5)))


def stack_features(
    greys: Sequence[NDArray[np.float32]], parameters: Parameters, stack: FeatureStack | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Compute the features of several prepared images into one matrix.

    Parameters
    ----------
    greys : sequence of ndarray of float32, shape (h, w)
    parameters : Parameters
    stack : FeatureStack, optional
        Features of the only image, where they are at hand.

    Returns
    -------
    X : ndarray of float32, shape (n_rows, n_features)
        Fortran-ordered: one feature after the other in memory, images side by side within it. Every pixel is a row
        while they are no more than `Parameters.max_pixels` and X has no more than 50 million entries; of more, the
        same fraction of every image is drawn by the seed. Excluded pixels are no rows.
    levels : ndarray of float32, shape (n_rows,)
        Grey level of each row's pixel.
    """
    n_features = len(FEATURES[parameters.features].names)
    if len(greys) == 1 and _share(greys, parameters) == 1.0 and valid_of(greys[0]) is None:
        return (stack or extract_features(greys[0], parameters)).X, np.asarray(greys[0]).ravel()
    every = choose_rows(greys, parameters)
    levels = np.concatenate([np.asarray(grey).ravel()[chosen] for grey, chosen in zip(greys, every, strict=True)])
    joined = np.empty((n_features, len(levels)), dtype=np.float32)
    start = 0
    for grey, chosen in zip(greys, every, strict=True):
        count = grey.size if isinstance(chosen, slice) else len(chosen)
        rows = slice(start, start + count)
        if is_large(grey):
            _fill_rows(grey, chosen, parameters, joined[:, rows])
        else:
            found = stack or extract_features(grey, parameters)
            joined[:, rows] = found.data.reshape(n_features, -1)[:, chosen]
        start += count
    return joined.T, levels


def _fill_rows(
    grey: NDArray[np.float32], chosen: slice | NDArray[np.int64], parameters: Parameters, out: NDArray[np.float32]
) -> None:
    """Fill `out`, shape (n_features, n), with the features of chosen pixels of a large image."""
    numbers = np.arange(grey.size)[chosen] if isinstance(chosen, slice) else chosen
    for pixels, stack in open_features(grey, parameters).blocks():
        first, last = np.searchsorted(numbers, (pixels.start, pixels.stop))
        out[:, first:last] = stack.data.reshape(len(out), -1)[:, numbers[first:last] - pixels.start]


def choose_rows(greys: Sequence[NDArray[np.float32]], parameters: Parameters) -> list[slice | NDArray[np.int64]]:
    """Return which pixels of each image are rows of what `stack_features` returns: all valid ones, or a sample."""
    share = _share(greys, parameters)
    if share == 1.0:
        return [slice(None) if valid_of(grey) is None else valid_rows(grey) for grey in greys]
    rng = np.random.default_rng(parameters.random_state)
    chosen: list[slice | NDArray[np.int64]] = []
    for grey in greys:
        rows = draw_rows(rng, count_valid(grey), max(1, round(share * count_valid(grey))))
        chosen.append(rows if valid_of(grey) is None else valid_rows(grey)[rows])
    return chosen


def count_valid(grey: NDArray[np.float32]) -> int:
    """Return how many pixels of an image take part."""
    valid = valid_of(grey)
    return grey.size if valid is None else int(np.count_nonzero(valid))


def valid_rows(grey: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the numbers of the pixels of an image that take part, ascending."""
    valid = valid_of(grey)
    return np.arange(grey.size) if valid is None else np.flatnonzero(valid)


def _share(greys: Sequence[NDArray[np.float32]], parameters: Parameters) -> float:
    n_features, total = len(FEATURES[parameters.features].names), sum(map(count_valid, greys))
    return min(1.0, MOST_ENTRIES / (n_features * total), (parameters.max_pixels or total) / total)


def draw_rows(rng: np.random.Generator, n_pixels: int, count: int) -> NDArray[np.int64]:
    """Return the numbers of `count` pixels, ascending."""
    return np.sort(rng.choice(n_pixels, count, replace=False))


def solver(parameters: Parameters, init: str, shape: tuple[int, int]) -> nmfcore.NMF:
    """Return the unfitted factorization of a matrix of `shape` that `parameters` ask for, started from `init`."""
    n_pixels, n_features = shape
    return nmfcore.NMF(
        n_components=parameters.n_phases,
        init=init,
        solver="cd",
        tol=parameters.tol,
        max_iter=parameters.max_iter,
        random_state=parameters.random_state,
        # scikit-learn multiplies alpha_W by n_features and alpha_H by n_samples; ours is the strength on each entry.
        alpha_W=parameters.alpha / n_features,
        alpha_H=parameters.alpha / n_pixels,
        l1_ratio=parameters.l1_ratio,
    )


def unmix(stack: FeatureStack, model: FittedModel) -> NDArray[np.float32]:
    """Solve for the fractions of the model's phases in every pixel.

    Returns
    -------
    ndarray of float32, shape (k, n_pixels)
        Columns of W, multiplied by the lengths of H's rows; not yet summing to one.

    Raises
    ------
    ValueError
        If the features are not those the model was trained on.
    """
    if stack.names != model.feature_names:
        raise ValueError(
            f"the model was trained on the features {', '.join(model.feature_names)}; "
            f"this version of {model.parameters.features!r} gives {', '.join(stack.names)}"
        )
    if model.teaching is not None:
        return model.teaching.shares(visible(stack, model.teaching.is_standardised))
    X = stack.X
    # No phase at all: the engine, like scikit-learn, refuses an H of zeros.
    if not model.components.any():
        return np.zeros((model.components.shape[0], X.shape[0]), dtype=np.float32)
    nmf = solver(model.parameters, model.init, X.shape)
    # A fitted estimator restored by hand: this is all that transform looks at.
    nmf.components_ = model.components
    return scale(nmf.transform(X), model.norms)


def train(
    greys: Sequence[NDArray[np.float32]],
    parameters: Parameters,
    training: Iterable[dict[str, Any]],
    stack: FeatureStack | None = None,
) -> FittedModel:
    """Fit H to all the images together, and order its rows from the darkest phase to the brightest.

    Parameters
    ----------
    greys : sequence of ndarray of float32, shape (h, w)
        Prepared images.
    parameters : Parameters
    training : iterable of dict
        What to remember of each image.
    stack : FeatureStack, optional
        Features of the only image, where they are at hand.

    Returns
    -------
    FittedModel

    Raises
    ------
    ValueError
        If there are fewer pixels than phases.

    Warns
    -----
    RuntimeWarning
        If a component explains nothing (W about zero) and another start was tried, or none helped.

    Notes
    -----
    A phase's brightness is the mean grey level of the training pixels in which its fraction is the largest; one that
    wins no pixel comes last. Ties keep the engine's order. The fit sees a sample of the pixels where
    `Parameters.max_pixels` says so or X were larger than 200 MB, see `stack_features`; `reconstruction_error` is then
    an estimate.
    """
    total = sum(map(count_valid, greys))
    if total < parameters.n_phases:
        raise ValueError(f"{parameters.n_phases} phases need at least as many pixels to train on, found {total}")
    X, levels = stack_features(greys, parameters, stack)
    model = learn(X, levels, parameters, total, training)
    if not parameters.refine:
        return model
    return refined(model, sample(X, greys, choose_rows(greys, parameters)), _look_at(X, greys, parameters, stack))


def train_on_sample(
    grey: NDArray[np.float32], stack: FeatureStack, parameters: Parameters, training: Iterable[dict[str, Any]]
) -> FittedModel:
    """Fit one image as `train` does, from some of its pixels and the boundaries in some of its rows and columns.

    Parameters
    ----------
    grey : ndarray of float32, shape (h, w)
        Prepared image.
    stack : FeatureStack
        Its features, as `extract_features` returns them.
    parameters : Parameters
    training : iterable of dict
        What to remember of the image.

    Returns
    -------
    FittedModel
        That of `train` where the image has no more than 65,536 pixels.
    """
    total, valid = count_valid(grey), valid_of(grey)
    count = min(SAMPLED, total, parameters.max_pixels or total)
    X, levels, rows = stack.X, np.asarray(grey).ravel(), slice(None)
    if count < grey.size:
        rows = valid_rows(grey)[draw_rows(np.random.default_rng(parameters.random_state), total, count)]
        X, levels = np.asfortranarray(X[rows]), levels[rows]
    model = learn(X, levels, parameters, total, training)
    if not parameters.refine:
        return model
    step = max(1, math.ceil((grey.size / SAMPLED_GRID) ** 0.5))
    grid = FeatureStack(np.ascontiguousarray(stack.data[:, ::step, ::step]), stack.names)
    coarse = GreyImage(grey[::step, ::step], valid=None if valid is None else valid[::step, ::step])
    looked_at = grid.X, coarse, np.ascontiguousarray(calm(grey)[::step, ::step])
    return refined(model, sample(X, [grey], [rows]), [looked_at])


def refined(
    model: FittedModel,
    sampled: tuple[NDArray[np.float32], NDArray[np.float32]],
    images: Iterable[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]],
) -> FittedModel:
    """Refine a model, from its own phases and from those of a fit with one more; see `refine`.

    Parameters
    ----------
    model : FittedModel
        One with a single phase is returned as it is.
    sampled : (ndarray of float32, shape (n, n_features), ndarray of float32, shape (n,))
        As `refine` has it; see `sample`.
    images : iterable of (ndarray of float32, ndarray of float32, ndarray of float32)
        Features, shape (h * w, n_features), grey levels and smoothed grey levels, both of shape (h, w), of the images
        whose boundaries are looked at.

    Returns
    -------
    FittedModel
    """
    parameters = model.parameters
    if parameters.n_phases == 1:
        return model
    drawn, levels = np.asfortranarray(sampled[0]), sampled[1]
    models, k = [model], parameters.n_phases
    if k < min(MAX_PHASES, len(drawn)):
        with warnings.catch_warnings():
            # That one component more explains nothing is no fault of the model.
            warnings.simplefilter("ignore", RuntimeWarning)
            models.append(learn(drawn, levels, replace(parameters, n_phases=k + 1), len(drawn)))
    labelled = (
        (features, grey, calmed, label_components(features, model).reshape(grey.shape))
        for features, grey, calmed in images
    )
    mixture = refine(parameters.n_phases, [label_components(drawn, one) for one in models], sampled, labelled)
    return model if mixture is None else replace(model, mixture=mixture)


def _look_at(
    X: NDArray[np.float32],
    greys: Sequence[NDArray[np.float32]],
    parameters: Parameters,
    stack: FeatureStack | None,
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]]:
    """Yield features, grey levels and smoothed grey levels of the images whose boundaries are looked at."""
    ends = np.cumsum([count_valid(grey) for grey in greys])
    # One after the other: the features of an image are many times as large as the image.
    for i in judged([grey.size for grey in greys]):
        if is_large(greys[i]):
            yield _on_grid(greys[i], parameters)
            continue
        is_whole = len(X) == ends[-1] and valid_of(greys[i]) is None
        if is_whole:
            features = X[ends[i] - greys[i].size : ends[i]]
        else:
            features = (stack or extract_features(greys[i], parameters)).X
        yield features, greys[i], calm(greys[i])


def _on_grid(
    grey: NDArray[np.float32], parameters: Parameters
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return features, grey levels and smoothed grey levels of a large image, of every few rows and columns."""
    step, width = grid_of(grey), grey.shape[1]
    valid = valid_of(grey)
    levels = GreyImage(np.asarray(grey)[::step, ::step], valid=None if valid is None else valid[::step, ::step])
    data = np.empty((len(FEATURES[parameters.features].names), *levels.shape), dtype=np.float32)
    for pixels, stack in open_features(grey, parameters).blocks():
        top, bottom = pixels.start // width, pixels.stop // width
        first = -(-top // step)
        part = stack.data[:, first * step - top : bottom - top : step, ::step]
        data[:, first : first + part.shape[1]] = part
    return FeatureStack(data, FEATURES[parameters.features].names).X, levels, calm(levels)


def label_components(X: NDArray[np.float32], model: FittedModel) -> NDArray[np.uint8]:
    """Return the leading component of each row of X."""
    return leaders(unmix(FeatureStack(X.T[:, None], model.feature_names), model))


def learn(
    X: NDArray[np.float32],
    levels: NDArray[np.float32],
    parameters: Parameters,
    total: int,
    training: Iterable[dict[str, Any]] = (),
) -> FittedModel:
    """Fit H to rows of features; see `train`.

    Parameters
    ----------
    X : ndarray of float32, shape (n_rows, n_features)
    levels : ndarray of float32, shape (n_rows,)
        Grey level of each row's pixel.
    parameters : Parameters
    total : int
        Pixels that the rows stand for.
    training : iterable of dict
        What to remember of each image.

    Returns
    -------
    FittedModel
    """
    ceiling = float(X.max())
    starts = find_starts(parameters, X.shape[1])
    for attempt, init in enumerate(starts):
        nmf = solver(parameters, init, X.shape)
        W = nmf.fit_transform(X)
        if parameters.sharpening:
            lengths = np.linalg.norm(nmf.components_, axis=1)
            nmf.components_ = sharpen(X, W * lengths, nmf.components_, parameters.sharpening)
            W = nmf.transform(X)
            nmf.reconstruction_err_ = _residual(X, W, nmf.components_)
        norms = np.linalg.norm(nmf.components_.astype(np.float64), axis=1).astype(np.float32)
        peaks, brightness = _survey(W, norms, levels)
        dead = np.flatnonzero(peaks <= DEAD * ceiling)
        # Before another fit: W is as large as k features of every pixel.
        del W
        if not dead.size:
            break
        following = f"refitted from init {starts[attempt + 1]!r}" if attempt + 1 < len(starts) else "kept as it is"
        warnings.warn(
            f"{dead.size} of {parameters.n_phases} components explain nothing (W is about zero) from init {init!r}; "
            f"{following}",
            RuntimeWarning,
            stacklevel=4,
        )
    order = np.argsort(brightness, kind="stable")
    return FittedModel(
        parameters=parameters,
        components=np.ascontiguousarray(nmf.components_[order], dtype=np.float32),
        feature_names=FEATURES[parameters.features].names,
        names=tuple(f"phase {phase}" for phase in range(parameters.n_phases)),
        init=init,
        loss_history=np.asarray(nmf.loss_history_, dtype=np.float64),
        # Of all pixels, had the others been fitted as well.
        reconstruction_error=float(nmf.reconstruction_err_) * (total / len(X)) ** 0.5,
        relative_error=relative_to(X, float(nmf.reconstruction_err_)),
        n_iter=int(nmf.n_iter_),
        is_converged=bool(nmf.converged_),
        training=tuple(training),
    )


def find_starts(parameters: Parameters, n_features: int) -> tuple[str, ...]:
    """Return what to start a fit from, and what to try where components explain nothing."""
    first = parameters.init
    if first == "auto":
        first = "nndsvda" if parameters.n_phases < AUTO_RANDOM_FROM else "random"
    # NNDSVD has no more directions than X has columns.
    if parameters.n_phases > n_features:
        return ("random",)
    return tuple(dict.fromkeys((first, "random", "nndsvdar")))


def relative_to(X: NDArray[np.float32], residual: float) -> float:
    """Return a Frobenius norm divided by that of X; 0 where both are."""
    whole = math.sqrt(sum(float(np.square(column, dtype=np.float64).sum()) for column in X.T))
    return residual / whole if whole else residual


def _residual(X: NDArray[np.float32], W: NDArray[np.float32], H: NDArray[np.float32]) -> float:
    squared = 0.0
    # In blocks of rows: the difference of all pixels would be as large as X.
    for start in range(0, len(X), RESIDUAL_ROWS):
        rows = slice(start, start + RESIDUAL_ROWS)
        squared += float(np.square(X[rows] - W[rows] @ H, dtype=np.float64).sum())
    return float(np.sqrt(squared))


def _survey(
    W: NDArray[np.float32], norms: NDArray[np.float32], levels: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the largest membership of each component, and the mean grey level where it leads (inf: nowhere)."""
    k = W.shape[1]
    peaks = np.zeros(k, dtype=np.float32)
    summed, counted = np.zeros(k), np.zeros(k)
    for start in range(0, len(W), SURVEYED_ROWS):
        rows = slice(start, start + SURVEYED_ROWS)
        shares = scale(W[rows], norms)
        np.maximum(peaks, shares.max(axis=1), out=peaks)
        labels = leaders(shares)
        summed += np.bincount(labels, weights=levels[rows], minlength=k)
        counted += np.bincount(labels, minlength=k)
    brightness = np.full(k, np.inf)
    np.divide(summed, counted, out=brightness, where=counted > 0)
    return peaks, brightness
