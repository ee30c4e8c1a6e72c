"""Named settings: those of this version, and files of one's own that are written alike."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from segment.features import FEATURES
from segment.io import write_text
from segment.model.parameters import Parameters, upgrade

SUFFIX = ".toml"
# What a user says with each run, and what the table's heading says.
ELSEWHERE = ("random_state", "preset")


class PresetFileError(ValueError):
    """A file is not a preset that this version can read; the message names the file and the key."""


@cache
def presets() -> dict[str, dict[str, Any]]:
    """Return every preset by name, each complete.

    Returns
    -------
    dict of str to dict
        Values of every parameter except ``preset`` and ``random_state``.

    Examples
    --------
    >>> from segment.model import presets
    >>> sorted(presets())
    ['default', 'fine_detail', 'high_sparsity', 'pixel']
    >>> presets()["fine_detail"]["n_phases"]
    4
    """
    table = tomllib.loads(files("segment.model").joinpath("presets.toml").read_text(encoding="utf-8"))
    return {name: {**table["default"], **values} for name, values in table.items()}


def resolve(preset: str | Path = "default", *, random_state: int = 0, **values: Any) -> Parameters:
    """Return a preset's parameters with some values replaced.

    Parameters
    ----------
    preset : str or Path, default "default"
        A name in `presets()`, or a file of one's own that ends in ``.toml``, see `read_preset`.
    random_state : int, default 0
        Seed of every random choice.
    **values
        Any other attribute of `Parameters`; None means the preset's own value.

    Returns
    -------
    segment.model.Parameters

    Raises
    ------
    ValueError
        If the preset is unknown (the message lists those known) or a value is out of its range.
    PresetFileError
        If the file cannot be read as a preset.

    Examples
    --------
    >>> from segment.model import resolve
    >>> resolve("high_sparsity", n_phases=2).alpha
    0.15
    """
    if Path(preset).suffix == SUFFIX:
        name, start = read_preset(preset)
    elif preset in presets():
        name, start = str(preset), presets()[str(preset)]
    else:
        known = ", ".join(sorted(presets()))
        raise ValueError(f"unknown preset {str(preset)!r}; known: {known}, or a file that ends in {SUFFIX}")
    given = {name: value for name, value in values.items() if value is not None}
    return Parameters(**{**start, **given, "preset": name, "random_state": random_state})


def read_preset(path: str | Path) -> tuple[str, dict[str, Any]]:
    r"""Read the preset in a file.

    Parameters
    ----------
    path : str or Path
        TOML with one table, whose name is the preset's; what it leaves out is as in the preset "default".

    Returns
    -------
    name : str
    values : dict
        Complete, as in `segment.model.presets`.

    Raises
    ------
    PresetFileError
        If the file cannot be read or is not TOML, has not one table, its name is that of a preset of this version, or
        a key is unknown or its value out of range; names the file and the key.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "steel.toml"
    >>> _ = path.write_text('[dual_phase]\nfeatures = "grey"\nn_phases = 2\n')
    >>> name, values = read_preset(path)
    >>> name, values["features"], values["n_phases"], values["tol"]
    ('dual_phase', 'grey', 2, 0.0001)
    """
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise PresetFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PresetFileError(f"{path}: not a preset file, which is TOML: {error}") from error
    if len(table) != 1 or not all(isinstance(values, dict) for values in table.values()):
        found = ", ".join(table) or "nothing"
        raise PresetFileError(f"{path}: expected one table, as [my_steel] with its keys below, found {found}")
    [(name, given)] = table.items()
    if name in presets():
        raise PresetFileError(f"{path}: [{name}] is the name of a preset of this version; give it another")
    given = upgrade(given, presets()["default"]["choices"])
    known = [field.name for field in fields(Parameters) if field.name not in ELSEWHERE]
    for key in given:
        if key not in known:
            raise PresetFileError(f"{path}: [{name}] has the unknown key {key!r}; known: {', '.join(known)}")
    values = {**presets()["default"], **given}
    if values["features"] not in FEATURES:
        found = values["features"]
        raise PresetFileError(f"{path}: [{name}] features must be one of {', '.join(sorted(FEATURES))}, got {found!r}")
    try:
        Parameters(preset=name, random_state=0, **values)
    except ValueError as error:
        raise PresetFileError(f"{path}: [{name}] {error}") from error
    return name, values


def write_preset(path: str | Path, parameters: Parameters, *, comment: str = "") -> None:
    """Write parameters as a preset, named as they name it; whole or not at all.

    Parameters
    ----------
    path : str or Path
        Ends in ``.toml``.
    parameters : Parameters
        Everything but its seed is written.
    comment : str, optional
        Put at the head of the file, line by line.

    Raises
    ------
    ValueError
        If the path does not end in ``.toml``, or the name is that of a preset of this version.
    segment.io.OutputError
        If the file cannot be written.
    """
    if Path(path).suffix != SUFFIX:
        raise ValueError(f"a preset file ends in {SUFFIX}, got '{path}'")
    if parameters.preset in presets():
        raise ValueError(f"{parameters.preset!r} is the name of a preset of this version; give it another")
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    # A JSON string, number or truth value is a TOML one.
    lines.append(f"[{json.dumps(parameters.preset)}]")
    lines += [f"{key} = {json.dumps(value)}" for key, value in parameters.to_json().items() if key not in ELSEWHERE]
    write_text(path, "\n".join(lines) + "\n")
