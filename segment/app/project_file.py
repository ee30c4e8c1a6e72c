"""A project as a file: everything that the user has open, in the zip that is downloaded."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.app import records
from segment.app.limits import Limits
from segment.app.session import Session
from segment.app.user_error import UserError
from segment.io import DAMAGED_ARRAY
from segment.model import FittedModel, storage

# In the zip file; beside it lies what people read.
DESCRIPTION = "project/project.json"
ARRAYS = "project/arrays"
DAMAGE = (*DAMAGED_ARRAY, OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, MemoryError)


class Archive:
    """The arrays and models in a zip file; see `segment.app.records.Store`.

    Parameters
    ----------
    file : zipfile.ZipFile
        Open for reading or for writing.
    """

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._models: dict[str, str] = {}
        self._written: dict[tuple[int, Any, tuple[int, ...]], tuple[str, NDArray[Any]]] = {}

    def put_array(self, array: NDArray[Any]) -> tuple[str, int | None]:
        """Write an array that is not written yet; return its key, and its rows where it is the top of another."""
        place = (array.__array_interface__["data"][0], array.dtype, array.shape[1:])
        known = self._written.get(place)
        if known is not None and array.flags.c_contiguous and len(known[1]) >= len(array):
            return known[0], None if len(known[1]) == len(array) else len(array)
        key = str(len(self._written))
        with self._file.open(f"{ARRAYS}/{key}.npy", "w", force_zip64=True) as stream:
            np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
        self._written[place] = key, array
        return key, None

    def put_model(self, model: FittedModel) -> str:
        """Write a model that is not written yet; return its key."""
        known = self._models.get(model.digest)
        if known is not None:
            return known
        key = self._models[model.digest] = f"model-{len(self._models)}" if self._models else "model"
        with tempfile.TemporaryDirectory(prefix="segment-model-") as folder:
            storage.save(Path(folder, "model.npz"), model)
            self._file.write(Path(folder, "model.npz"), f"{ARRAYS}/{key}.npz")
        return key

    def array(self, key: str) -> NDArray[Any]:
        """Return an array."""
        content = self._content(f"{ARRAYS}/{key}.npy", "an image or a map of the project")
        try:
            return np.load(io.BytesIO(content), allow_pickle=False)
        except DAMAGE as error:
            raise UserError(f"an image or a map of the project is damaged ({ARRAYS}/{key}.npy)") from error

    def model(self, key: str) -> FittedModel:
        """Return a model."""
        content = self._content(f"{ARRAYS}/{key}.npz", "the model of the project")
        with tempfile.TemporaryDirectory(prefix="segment-model-") as folder:
            path = Path(folder, "model.npz")
            path.write_bytes(content)
            try:
                return storage.load(path)
            except ValueError as error:
                raise UserError(f"the model of the project is damaged ({ARRAYS}/{key}.npz)") from error

    def _content(self, name: str, what: str) -> bytes:
        try:
            return self._file.read(name)
        except KeyError as error:
            raise UserError(f"{what} is missing ({name})") from error
        except DAMAGE as error:
            raise UserError(f"{what} is damaged ({name})") from error


def write_project(file: zipfile.ZipFile, session: Session) -> None:
    """Write a session into an open zip file."""
    described = records.to_json(session, Archive(file))
    file.writestr(DESCRIPTION, records.written(described))


def load_project(session: Session, path: Path, limits: Limits) -> Session:
    """Return the session that a project file holds, in the place of the present one.

    Parameters
    ----------
    session : Session
        As it is now; undo brings it back.
    path : Path
        The zip file that was downloaded.
    limits : Limits

    Returns
    -------
    Session

    Raises
    ------
    UserError
        If it is no project, a damaged one, one of a newer version, or one with more images than are taken. Nothing in
        it is ever executed.
    """
    del session
    try:
        with zipfile.ZipFile(path) as file:
            restored = records.from_json(json.loads(file.read(DESCRIPTION)), Archive(file))
    except KeyError as error:
        raise UserError(f"{path.name}: not a project; expected the zip file that the app's Download made.") from error
    except UserError as error:
        raise UserError(f"{path.name}: {error}.") from error
    except DAMAGE as error:
        raise UserError(f"{path.name}: not a zip file, or a damaged one.") from error
    megapixels = sum(field.full.size for field in restored.fields) / 1e6
    if len(restored.fields) > limits.n_images or megapixels > limits.total_megapixels:
        raise UserError(
            f"{path.name}: holds {len(restored.fields)} images of {megapixels:.0f} million pixels, and at most "
            f"{limits.n_images} of {limits.total_megapixels} million are taken; more with 'segment ui --images' and "
            "'--total-megapixels'."
        )
    return restored
