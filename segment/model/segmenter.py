"""The `Segmenter`: learn phases from micrographs without labels, and map them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.batch import BLANK
from segment.composition import compare, guide, name_by_seed, settle
from segment.composition.area_fractions import Fractions
from segment.composition.prior import SIGMA
from segment.composition.relearning import LEEWAY
from segment.features import FEATURES
from segment.mixture.leaders import leaders
from segment.model import storage
from segment.model.annotated import learn_from_labels
from segment.model.choices import CHOICES
from segment.model.choosing import choose
from segment.model.cleaning import clean
from segment.model.fitted import FittedModel
from segment.model.image import Image, as_many, as_micrograph, digest_pixels, is_alone, look_at, provenance
from segment.model.intervals import find_intervals
from segment.model.labels import Labels, count_phases, read_labels
from segment.model.mapping import Found, find_abundances
from segment.model.members import KEPT_BYTES, Member, explain_member, fit_alone, fit_members, map_member
from segment.model.mismatch import find_mismatches
from segment.model.parameters import Parameters
from segment.model.preset import resolve
from segment.model.training import extract_features, is_large, prepared, train
from segment.records import EXCLUDED, FeatureStack, Micrograph, PhaseMap, Treatment


class Segmenter:
    """Learn the phases of micrographs by non-negative matrix factorization, and map them.

    Every pixel is a row of features X; X is about W H, with H the fingerprint of each phase, shared by all training
    images, and W its amount in each pixel. The fit minimises, over W and H >= 0,

    ``1/2 |X - W H|_F^2 + alpha l1_ratio (|W|_1 + |H|_1) + 1/2 alpha (1 - l1_ratio) (|W|_F^2 + |H|_F^2)``.

    Parameters
    ----------
    n_phases : int, optional
        Number of phases, 1 to 255. Like every parameter below, None stands for the preset's value.
    preset : str or Path, default "default"
        Where unspecified values come from: a name in `segment.model.presets`, or a preset file that ends in ``.toml``.
    random_state : int, default 0
        Seed of every random choice.
    features : str, optional
        Name of a feature set in `segment.features.FEATURES`.
    scale : float, optional
        Multiplies every width of a neighbourhood in the features.
    flatten : int or "auto", optional
        Number of grey-level classes by which the background is estimated; 0: it stays; "auto": as the feature
        set has it.
    size : int or "native", optional
        Edge of the square an image is resized to before its features are taken, in pixels.
    clahe : bool, optional
        Equalise contrast locally first (clip 2.0, 8 x 8 tiles).
    alpha, l1_ratio : float, optional
        Strength of the penalties, and the fraction of L1 in them.
    max_iter : int, optional
        Largest number of iterations.
    tol : float, optional
        Relative decrease below which a fit stops.
    init : {"auto", "random", "nndsvd", "nndsvda", "nndsvdar"}, optional
        Start of the fit; "auto" is nndsvda below 5 components and random from 5.
    sharpening : int, optional
        Most rounds in which each component is drawn to the pixels it leads, after the fit; 0: none.
    refine : bool, optional
        Describe each phase by what its pixels look like, after the fit, and map by that.
    choices : sequence of str, optional
        Choices of other features than "texture" that the images may ask for, names in `segment.model.choices.CHOICES`;
        empty: none.
    max_pixels : int, optional
        Most pixels that a fit looks at, drawn by the seed; 0: all.
    smoothness : float, optional
        Strength of the engine's ``smoothness_W`` on the image grid when a map is made; 0: none.
    min_region : int, optional
        Smallest connected region of a label that is kept, in pixels of the image; 0: all.

    Attributes
    ----------
    parameters : Parameters
        Every parameter, resolved.
    model : FittedModel
        What was learned. Raises RuntimeError before `fit`.

    Raises
    ------
    ValueError
        If the preset or feature set is unknown, or a value is out of its range.

    Notes
    -----
    Phases are ordered from dark to bright: phase 0 is the one whose training pixels have the lowest mean grey level.
    The same images, parameters and seed give the same map, on any number of threads.

    With `refine`, what makes the map are normal distributions over six principal directions of the features and the
    smoothed grey level, one or two a phase, learned from what the components lead; see `segment.mixture.select.refine`.
    The abundances are then the probabilities of the phases in a pixel, no longer fractions of its neighbourhood. Known
    fractions start from the components all the same. Of several images, each is fitted and mapped alone, and its phases
    are named by those that all share, see `segment.batch.share`; images are taken one after the other and not kept. The
    map is the mean of what the image and a mixture for all images say, see `segment.model.joint.describe_together`.
    In an image other than the one that a model was learned from, the phases are described anew where that makes its
    boundaries sharper, and keep their ids; see `segment.mixture.select.adapt`.

    Of `choices`, the first that the images ask for is made: "colours", where all images have colours that differ from
    grey, learns from the features "colour"; "textures", where the phases of the features "texture" are specks without
    any order, and textures of one brightness fill clear and large regions, from "spectrum", which see no grey level;
    "boundaries", where two phases are asked for, and even grains of many grey levels are bounded by long and steep
    edges, from "edges": one phase is the grains, the other their boundaries, ordered by grey level too.
    ``model.parameters.features`` says which features it was in the end, ``model.chosen`` why.

    With `smoothness`, the maps S of the memberships, pixels by phases, are replaced by the minimiser over V >= 0 of
    ``1/2 |S - V|^2 + 1/2 smoothness sum_t v_t' L v_t``, with L the Laplacian of the grid of pixels, before they are
    made to sum to one. With `min_region`, smaller regions then go to the neighbour with the longest common border.

    The penalty is not scaled by the size of the matrix, like scikit-learn's ``alpha`` before ``alpha_W`` replaced it;
    in the engine's terms ``alpha_W = alpha / n_features`` and ``alpha_H = alpha / n_pixels``. Scaled like ``alpha_W``
    with ``alpha_H="same"``, the presets' values would suppress phases: on 21 micrographs of steel and three phases,
    0.01 gives one of them 98 % of the pixels, and 0.15 leaves none alive.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((32, 32), dtype=np.float32)
    >>> image[:, 16:] = 1.0
    >>> phases = Segmenter(n_phases=2).fit_predict(image)
    >>> phases.labels.shape, int(phases.labels[16, 28])
    ((32, 32), 1)
    """

    def __init__(
        self,
        n_phases: int | None = None,
        *,
        preset: str | Path = "default",
        random_state: int = 0,
        features: str | None = None,
        scale: float | None = None,
        flatten: int | str | None = None,
        size: int | str | None = None,
        clahe: bool | None = None,
        alpha: float | None = None,
        l1_ratio: float | None = None,
        max_iter: int | None = None,
        tol: float | None = None,
        init: str | None = None,
        sharpening: int | None = None,
        refine: bool | None = None,
        choices: Sequence[str] | None = None,
        max_pixels: int | None = None,
        smoothness: float | None = None,
        min_region: int | None = None,
    ) -> None:
        parameters = resolve(
            preset,
            random_state=random_state,
            n_phases=n_phases,
            features=features,
            scale=scale,
            flatten=flatten,
            size=size,
            clahe=clahe,
            alpha=alpha,
            l1_ratio=l1_ratio,
            max_iter=max_iter,
            tol=tol,
            init=init,
            sharpening=sharpening,
            refine=refine,
            choices=choices,
            max_pixels=max_pixels,
            smoothness=smoothness,
            min_region=min_region,
        )
        self._start(parameters)
        self._is_n_phases_given = n_phases is not None

    def __repr__(self) -> str:
        state = "fitted" if self._model is not None else "not fitted"
        return f"Segmenter({self.parameters.n_phases}, preset={self.parameters.preset!r}, {state})"

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs, in another process too: what was kept of pixels is computed again there."""
        members = {digest: replace(member, found=None) for digest, member in self._members.items()}
        return {**self.__dict__, "_members": members, "_features": {}}

    @property
    def model(self) -> FittedModel:
        """What was learned; raises RuntimeError before `fit`."""
        if self._model is None:
            raise RuntimeError("this Segmenter is not fitted; call fit(images) or Segmenter.load(path) first")
        return self._model

    def fit(self, images: Image | Iterable[Image], labels: Labels | None = None) -> Segmenter:
        """Learn the phases of one image, or those that several share, trained from labels where there are some.

        Parameters
        ----------
        images : path, array, Micrograph, or an iterable of them
            Files are read, their information band cropped; an array is one grey or colour image, taken as it is.
        labels : path, array of int, sequence or mapping, optional
            Which phase some pixels belong to, 0, 1, ... and 255 where nothing is said: a few strokes or a full mask, an
            array of an image's shape or a PNG file. For several images a sequence beside them, None where one has no
            labels, or a mapping from their names. The phases are then those of the ids, in that order, and as many as
            there are ids unless `n_phases` was given; phases without a label are found among the unlabelled pixels.

        Returns
        -------
        Segmenter
            self.

        Raises
        ------
        ValueError
            If there is no image, or fewer pixels than phases; if labels have another shape than their image, hold ids
            that are no phases, or label nothing. The message names the image.
        segment.io.ImageReadError
            If a file cannot be read; the message names it.

        Warns
        -----
        RuntimeWarning
            If a component explains nothing and the fit was repeated from another start.
        """
        self._members, self._features = {}, {}
        micrographs = (as_micrograph(image) for image in as_many(images))
        first = list(islice(micrographs, 2))
        if not first:
            raise ValueError("images is empty: at least one is needed to fit")
        if any(micrograph.colour is not None for micrograph in first) or labels is not None:
            first, micrographs = [*first, *micrographs], iter(())
        is_coloured = all(micrograph.colour is not None for micrograph in first)
        # The phases of a batch are named by what they look like in grey: those in colour are learned from all at once.
        if labels is None and self.parameters.refine and len(first) > 1 and not is_coloured:
            self._model, members = fit_members(chain(first, micrographs), self.parameters)
            self._members = {
                str(item["pixels_sha256"]): found for item, found in zip(self._model.training, members, strict=True)
            }
            return self
        micrographs = [*first, *micrographs]
        annotations = [None] * len(micrographs) if labels is None else read_labels(labels, micrographs)
        training = [provenance(micrograph) for micrograph in micrographs]
        if labels is not None:
            n_phases = count_phases(annotations, self.parameters.n_phases if self._is_n_phases_given else None)
            self.parameters = replace(self.parameters, n_phases=n_phases)
            for item, annotation in zip(training, annotations, strict=True):
                item["labels_sha256"] = None if annotation is None else annotation.sha256
        greys = [prepared(look_at(micrograph), self.parameters) for micrograph in micrographs]
        if labels is None:
            parameters, chosen = choose(greys, self.parameters)
            stack = self._keep_features(micrographs, greys, parameters)
            self._model = replace(train(greys, parameters, training, stack), chosen=chosen)
        else:
            ids = [None if annotation is None else annotation.ids for annotation in annotations]
            parameters, chosen = choose(greys, self.parameters, has_labels=True)
            stack = self._keep_features(micrographs, greys, parameters)
            self._model = replace(learn_from_labels(greys, ids, parameters, training, stack), chosen=chosen)
        return self

    def name_phases(
        self, names: Sequence[str] | Mapping[str, tuple[int, int]], image: Image | None = None
    ) -> Segmenter:
        """Say which phase is which, so that fractions can be given by name.

        Parameters
        ----------
        names : sequence of str, or mapping of str to (int, int)
            A name for every phase, that of the darkest first; or for some phases the (row, column) of a pixel of
            `image` that belongs to it, the others keeping their names.
        image : path, array or Micrograph, optional
            What the pixels of a mapping point at.

        Returns
        -------
        Segmenter
            self.

        Raises
        ------
        ValueError
            If there is not one name for every phase, a name occurs twice, a pixel lies outside the image, two pixels
            point at one phase, or a mapping comes without an image.
        """
        model = self.model
        if isinstance(names, Mapping):
            if image is None:
                raise ValueError("image: needed to name phases by a pixel")
            names = name_by_seed(names, self.predict(image).abundances, names=model.names)
        if isinstance(names, str) or len(names) != len(model.names):
            raise ValueError(f"names: {len(model.names)} phases need as many names, got {names!r}")
        if len(set(names)) != len(names):
            raise ValueError(f"names must differ, got {', '.join(names)}")
        self._model = replace(model, names=tuple(names))
        return self

    def predict(
        self,
        image: Image,
        *,
        fractions: Fractions | str | None = None,
        densities: Mapping[str, float] | Sequence[float] | None = None,
        fraction_sigma: float = SIGMA,
        hard: bool = False,
        gate: float | str = "auto",
        strict: bool = False,
        intervals: bool = False,
    ) -> PhaseMap:
        """Map the learned phases in one image, guided by its phase fractions where they are known.

        Parameters
        ----------
        image : path, array or Micrograph
        fractions : mapping of str to float or array, sequence of float, or "auto", optional
            Known area fractions, by phase name or in phase order: numbers, or maps of the image's size. "auto"
            estimates them from the image itself, see `segment.composition.settle`, and ignores what follows.
        densities : mapping of str to float or sequence of float, optional
            With it `fractions` are weight fractions.
        fraction_sigma : float, default 0.05
            Uncertainty of the fractions, a standard deviation.
        hard : bool, default False
            Meet the fractions to the pixel.
        gate : "auto" or float, default "auto"
            "auto" learns the phases anew, as those that have these fractions, unless they were trained from labels. A
            number keeps them, and says how sure of itself the image must be for a pixel to keep its label; see
            `segment.composition.guide`.
        strict : bool, default False
            Leave the labels unguided where the fractions contradict the image, also if no phases are learned anew.
        intervals : bool, default False
            Find 90 % intervals of the fractions too, see `segment.model.intervals.find_intervals`.

        Returns
        -------
        PhaseMap
            At the image's own size, after its band was cropped. A pixel without any phase gets uniform abundances and
            label 0. Excluded pixels have label 255 and no abundance, and count in no fraction. Guidance changes the
            labels and their fractions, not the abundances; `PhaseMap.guidance` says how.

        Raises
        ------
        RuntimeError
            Before `fit`.
        ValueError
            If the fractions are not those of a mixture of the model's phases.
        segment.io.ImageReadError
            If the file cannot be read.

        Warns
        -----
        segment.composition.CompositionWarning
            If the fractions contradict the image, or the phases have no contrast in the image.
        RuntimeWarning
            If the pixels are of another integer type or size than those of all the training images, the image looks
            unlike them, like them with dark and bright exchanged, or has one grey level; kept in
            `PhaseMap.treatment` with what was done.
        """
        model = self.model
        micrograph = as_micrograph(image)
        notes = find_mismatches(micrograph, model.training)
        for note in notes:
            warnings.warn(f"{micrograph.name}: {note}", RuntimeWarning, stacklevel=2)
        found, further = self._find(micrograph, with_views=fractions is not None)
        notes += further
        drawn, guidance = leaders(found.abundances), None
        shown = None if found.evidence is found.abundances else drawn
        if isinstance(fractions, str):
            if fractions != "auto":
                raise ValueError(f"fractions must be numbers or 'auto', got {fractions!r}")
            seen_by_each = None if found.views is None else [found.views]
            guidance = settle(
                [found.evidence],
                [micrograph.image],
                views=seen_by_each,
                shown=None if shown is None else [shown],
                names=model.names,
                valid=[micrograph.valid],
            )[0]
        elif fractions is not None:
            guidance = guide(
                found.evidence,
                fractions,
                image=micrograph.image,
                views=found.views,
                shown=shown,
                names=model.names,
                densities=densities,
                sigma=fraction_sigma,
                hard=hard,
                gate=gate,
                strict=strict,
                valid=micrograph.valid,
                leeway=LEEWAY if model.chosen is None else model.chosen.leeway,
                image_name=micrograph.name,
            )
        if guidance is not None:
            guidance = compare(guidance, drawn, micrograph.valid)
            drawn = guidance.labels
        # Fractions that are met to the pixel stay so.
        is_exact = hard and guidance is not None and not isinstance(fractions, str)
        labels = drawn if is_exact else clean(drawn, self.parameters.min_region, micrograph.valid)
        reassigned = int(np.count_nonzero(labels != drawn))
        taken = labels
        if micrograph.valid is not None:
            taken = labels[micrograph.valid]
            labels = np.where(micrograph.valid, labels, np.uint8(EXCLUDED))
            found.abundances[:, ~micrograph.valid] = 0
        counts = np.bincount(taken.ravel(), minlength=self.parameters.n_phases)
        found_intervals = None
        if intervals:
            is_known = guidance is not None and guidance.is_guided and not isinstance(fractions, str)
            sigma = fraction_sigma if is_known else None
            found_intervals = find_intervals(micrograph, drawn, counts / taken.size, model, sigma)
        return PhaseMap(
            labels=labels,
            abundances=found.abundances,
            fractions=counts / taken.size,
            names=model.names,
            micrograph=micrograph,
            parameters=model.parameters.to_json(),
            guidance=guidance,
            treatment=Treatment(found.neighbourhood, reassigned, notes, found.adaptation),
            intervals=found_intervals,
        )

    def _find(self, micrograph: Micrograph, *, with_views: bool) -> tuple[Found, tuple[str, ...]]:
        """Find the phases of one image, of a batch by the image alone, named by the phases that the batch shares."""
        model = self.model
        if model.shared is None:
            is_own = is_alone(micrograph, model.training)
            stack = self._features.pop(digest_pixels(micrograph), None) if self._features else None
            found = find_abundances(look_at(micrograph), model, with_views=with_views, is_own=is_own, stack=stack)
            del stack
            if is_own or micrograph.image.min() < micrograph.image.max():
                return found, ()
            warnings.warn(f"{micrograph.name}: {BLANK}", RuntimeWarning, stacklevel=3)
            return found, (BLANK,)
        known = self._members.get(digest_pixels(micrograph))
        member = known or fit_alone(micrograph, model.parameters)
        found = map_member(member, look_at(micrograph), model, model.shared, with_views=with_views)
        note = explain_member(member, model.shared)
        if note and known is None:
            warnings.warn(f"{micrograph.name}: {note}", RuntimeWarning, stacklevel=3)
        return found, (note,) if note else ()

    def _keep_features(
        self, micrographs: Sequence[Micrograph], greys: Sequence[NDArray[np.float32]], parameters: Parameters
    ) -> FeatureStack | None:
        """Return the features of the only image, and keep them for its map where they are not too large; else None."""
        if len(greys) > 1 or is_large(greys[0]) or greys[0].size < parameters.n_phases:
            return None
        stack = extract_features(greys[0], parameters)
        if stack.data.nbytes <= KEPT_BYTES:
            self._features = {digest_pixels(micrographs[0]): stack}
        return stack

    def fit_predict(self, image: Image) -> PhaseMap:
        """Learn the phases of one image and map them.

        Parameters
        ----------
        image : path, array or Micrograph

        Returns
        -------
        PhaseMap
            The same as ``fit(image).predict(image)``; a file is read once.
        """
        micrograph = as_micrograph(image)
        return self.fit(micrograph).predict(micrograph)

    def save(self, path: str | Path) -> None:
        """Write the fitted model to an ``.npz`` file, whole or not at all; it holds no pickled objects.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        segment.io.OutputError
            If the file cannot be written.
        """
        storage.save(path, self.model)

    @classmethod
    def load(cls, path: str | Path) -> Segmenter:
        """Read a model that `save` wrote.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Segmenter
            Fitted.

        Raises
        ------
        segment.model.ModelFileError
            If the file is missing, damaged, of another kind or of a newer version; the message names it.
        """
        model = storage.load(path)
        try:
            return cls.from_model(model)
        except ValueError as error:
            raise storage.ModelFileError(f"{path}: {error}") from error

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Segmenter:
        """Return an unfitted segmenter with exactly these parameters.

        Parameters
        ----------
        parameters : Parameters
            Its preset need not be known: it is only a name by now.

        Returns
        -------
        Segmenter

        Raises
        ------
        ValueError
            If this version does not know the features.
        """
        segmenter = cls.__new__(cls)
        segmenter._start(parameters)
        return segmenter

    def _start(self, parameters: Parameters) -> None:
        if parameters.features not in FEATURES:
            raise ValueError(f"unknown features {parameters.features!r}; known: {', '.join(sorted(FEATURES))}")
        for name in parameters.choices:
            if name not in CHOICES:
                raise ValueError(f"unknown choice {name!r} of features; known: {', '.join(sorted(CHOICES))}")
        self.parameters: Parameters = parameters
        self._model: FittedModel | None = None
        # What each image of a batch said, by the digest of its pixels: no part of the model, which says it again.
        self._members: dict[str, Member] = {}
        # Features of the only training image, by the same digest, until it is mapped for the first time.
        self._features: dict[str, FeatureStack] = {}
        self._is_n_phases_given = True

    @classmethod
    def from_model(cls, model: FittedModel) -> Segmenter:
        """Return a fitted segmenter that maps the phases of `model`.

        Parameters
        ----------
        model : FittedModel

        Returns
        -------
        Segmenter

        Raises
        ------
        ValueError
            If this version does not know the model's features.
        """
        segmenter = cls.from_parameters(model.parameters)
        segmenter._model = model
        return segmenter
