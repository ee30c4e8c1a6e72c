"""Learn phases from a few labelled pixels and all the unlabelled ones."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import nmfcore
from segment.features import FEATURES
from segment.features.colour import PAIRS
from segment.model.fitted import FittedModel
from segment.model.labels import UNLABELLED
from segment.model.parameters import Parameters
from segment.model.teaching import Dictionary, Teaching, atom_shares, lift, visible
from segment.model.training import count_valid, extract_features, relative_to, valid_rows
from segment.records import FeatureStack, valid_of

ATOMS_PER_PHASE = 4
PIXELS_PER_ATOM = 10
# Metrics of the features, from that of the factorization to that in which every feature has the same variance.
POWERS = (0.0, 0.5, 1.0)
# Strengths of the logistic calibration, among which held-out blocks of the labelled pixels choose.
STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
BLOCKS_PER_SIDE = 3
# How much of the logarithms of the labelled fractions is taken out where labels cover an image: others have others.
EVENNESS = 0.25
# Of labelled pixels, and of these for choosing a strength.
MOST_ROWS, MOST_COMPARED = 20_000, 5_000
SMALLEST = np.float32(1e-3)
TAILS = (0.001, 0.999)


def learn_from_labels(
    greys: Sequence[NDArray[np.float32]],
    annotations: Sequence[NDArray[np.uint8] | None],
    parameters: Parameters,
    training: Iterable[dict[str, Any]],
    stack: FeatureStack | None = None,
) -> FittedModel:
    """Learn phases from labelled pixels; those without any are found among the unlabelled ones.

    Each phase gets up to four atoms, the means of groups of its labelled pixels. Every pixel is explained by all atoms,
    ``min 1/2 |lift(x) - w H|^2 over w >= 0`` (see `segment.model.teaching.lift`), in three metrics of the features; a
    logistic model of the fractions of the atoms says how much each speaks for each phase. Held-out blocks of the
    labelled pixels choose its strength. Where labels cover their images, a quarter of the logarithms of the fractions
    that they state is taken out, less in proportion where they cover less.
    Windowed features count by the square of the weight that the labelled images give them: less where phases are finer
    than the window.

    Parameters
    ----------
    greys : sequence of ndarray of float32, shape (h, w)
        Prepared images.
    annotations : sequence of ndarray of uint8, shape (h, w), or None
        Phase of each pixel of each image as its micrograph has them, 255 where nothing is labelled.
    parameters : Parameters
    training : iterable of dict
        What to remember of each image.
    stack : FeatureStack, optional
        Features of the only image, where they are at hand.

    Returns
    -------
    FittedModel
        Phases in the order of their ids; its components are the mean features of each phase's pixels.

    Warns
    -----
    RuntimeWarning
        If a phase has no labelled pixels or too few to describe it, or most of them look like those of another phase.
    """
    k = parameters.n_phases
    every_ids = [_resized(ids, grey.shape) for ids, grey in zip(annotations, greys, strict=True)]
    for ids, grey in zip(every_ids, greys, strict=True):
        valid = valid_of(grey)
        if valid is not None:
            ids[~valid.ravel()] = UNLABELLED
    painted = np.sum([np.bincount(ids[ids != UNLABELLED], minlength=k) for ids in every_ids], axis=0)
    step, stride = (max(1, -(-count // MOST_ROWS)) for count in (painted.sum(), sum(map(count_valid, greys))))
    parts: list[tuple[NDArray[Any], ...]] = []
    weight = 0.0
    for index, (grey, ids) in enumerate(zip(greys, every_ids, strict=True)):
        features = stack or extract_features(grey, parameters)
        X = visible(features)
        rows = np.flatnonzero(ids != UNLABELLED)[::step]
        weight += len(rows) * (1.0 if features.neighbourhood is None else features.neighbourhood.weight)
        parts.append(
            (X[rows], ids[rows].astype(np.intp), _blocks(grey.shape, index)[rows], X[valid_rows(grey)[::stride]])
        )
    weight /= sum(len(part[0]) for part in parts)
    covered = sum(count_valid(grey) for grey, ids in zip(greys, every_ids, strict=True) if (ids != UNLABELLED).any())
    evenness = EVENNESS * float(painted.sum()) / covered
    known, owners, blocks, everything = (np.concatenate(pieces) for pieces in zip(*parts, strict=True))
    # Not at the top, here and below: scikit-learn takes a second to load.
    from threadpoolctl import threadpool_limits

    # Sums over threads would end in other bits with each number of them.
    with threadpool_limits(1):
        low, high = np.quantile(np.concatenate([everything, known]), TAILS, axis=0).astype(np.float32)
        high = np.maximum(high, low + SMALLEST)
        missing = np.flatnonzero(painted == 0)
        if missing.size:
            seen, every = (lift(rows, low, high, high - low) for rows in (known, everything))
            leading = _find_others(seen, every, owners, parameters)
            known = np.concatenate([known, everything[leading.ravel()]])
            owners = np.concatenate([owners, np.repeat(missing, leading.shape[1])])
            blocks = np.concatenate([blocks, np.arange(leading.size) % BLOCKS_PER_SIDE])
        deviations = np.maximum(everything.std(axis=0), SMALLEST)
        is_own = np.isin(FEATURES[parameters.features].names, PAIRS)
        counts = np.where(is_own, 1.0, weight**2).astype(np.float32)
        metrics = [counts * (high - low) / deviations**power for power in POWERS]
        dictionaries = tuple(
            _make_dictionary(known, owners, blocks, (low, high, metric / np.linalg.norm(metric)), parameters, evenness)
            for metric in metrics
        )
    teaching = Teaching(dictionaries, tuple(int(count) for count in painted))
    for doubt in _doubts(teaching, owners, teaching.shares(known).argmax(axis=0)):
        warnings.warn(f"labels: {doubt}", RuntimeWarning, stacklevel=3)
    components = np.stack([known[owners == phase].mean(axis=0, dtype=np.float64) for phase in range(k)])
    components = components.astype(np.float32)
    nmf = nmfcore.NMF(k)
    nmf.components_ = components
    unexplained = float(np.linalg.norm(everything - nmf.transform(everything) @ components))
    residual = unexplained * stride**0.5
    return FittedModel(
        parameters=parameters,
        components=components,
        feature_names=FEATURES[parameters.features].names,
        names=tuple(f"phase {phase}" for phase in range(k)),
        init="labels",
        loss_history=np.array([0.5 * residual**2]),
        reconstruction_error=residual,
        relative_error=relative_to(everything, unexplained),
        n_iter=0,
        is_converged=True,
        training=tuple(training),
        teaching=teaching,
    )


def _doubts(teaching: Teaching, owners: NDArray[np.intp], mapped: NDArray[np.intp]) -> Iterable[str]:
    """Yield what is doubtful about labelled pixels of phases ``owners``, mapped as ``mapped``, a sentence each."""
    for phase, count in enumerate(teaching.painted):
        if count == 0:
            yield (
                f"no pixel of phase {phase} is labelled; it is sought among the unlabelled pixels, so look at its map, "
                "or label some of it"
            )
            continue
        if count < PIXELS_PER_ATOM:
            pixels = "1 pixel" if count == 1 else f"{count} pixels"
            yield (
                f"phase {phase} is learned from {pixels}; label at least {PIXELS_PER_ATOM}, or one place stands for "
                "the whole phase"
            )
        shares = np.bincount(mapped[owners == phase], minlength=len(teaching.painted)) / np.sum(owners == phase)
        likest = int(shares.argmax())
        if likest != phase:
            yield (
                f"{100 * shares[likest]:.0f} % of the pixels labelled as phase {phase} look more like phase {likest}: "
                "the labels contradict each other, or the two phases look alike"
            )


def _make_dictionary(
    X: NDArray[np.float32],
    owners: NDArray[np.intp],
    blocks: NDArray[np.intp],
    metric: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
    parameters: Parameters,
    evenness: float,
) -> Dictionary:
    from sklearn.linear_model import LogisticRegression

    k = parameters.n_phases
    lifted = lift(X, *metric)
    atoms = np.concatenate([_group(lifted[owners == phase], parameters.random_state) for phase in range(k)])
    shares = atom_shares(lifted, atoms)
    step = -(-len(shares) // MOST_COMPARED)
    strength = _choose_strength(shares[::step], owners[::step], blocks[::step])
    model = LogisticRegression(C=strength, max_iter=500).fit(shares, owners)
    slopes, offsets = model.coef_.T.astype(np.float64), model.intercept_.astype(np.float64)
    if k == 2:
        # Of two phases scikit-learn models the second only.
        slopes, offsets = np.hstack([-slopes, slopes]) / 2, np.concatenate([-offsets, offsets]) / 2
    offsets -= evenness * np.log(np.bincount(owners, minlength=k) / len(owners))
    # One layout in memory, that of a model read from a file: sums in another order have other bits.
    return Dictionary(*metric, np.ascontiguousarray(atoms), np.ascontiguousarray(slopes), offsets)


def _group(rows: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Return the means of groups of one phase's pixels: four, or fewer of few pixels."""
    from sklearn.cluster import KMeans

    count = max(1, min(ATOMS_PER_PHASE, len(rows) // PIXELS_PER_ATOM, len(np.unique(rows, axis=0))))
    means = KMeans(count, n_init=1, random_state=seed).fit(rows).cluster_centers_
    # scikit-learn takes the mean of all rows away and adds it again: rounding may leave less than zero.
    return np.maximum(means, 0.0).astype(np.float32)


def _choose_strength(shares: NDArray[np.float32], owners: NDArray[np.intp], blocks: NDArray[np.intp]) -> float:
    """Choose the strength under which blocks of pixels that were held out are most probable; 1 where none can be."""
    from sklearn.linear_model import LogisticRegression

    best, highest = 1.0, -np.inf
    for strength in STRENGTHS:
        logs = []
        for block in range(BLOCKS_PER_SIDE):
            seen = blocks != block
            classes = np.unique(owners[seen])
            held = ~seen & np.isin(owners, classes)
            if len(classes) < 2 or not held.any():
                continue
            model = LogisticRegression(C=strength, max_iter=500).fit(shares[seen], owners[seen])
            columns = np.searchsorted(classes, owners[held])
            # A pixel of which a strong model is certain, and wrong, rules the strength out.
            with np.errstate(divide="ignore"):
                logs.append(model.predict_log_proba(shares[held])[np.arange(len(columns)), columns])
        likelihood = float(np.concatenate(logs).mean()) if logs else -np.inf
        if likelihood > highest:
            best, highest = strength, likelihood
    return best


def _find_others(
    known: NDArray[np.float32],
    everything: NDArray[np.float32],
    owners: NDArray[np.intp],
    parameters: Parameters,
) -> NDArray[np.intp]:
    """Find phases nobody painted: components beside those of the painted ones, and the rows they lead most clearly.

    Returns an array of shape (n_missing, n_rows) of rows of `everything`.
    """
    k = parameters.n_phases
    means = np.stack([known[owners == phase].mean(axis=0) for phase in np.unique(owners)])
    nmf = nmfcore.NMF(k, fixed_components=means, init="random", random_state=parameters.random_state)
    W = nmf.fit_transform(everything) * np.linalg.norm(nmf.components_, axis=1)
    shares = W / np.maximum(W.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    count = max(1, min(len(known) // len(means), len(everything) // (2 * k)))
    # Stable: of equal shares the first pixels.
    return np.argsort(-shares[:, len(means) :], axis=0, kind="stable")[:count].T


def _resized(ids: NDArray[np.uint8] | None, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    if ids is None:
        return np.full(shape, UNLABELLED, dtype=np.uint8).ravel()
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8).ravel()


def _blocks(shape: tuple[int, ...], index: int) -> NDArray[np.intp]:
    """Deal the blocks of an image, three a side, to three groups, none twice in a row or a column of blocks."""
    down, across = (np.arange(length) * BLOCKS_PER_SIDE // length for length in shape)
    return ((down[:, None] + across + index) % BLOCKS_PER_SIDE).ravel()
