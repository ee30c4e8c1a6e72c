"""What a fit learned: the fingerprint of each phase, and how it was found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.batch import SharedPhases, remark_on_batch
from segment.mixture.mixture import Mixture
from segment.model.chosen import Chosen
from segment.model.parameters import LATER, SWITCHES, Parameters
from segment.model.teaching import Teaching


@dataclass(frozen=True)
class FittedModel:
    """The learned part of a `Segmenter`.

    Attributes
    ----------
    parameters : Parameters
        What the fit was asked for.
    components : ndarray of float32, shape (k, n_features)
        H as the engine fitted it, rows in phase order: darkest phase first. Where labels trained the phases, the mean
        features of each phase's pixels, in the order of its ids; of a batch those of its shared phases.
    feature_names : tuple of str
        One name a column of `components`.
    names : tuple of str
        One name a phase.
    init : str
        The start that was used in the end.
    loss_history : ndarray of float64, shape (n_iter + 1,)
        Objective at the start and after every iteration.
    reconstruction_error : float
        Frobenius norm of X - W H.
    relative_error : float or None
        The same, divided by the Frobenius norm of X; None in files of earlier versions.
    n_iter : int
        Iterations of the fit.
    is_converged : bool
        Whether the fit stopped because of `tol`.
    training : tuple of dict
        Name, SHA-256 (None for an array), SHA-256 of the pixels, shape and first row of the band of every training
        image.
    teaching : Teaching or None
        What was learned from labels, which then makes the map; None for a fit without labels.
    mixture : Mixture or None
        What the phases look like, which then makes the map; None where they were not refined, see `Parameters.refine`.
        Of a batch, what they look like in all images together.
    chosen : Chosen or None
        Why the phases were learned from other features than "texture", see `Parameters.choices`; None where they were
        not.
    shared : SharedPhases or None
        By what the phases that each image shows are named, of a model of several images; None where one description
        makes the map of all.
    """

    parameters: Parameters
    components: NDArray[np.float32]
    feature_names: tuple[str, ...]
    names: tuple[str, ...]
    init: str
    loss_history: NDArray[np.float64]
    reconstruction_error: float
    n_iter: int
    is_converged: bool
    training: tuple[dict[str, Any], ...]
    teaching: Teaching | None = None
    mixture: Mixture | None = None
    chosen: Chosen | None = None
    shared: SharedPhases | None = None
    relative_error: float | None = None

    @property
    def norms(self) -> NDArray[np.float32]:
        """Euclidean length of each row of `components`, shape (k,): what W is multiplied by."""
        return np.sqrt(np.sum(self.components.astype(np.float64) ** 2, axis=1)).astype(np.float32)

    @property
    def fingerprints(self) -> NDArray[np.float32]:
        """Rows of `components` at unit length, shape (k, n_features); a row of zeros stays so."""
        norms = self.norms[:, None]
        return np.divide(self.components, norms, out=np.zeros_like(self.components), where=norms > 0)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is doubtful about the phases and images of a batch, a sentence each; none of a single image."""
        return self.remark()

    def remark(self, lacking: Iterable[str] = ()) -> tuple[str, ...]:
        """Return `remarks` without those on phases of which it is said that no image shows them.

        Parameters
        ----------
        lacking : iterable of str
            Names of these phases.

        Returns
        -------
        tuple of str
            A sentence each.
        """
        if self.shared is None:
            return ()
        images = [str(item["name"]) for item in self.training]
        return tuple(remark_on_batch(self.shared, self.names, images, set(lacking)))

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides a prediction: components, names, parameters, atoms, mixture, shared phases."""
        parameters = self.parameters.to_json()
        # Choices decide the fit, not the prediction.
        choices = parameters.pop("choices")
        # A model of an earlier version keeps its digest.
        decided = {name: value for name, value in parameters.items() if name not in LATER or value != LATER[name]}
        decided |= {name: True for name in SWITCHES if name in choices}
        taught = [] if self.teaching is None else [self.teaching.to_json()]
        taught += [] if self.mixture is None else [self.mixture.to_json()]
        taught += [] if self.shared is None else [self.shared.to_json()]
        described = json.dumps([decided, self.feature_names, self.names, *taught], sort_keys=True)
        # One byte order, so that a model has the same digest on every machine.
        numbers = np.ascontiguousarray(self.components, dtype="<f4").tobytes()
        return hashlib.sha256(described.encode() + numbers).hexdigest()
