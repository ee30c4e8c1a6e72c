"""The images of a batch: each is segmented alone, then its phases are named by those that the batch shares."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from segment.batch import (
    BLANK,
    INVERTED,
    UNLIKE,
    Profile,
    SharedPhases,
    is_inverted,
    is_unlike,
    no_profile,
    share,
    take_profile,
)
from segment.features.texture import TEXTURE
from segment.mixture.leaders import leaders
from segment.model.abundances import normalise
from segment.model.choosing import BY_GREY, choose
from segment.model.cleaning import clean
from segment.model.fitted import FittedModel
from segment.model.image import look_at, provenance
from segment.model.joint import MOST_IMAGES, Reduced, describe_together, find_together, reduce
from segment.model.mapping import Found, find_abundances
from segment.model.parameters import Parameters
from segment.model.smoothing import smooth
from segment.model.training import extract_features, is_large, prepared, train, train_on_sample
from segment.records import Micrograph

# Of the maps that a batch is fitted with, or the features of a single image, so many bytes are kept; what is beyond
# that is computed again.
KEPT_BYTES = 2**28
# Weight of the description of the batch beside that of the image itself: where both are certain, it decides.
TOGETHER = 0.501
# Images that say whether phases are distinguished by their texture, or are grains and boundaries.
PROBED = 4


@dataclass(frozen=True)
class Member:
    """One image of a batch.

    Attributes
    ----------
    own : FittedModel or None
        Learned from this image alone; None where it has fewer pixels than phases, or a single grey level.
    profile : Profile
        What its phases look like.
    found : Found or None
        The map that the profile was measured in; None where it was not kept.
    reduced : Reduced or None
        Image and map at a smaller size, from which the description of all images is learned; None where not kept.
    """

    own: FittedModel | None
    profile: Profile
    found: Found | None = None
    reduced: Reduced | None = None


def fit_alone(micrograph: Micrograph, parameters: Parameters) -> Member:
    """Segment one image by itself, and measure what its phases look like.

    Parameters
    ----------
    micrograph : Micrograph
    parameters : Parameters
        Of the batch: features are not chosen anew.

    Returns
    -------
    Member
    """
    image, k = look_at(micrograph), parameters.n_phases
    if image.size < k or image.min() == image.max():
        return Member(None, no_profile(k))
    with warnings.catch_warnings():
        # An image may lack a phase, whose component then explains nothing.
        warnings.simplefilter("ignore", RuntimeWarning)
        grey = prepared(image, parameters)
        stack = None if is_large(grey) else extract_features(grey, parameters)
        if stack is None:
            own = train([grey], parameters, [provenance(micrograph)])
        else:
            own = train_on_sample(grey, stack, parameters, [provenance(micrograph)])
    found = find_abundances(image, own, is_own=True, stack=stack)
    # As large as all features of all pixels.
    del stack
    labels = clean(leaders(found.abundances), parameters.min_region, micrograph.valid)
    levels = TEXTURE.flatten if isinstance(parameters.flatten, str) else parameters.flatten
    profile = take_profile(image, labels, k, scale=parameters.scale, flatten=levels)
    return Member(own, profile, found, reduce(image, labels))


def map_member(
    member: Member, image: NDArray[np.float32], model: FittedModel, shared: SharedPhases, *, with_views: bool
) -> Found:
    """Map the shared phases in one image; uniform abundances where it says nothing of phases.

    Parameters
    ----------
    member : Member
        What the image says by itself.
    image : ndarray of float32, shape (h, w)
    model : FittedModel
        That of the batch.
    shared : SharedPhases
        Of this model.
    with_views : bool
        See `segment.model.mapping.find_abundances`.

    Returns
    -------
    Found
    """
    k = model.parameters.n_phases
    if member.own is None:
        uniform = np.full((k, *image.shape), 1 / k, dtype=np.float32)
        return Found(uniform, uniform, None, None, None)
    found = member.found
    if found is None or with_views:
        found = find_abundances(image, member.own, with_views=with_views, is_own=True)
    named = rename(found, shared.name(member.profile), k)
    if model.mixture is None:
        return named
    together = smooth(find_together(image, model.mixture, shared, model.parameters), model.parameters.smoothness)
    mean = (1 - TOGETHER) * named.abundances + TOGETHER * together
    pooled = normalise(np.asarray(mean, dtype=np.float32))
    return replace(named, abundances=pooled, evidence=pooled if named.evidence is named.abundances else named.evidence)


def fit_members(micrographs: Iterable[Micrograph], parameters: Parameters) -> tuple[FittedModel, list[Member]]:
    """Segment every image by itself, one after the other, and find the phases that they share.

    Parameters
    ----------
    micrographs : iterable of Micrograph
        At least one. No more than four are kept at a time, and of their maps 256 MB.
    parameters : Parameters

    Returns
    -------
    tuple of (FittedModel, list of Member)
        The model of the batch, and what each of its images said.

    Raises
    ------
    ValueError
        If no image has any contrast.
    """
    images = iter(micrographs)
    first = list(islice(images, PROBED))
    greys = [prepared(look_at(micrograph), parameters) for micrograph in first]
    parameters, chosen = choose(greys, parameters)
    members, training, free, stride = [], [], KEPT_BYTES, 1
    for micrograph in chain(_drained(first), images):
        member = fit_alone(micrograph, parameters)
        free -= 0 if member.found is None else member.found.abundances.nbytes
        members.append(member if free >= 0 else replace(member, found=None))
        training.append(provenance(micrograph))
        if (len(members) - 1) % stride:
            members[-1] = replace(members[-1], reduced=None)
        if len(members) == stride * MOST_IMAGES:
            stride *= 2
            members = [one if index % stride == 0 else replace(one, reduced=None) for index, one in enumerate(members)]
    if all(member.own is None for member in members):
        raise ValueError(f"none of the {len(members)} images has any contrast: phases cannot be distinguished")
    shared = share([member.profile for member in members], parameters.n_phases, parameters.random_state)
    model = _joined([member.own for member in members if member.own is not None], shared, parameters)
    # Phases that are distinguished by other features than these are not described by them.
    kept = [(member.reduced, shared.name(member.profile)) for member in members if member.reduced is not None]
    if kept and parameters.features == BY_GREY and parameters.n_phases > 1:
        model = replace(model, mixture=describe_together(kept, shared, parameters))
    members = [replace(member, reduced=None) for member in members]
    return replace(model, training=tuple(training), chosen=chosen), members


def explain_member(member: Member, shared: SharedPhases) -> str:
    """Say in what an image is unlike those of the batch; empty where it is not."""
    if member.own is None:
        return BLANK
    if is_inverted(member.profile, shared.references):
        return INVERTED
    return UNLIKE if is_unlike(member.profile, shared.references) else ""


def rename(found: Found, names: Sequence[int], n_phases: int) -> Found:
    """Give what was found in an image the ids of the shared phases; those of one id are added.

    Parameters
    ----------
    found : Found
    names : sequence of int
        Shared phase of each phase that was found.
    n_phases : int

    Returns
    -------
    Found
    """
    abundances = _added(found.abundances, names, n_phases)
    is_map = found.evidence is found.abundances
    return replace(
        found, abundances=abundances, evidence=abundances if is_map else _added(found.evidence, names, n_phases)
    )


def _added(planes: NDArray[np.float32], names: Sequence[int], n_phases: int) -> NDArray[np.float32]:
    joined = np.zeros((n_phases, *planes.shape[1:]), dtype=np.float32)
    for name, plane in zip(names, planes, strict=True):
        joined[name] += plane
    return joined


def _drained(micrographs: list[Micrograph]) -> Iterator[Micrograph]:
    while micrographs:
        yield micrographs.pop(0)


def _relative(owns: Sequence[FittedModel]) -> float:
    """Return the error of all images over the norm of their features, from what each says of its own."""
    errors = np.array([own.reconstruction_error for own in owns])
    shares = np.array([own.relative_error or 0.0 for own in owns])
    whole = np.divide(errors, shares, out=np.zeros_like(errors), where=shares > 0)
    return float(np.sqrt(np.sum(errors**2) / np.sum(whole**2))) if whole.any() else 0.0


def _joined(owns: Sequence[FittedModel], shared: SharedPhases, parameters: Parameters) -> FittedModel:
    """Return the model of a batch: its objective is the sum of those of the images."""
    histories = [own.loss_history for own in owns]
    longest = max(map(len, histories))
    summed = np.sum([np.pad(history, (0, longest - len(history)), mode="edge") for history in histories], axis=0)
    return FittedModel(
        parameters=parameters,
        components=shared.points.astype(np.float32),
        feature_names=TEXTURE.names,
        names=tuple(f"phase {phase}" for phase in range(parameters.n_phases)),
        init=Counter(own.init for own in owns).most_common(1)[0][0],
        loss_history=summed,
        reconstruction_error=float(np.sqrt(sum(own.reconstruction_error**2 for own in owns))),
        relative_error=_relative(owns),
        n_iter=max(own.n_iter for own in owns),
        is_converged=all(own.is_converged for own in owns),
        training=(),
        shared=shared,
    )
