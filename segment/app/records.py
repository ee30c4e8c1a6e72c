"""Sessions as plain JSON and arrays, and back: what autosave writes, and a project file holds."""

from __future__ import annotations

import json
import types
from dataclasses import fields, is_dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segment.app.findings import TABS, check_findings
from segment.app.session import Compared, Field, Findings, Measured, Place, Region, Session, Sheet, Stroke
from segment.app.settings import Settings
from segment.app.user_error import UserError
from segment.composition import Composition
from segment.explore import Candidate, Exploration
from segment.model import FittedModel, Parameters, Segmenter
from segment.phases import PhaseComparison
from segment.pipeline import ReadOptions
from segment.records import (
    Adaptation,
    Band,
    Calibration,
    Guidance,
    Intervals,
    Micrograph,
    Neighbourhood,
    Objects,
    PhaseMap,
    Table,
    Treatment,
)
from segment.report import ReportTable

KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(Session, Settings, Field, Stroke, Region, Sheet, Composition, Parameters, ReadOptions, PhaseMap, Micrograph),
        *(Band, Calibration, Guidance, Treatment, Neighbourhood, Adaptation, Intervals),
        *(Exploration, Candidate, PhaseComparison, Compared, Measured, Objects, Table, Findings, Place, ReportTable),
    )
}
KIND, ARRAY, ROWS, MODEL, PATH = "record", "array", "rows", "model", "path"
FORMAT, VERSION = "segment project", 1


class Store(Protocol):
    """Where the arrays and models of a session are."""

    def put_array(self, array: NDArray[Any]) -> tuple[str, int | None]:
        """Keep an array; return its key, and the number of its rows where it is the upper part of a kept one."""
        ...

    def put_model(self, model: FittedModel) -> str:
        """Keep a model; return its key."""
        ...

    def array(self, key: str) -> NDArray[Any]:
        """Return a kept array; UserError where there is none."""
        ...

    def model(self, key: str) -> FittedModel:
        """Return a kept model; UserError where there is none."""
        ...


def to_json(session: Session, store: Store) -> dict[str, Any]:
    """Return a session as JSON values; its arrays and models go to the store.

    Parameters
    ----------
    session : Session
    store : Store

    Returns
    -------
    dict
    """
    return {"format": FORMAT, "version": VERSION, "session": _encoded(session, store)}


def from_json(described: object, store: Store) -> Session:
    """Return the session that `to_json` described.

    Parameters
    ----------
    described : object
        What was read from JSON.
    store : Store

    Returns
    -------
    Session

    Raises
    ------
    UserError
        If it is not such a description, one of a newer version, or one whose arrays are missing; says which.
    """
    if not isinstance(described, dict) or described.get("format") != FORMAT:
        raise UserError("this is not a project that the app saved")
    if described.get("version") != VERSION:
        raise UserError(f"this is a project of version {described.get('version')!r}; this version reads {VERSION}")
    try:
        session = _decoded(described["session"], store)
        check(session)
    except UserError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise UserError(f"this is not a project, or a damaged one ({' '.join(str(error).split())[:200]})") from error
    return session


def names_in(described: object) -> set[str]:
    """Return the keys of all arrays and models that a description names."""
    if isinstance(described, dict):
        own = {str(described[name]) for name in (ARRAY, MODEL) if isinstance(described.get(name), str)}
        return own.union(*(names_in(value) for value in described.values()))
    return set().union(*map(names_in, described)) if isinstance(described, list) else set()


def check(session: object) -> None:
    """Raise ValueError or TypeError where a session that somebody else may have written does not hold together."""
    if not isinstance(session, Session):
        raise TypeError("it holds no session")
    count = 0 if session.segmenter is None else session.segmenter.parameters.n_phases
    _require(all(isinstance(name, str) and len(name) <= 60 for name in session.names), "names")
    _require(all(len(c) == 3 and all(type(v) is int and 0 <= v < 256 for v in c) for c in session.colours), "colours")
    for name, kind in (("n_phases", int), ("preset", str), ("features", str), ("known", str), ("most", int)):
        _require(type(getattr(session.settings, name)) is kind, f"settings {name}")
    _require(len({field.file_name for field in session.fields}) == len(session.fields), "two images of one name")
    for field in session.fields:
        _check_field(field, count)
    for tab in TABS:
        found = getattr(session, tab)
        if found is not None:
            check_findings(found)


def _check_field(field: Field, count: int) -> None:
    full, own = field.full, field.micrograph.image
    _require(isinstance(field, Field) and full.ndim == 2 and full.dtype == np.float32 and full.size > 0, "an image")
    name = field.file_name
    _require(isinstance(name, str) and name == PurePosixPath(name).name and "\\" not in name, "a file name")
    _require(own.ndim == 2 and own.shape[1] == full.shape[1] and len(own) <= len(full), f"the image of {name}")
    _require(own.dtype == np.float32 and field.detected.image.dtype == np.float32, f"the grey levels of {name}")
    _require(all(isinstance(stroke, Stroke) for stroke in field.strokes), f"the strokes on {name}")
    valid = field.micrograph.valid
    _require(valid is None or (valid.shape == own.shape and valid.dtype == np.bool_), f"the excluded pixels of {name}")
    mapped = field.phase_map
    if mapped is None:
        return
    shape = len(mapped.names), *own.shape
    _require(field.own is None or len(field.own.model.names) == count, f"the own model of {name}")
    _require(len(mapped.names) == count, f"the model of the map of {name}")
    _require(mapped.labels.shape == own.shape and mapped.labels.dtype == np.uint8, f"the labels of {name}")
    _require(mapped.abundances.shape == shape and mapped.fractions.shape == shape[:1], f"the components of {name}")
    ends = () if mapped.intervals is None else (mapped.intervals.meaning, mapped.intervals.boundary)
    _require(all(each.shape == (count, 2) for each in ends), f"the intervals of {name}")
    _require(not np.any((mapped.labels >= count) & (mapped.labels != 255)), f"the labels of {name}")


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"{what} cannot be")


def _encoded(value: Any, store: Store) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        key, rows = store.put_array(value)
        return {ARRAY: key} if rows is None else {ARRAY: key, ROWS: rows}
    if isinstance(value, Segmenter):
        return {MODEL: store.put_model(value.model)}
    if isinstance(value, Path):
        return {PATH: value.name}
    if is_dataclass(value):
        content = {item.name: _encoded(getattr(value, item.name), store) for item in fields(value)}
        return {KIND: type(value).__name__, **content}
    if isinstance(value, (dict, types.MappingProxyType)):
        return {"items": [[str(name), _encoded(item, store)] for name, item in value.items()]}
    return [_encoded(item, store) for item in value]


def _decoded(value: Any, store: Store) -> Any:
    if isinstance(value, list):
        return tuple(_decoded(item, store) for item in value)
    if not isinstance(value, dict):
        return value
    if KIND in value:
        kind = KINDS[value[KIND]]
        return kind(**{name: _decoded(item, store) for name, item in value.items() if name != KIND})
    if ARRAY in value:
        array = store.array(str(value[ARRAY]))
        return array if ROWS not in value else array[: int(value[ROWS])]
    if MODEL in value:
        return Segmenter.from_model(store.model(str(value[MODEL])))
    if PATH in value:
        return Path(str(value[PATH]))
    return {str(name): _decoded(item, store) for name, item in value["items"]}


def written(described: dict[str, Any]) -> bytes:
    """Return a description as the bytes of a file."""
    return json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode()
