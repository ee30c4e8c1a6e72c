"""Several maps of one image, each drawn by other choices that are as good: what differs between them is not known."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from segment.features.scale import working_shape
from segment.features.valid import valid_at
from segment.mixture.em import fit
from segment.mixture.leaders import leaders
from segment.mixture.mixture import join
from segment.mixture.pixels import calm, principal, see
from segment.mixture.select import COVARIANCES, describe_all
from segment.model.image import look_at, shrink
from segment.model.parameters import MAX_PHASES, Parameters
from segment.model.training import draw_rows, extract_features, label_components, learn, prepared
from segment.records import Micrograph

# Of the reduced image.
N_PIXELS = 6_000


def place_pixels(micrograph: Micrograph) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns, in the image at its reduced size, of the pixels at which maps are compared."""
    shape = working_shape(micrograph.image.shape)
    valid = valid_at(micrograph.valid, shape)
    allowed = np.arange(shape[0] * shape[1]) if valid is None else np.flatnonzero(valid)
    chosen = draw_rows(np.random.default_rng(0), len(allowed), min(N_PIXELS, len(allowed)))
    rows, columns = np.divmod(allowed[chosen], shape[1])
    return rows, columns


def draw_maps(micrograph: Micrograph, parameters: Parameters) -> Iterator[NDArray[np.uint8]]:
    """Yield maps of some pixels of an image, each by other choices of what no image decides.

    They differ in how shading is subtracted (`flatten`), in the normalisation of grey levels (`clahe`), in the
    features, those asked for or the grey level alone, in the start, from the components of a fit with as many phases,
    one less or one more, and in how much of the covariances is common to all phases. The image is reduced to a shorter
    side of 400 pixels.

    Parameters
    ----------
    micrograph : Micrograph
        With some contrast.
    parameters : Parameters
        Of the map that is shown.

    Yields
    ------
    ndarray of uint8, shape (n,)
        Labels of the pixels of `place_pixels`; what one map calls a phase need not be what the next one does.
    """
    small = shrink(look_at(micrograph))
    rows, columns = place_pixels(micrograph)
    for varied in vary(parameters):
        grey = prepared(small, replace(varied, size="native"))
        stack = extract_features(grey, varied)
        X = np.asfortranarray(stack.data[:, rows, columns].T)
        yield from _describe(X, np.asarray(grey)[rows, columns], calm(grey)[rows, columns], varied)


def vary(parameters: Parameters) -> tuple[Parameters, ...]:
    """Return parameters that are as good as those given: what no image decides, decided otherwise."""
    return (
        parameters,
        replace(parameters, flatten=0),
        replace(parameters, clahe=not parameters.clahe),
        replace(parameters, features="grey", flatten=2),
    )


def _describe(
    X: NDArray[np.float32], levels: NDArray[np.float32], smoothed: NDArray[np.float32], parameters: Parameters
) -> Iterator[NDArray[np.uint8]]:
    k = parameters.n_phases
    views = see(principal(X), X, smoothed)
    starts = {}
    with warnings.catch_warnings():
        # A component that explains nothing is one of the things that may happen.
        warnings.simplefilter("ignore", RuntimeWarning)
        for n in range(max(1, k - 1), min(k + 1, MAX_PHASES, X.shape[1], len(X)) + 1):
            starts[n] = label_components(X, learn(X, levels, replace(parameters, n_phases=n), len(X)))
    yield from (starts[n] for n in starts if n <= k)
    for n, common in product((n for n in starts if 1 < n < k), COVARIANCES):
        yield leaders(fit(views, starts[n], n, common=common).shares(views))
    if k > 1:
        for normals, owners in describe_all(views, [starts[n] for n in starts if n >= k], k):
            yield leaders(join(normals.shares(views), owners))
