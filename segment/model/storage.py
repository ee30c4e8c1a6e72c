"""A fitted model as one ``.npz`` file without pickled objects."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from segment.batch.shared import from_json as shared_from_json
from segment.io import DAMAGED_ARRAY, write_npz
from segment.mixture.mixture import from_json as mixture_from_json
from segment.model.choices import CHOICES
from segment.model.chosen import Chosen
from segment.model.chosen import from_json as chosen_from_json
from segment.model.fitted import FittedModel
from segment.model.parameters import from_json
from segment.model.teaching import from_json as teaching_from_json

FORMAT = "segment model"
# Models of several images with shared phases came with version 2.
VERSION = 2
READABLE = (1, 2)
# Where models of earlier versions have the figures of a choice.
EARLIER = {"textured": "textures", "grained": "boundaries"}
# What NumPy, zipfile, zlib and json raise for bytes that are not theirs.
DAMAGE = (
    *DAMAGED_ARRAY,
    KeyError,
    TypeError,
    AttributeError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


class ModelFileError(ValueError):
    """A file is not a model that this version can read; the message names the file and the reason."""


def save(path: str | Path, model: FittedModel) -> None:
    """Write `model` to `path`, whole or not at all."""
    described: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "parameters": model.parameters.to_json(),
        "feature_names": model.feature_names,
        "names": model.names,
        "init": model.init,
        "reconstruction_error": model.reconstruction_error,
        "relative_error": model.relative_error,
        "n_iter": model.n_iter,
        "is_converged": model.is_converged,
        "training": model.training,
        "teaching": None if model.teaching is None else model.teaching.to_json(),
        "mixture": None if model.mixture is None else model.mixture.to_json(),
        "chosen": None if model.chosen is None else model.chosen.to_json(),
        "shared": None if model.shared is None else model.shared.to_json(),
    }
    write_npz(
        path,
        {
            "description": np.frombuffer(json.dumps(described, ensure_ascii=False).encode(), dtype=np.uint8),
            "components": model.components,
            "loss_history": model.loss_history,
        },
    )


def load(path: str | Path) -> FittedModel:
    """Read the model at `path`.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, of another kind or of a newer version; the message names it.
    """
    try:
        with open(path, "rb") as stream:
            # Given a path, NumPy leaves the file open where it turns out not to be a zip archive.
            arrays = np.load(stream, allow_pickle=False)
            if not isinstance(arrays, np.lib.npyio.NpzFile) or "description" not in arrays.files:
                raise ModelFileError(f"{path}: not a model file; expected one that Segmenter.save wrote")
            described = json.loads(arrays["description"].tobytes().decode())
            _check_kind(path, described)
            return assemble(described, arrays["components"], arrays["loss_history"])
    except ModelFileError:
        raise
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    except DAMAGE as error:
        raise ModelFileError(f"{path}: not a model file, or a damaged one ({_first_line(error)})") from error


def _check_kind(path: str | Path, described: object) -> None:
    if not isinstance(described, dict) or described.get("format") != FORMAT:
        raise ModelFileError(f"{path}: not a model file; expected one that Segmenter.save wrote")
    if described.get("version") not in READABLE:
        found, known = described.get("version"), " and ".join(map(str, READABLE))
        raise ModelFileError(f"{path}: model file of version {found!r}; this version reads {known}")


def assemble(described: dict[str, Any], components: np.ndarray, loss_history: np.ndarray) -> FittedModel:
    """Return the model of a description and its arrays; ValueError, KeyError or TypeError where they do not fit."""
    parameters = from_json(described["parameters"])
    feature_names, names = tuple(described["feature_names"]), tuple(described["names"])
    shape = (parameters.n_phases, len(feature_names))
    taught, refined, shared = (described.get(name) for name in ("teaching", "mixture", "shared"))
    if components.shape != shape or len(names) != shape[0] or components.dtype.kind != "f":
        raise ValueError(f"components of shape {components.shape} where {shape} was described")
    if not np.all(np.isfinite(components) & (components >= 0)):
        raise ValueError("components are not all finite and non-negative")
    return FittedModel(
        parameters=parameters,
        components=np.ascontiguousarray(components, dtype=np.float32),
        feature_names=feature_names,
        names=names,
        init=str(described["init"]),
        loss_history=np.asarray(loss_history, dtype=np.float64),
        reconstruction_error=float(described["reconstruction_error"]),
        n_iter=int(described["n_iter"]),
        is_converged=bool(described["is_converged"]),
        training=tuple(described["training"]),
        # Files of earlier versions say nothing of it.
        teaching=None if taught is None else teaching_from_json(taught, *shape),
        mixture=None if refined is None else mixture_from_json(refined, *shape),
        chosen=_chosen(described),
        shared=None if shared is None else shared_from_json(shared, parameters.n_phases),
        relative_error=None if described.get("relative_error") is None else float(described["relative_error"]),
    )


def _chosen(described: dict[str, Any]) -> Chosen | None:
    if described.get("chosen") is not None:
        return chosen_from_json(described["chosen"])
    for key, name in EARLIER.items():
        if described.get(key) is not None:
            return chosen_from_json(CHOICES[name].chosen(described[key]).to_json())
    return None


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
