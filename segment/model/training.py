"""Fit shared fingerprints to the features of many images."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nmfcore
from segment.features import FEATURES, extract
from segment.model.abundances import largest, scale
from segment.model.fitted import FittedModel
from segment.model.parameters import MAX_PHASES, Parameters
from segment.model.refining import judged, refine, sample
from segment.model.sharpening import sharpen
from segment.model.teaching import visible
from segment.preprocess import prepare
from segment.records import FeatureStack

# A component whose share never exceeds this part of X's largest entry explains nothing.
DEAD = 1e-6
AUTO_RANDOM_FROM = 5
RESIDUAL_ROWS = 65536
SURVEYED_ROWS = 1_000_000
# Of X, 200 MB of float32; of more pixels than that, a sample is learned from.
MOST_ENTRIES = 50_000_000


def prepared(image: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
    """Resize and equalise `image` as `parameters` say; float32, shape (h, w), in [0, 1]."""
    size = None if isinstance(parameters.size, str) else parameters.size
    return prepare(image, size=size, clahe=parameters.clahe)


def extract_features(grey: NDArray[np.float32], parameters: Parameters) -> FeatureStack:
    """Compute the features of a prepared image as `parameters` say."""
    return extract(grey, parameters.features, scale=parameters.scale, flatten=parameters.flatten)


def stack_features(
    greys: Sequence[NDArray[np.float32]], parameters: Parameters
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Compute the features of several prepared images into one matrix.

    Parameters
    ----------
    greys : sequence of ndarray of float32, shape (h, w)
    parameters : Parameters

    Returns
    -------
    X : ndarray of float32, shape (n_rows, n_features)
        Fortran-ordered: one feature after the other in memory, images side by side within it. Every pixel is a row
        while they are no more than `Parameters.max_pixels` and X has no more than 50 million entries; of more, the
        same share of every image is drawn by the seed.
    levels : ndarray of float32, shape (n_rows,)
        Grey level of each row's pixel.
    """
    n_features = len(FEATURES[parameters.features].names)
    if len(greys) == 1 and _share(greys, parameters) == 1.0:
        return extract_features(greys[0], parameters).X, greys[0].ravel()
    every = choose_rows(greys, parameters)
    levels = np.concatenate([grey.ravel()[chosen] for grey, chosen in zip(greys, every, strict=True)])
    joined = np.empty((n_features, len(levels)), dtype=np.float32)
    start = 0
    for grey, chosen in zip(greys, every, strict=True):
        count = grey.size if isinstance(chosen, slice) else len(chosen)
        rows = slice(start, start + count)
        joined[:, rows] = extract_features(grey, parameters).data.reshape(n_features, -1)[:, chosen]
        start += count
    return joined.T, levels


def choose_rows(greys: Sequence[NDArray[np.float32]], parameters: Parameters) -> list[slice | NDArray[np.int64]]:
    """Return which pixels of each image are rows of what `stack_features` returns: all, or a sample."""
    share = _share(greys, parameters)
    if share == 1.0:
        return [slice(None)] * len(greys)
    rng = np.random.default_rng(parameters.random_state)
    return [draw(rng, grey.size, max(1, round(share * grey.size))) for grey in greys]


def _share(greys: Sequence[NDArray[np.float32]], parameters: Parameters) -> float:
    n_features, total = len(FEATURES[parameters.features].names), sum(grey.size for grey in greys)
    return min(1.0, MOST_ENTRIES / (n_features * total), (parameters.max_pixels or total) / total)


def draw(rng: np.random.Generator, n_pixels: int, count: int) -> NDArray[np.int64]:
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
    """Solve for the shares of the model's phases in every pixel.

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
        return model.teaching.shares(visible(stack))
    X = stack.X
    # No phase at all: the engine, like scikit-learn, refuses an H of zeros.
    if not model.components.any():
        return np.zeros((model.components.shape[0], X.shape[0]), dtype=np.float32)
    nmf = solver(model.parameters, model.init, X.shape)
    # A fitted estimator restored by hand: this is all that transform looks at.
    nmf.components_ = model.components
    return scale(nmf.transform(X), model.norms)


def train(
    greys: Sequence[NDArray[np.float32]], parameters: Parameters, training: Iterable[dict[str, Any]]
) -> FittedModel:
    """Fit H to all the images together, and order its rows from the darkest phase to the brightest.

    Parameters
    ----------
    greys : sequence of ndarray of float32, shape (h, w)
        Prepared images.
    parameters : Parameters
    training : iterable of dict
        What to remember of each image.

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
    A phase's brightness is the mean grey level of the training pixels in which its share is the largest; one that
    wins no pixel comes last. Ties keep the engine's order. The fit sees a sample of the pixels where
    `Parameters.max_pixels` says so or X were larger than 200 MB, see `stack_features`; `reconstruction_error` is then
    an estimate.
    """
    total = sum(grey.size for grey in greys)
    if total < parameters.n_phases:
        raise ValueError(f"{parameters.n_phases} phases need at least as many pixels to train on, found {total}")
    X, levels = stack_features(greys, parameters)
    model = learn(X, levels, parameters, total, training)
    if not parameters.refine:
        return model
    return refined(model, sample(X, greys, choose_rows(greys, parameters)), _look_at(X, greys, parameters))


def refined(
    model: FittedModel,
    sampled: tuple[NDArray[np.float32], NDArray[np.float32]],
    images: Iterable[tuple[NDArray[np.float32], NDArray[np.float32]]],
) -> FittedModel:
    """Refine a model, from its own phases and from those of a fit with one more; see `refine`.

    Parameters
    ----------
    model : FittedModel
        One with a single phase is returned as it is.
    sampled : (ndarray of float32, shape (n, n_features), ndarray of float32, shape (n,))
        As `refine` has it; see `sample`.
    images : iterable of (ndarray of float32, shape (h * w, n_features), ndarray of float32, shape (h, w))
        Features and grey levels of the images whose boundaries are looked at.

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
    labelled = ((features, grey, _label(features, model).reshape(grey.shape)) for features, grey in images)
    return refine(model, [_label(drawn, one) for one in models], sampled, labelled)


def _look_at(
    X: NDArray[np.float32], greys: Sequence[NDArray[np.float32]], parameters: Parameters
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Yield features and grey levels of the images whose boundaries are looked at."""
    ends = np.cumsum([grey.size for grey in greys])
    # One after the other: the features of an image are many times as large as the image.
    for i in judged([grey.size for grey in greys]):
        is_whole = len(X) == ends[-1]
        features = X[ends[i] - greys[i].size : ends[i]] if is_whole else extract_features(greys[i], parameters).X
        yield features, greys[i]


def _label(X: NDArray[np.float32], model: FittedModel) -> NDArray[np.uint8]:
    """Return the leading component of each row of X."""
    return largest(unmix(FeatureStack(X.T[:, None], model.feature_names), model))


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
    """Return the largest share of each component, and the mean grey level where it leads (inf where it never does)."""
    k = W.shape[1]
    peaks = np.zeros(k, dtype=np.float32)
    summed, counted = np.zeros(k), np.zeros(k)
    for start in range(0, len(W), SURVEYED_ROWS):
        rows = slice(start, start + SURVEYED_ROWS)
        shares = scale(W[rows], norms)
        np.maximum(peaks, shares.max(axis=1), out=peaks)
        labels = largest(shares)
        summed += np.bincount(labels, weights=levels[rows], minlength=k)
        counted += np.bincount(labels, minlength=k)
    brightness = np.full(k, np.inf)
    np.divide(summed, counted, out=brightness, where=counted > 0)
    return peaks, brightness
