"""What a side-car records of how a result was made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segment.composition import Composition
from segment.model import FittedModel, Segmenter
from segment.model.parameters import LATER, upgrade
from segment.model.storage import assemble
from segment.pipeline.outputs import FORMAT, VERSION
from segment.pipeline.reading import ReadOptions


class SideCarError(ValueError):
    """A file is not a side-car that this version can read; the message names the file and the reason."""


@dataclass(frozen=True)
class Difference:
    """Something that is not what the side-car says.

    Attributes
    ----------
    kind : {"input", "version", "parameter", "model", "table"}
    name : str
        Which one, e.g. ``"sha256"`` or ``"numpy"``.
    recorded, found : str
        What the side-car says, and what is so now.
    """

    kind: str
    name: str
    recorded: str
    found: str


@dataclass(frozen=True)
class Recipe:
    """How a result was made.

    Attributes
    ----------
    model : FittedModel
        With its parameters and the names of the phases.
    options : ReadOptions
        How the input was read.
    composition : Composition or None
        The known fractions that guided the labels.
    input_sha256 : str or None
        Digest of the input's bytes; None for an array.
    """

    model: FittedModel
    options: ReadOptions
    composition: Composition | None
    input_sha256: str | None


def read_recipe(side_car: str | Path) -> Recipe:
    """Read how a result was made, to do the same with another image.

    Parameters
    ----------
    side_car : str or Path
        ``NAME.json`` of a `run` or `apply`.

    Returns
    -------
    Recipe

    Raises
    ------
    SideCarError
        If the file is missing, damaged, of another kind or of another version, or names parameters that this version
        does not know; the message names the file.

    Examples
    --------
    >>> import tempfile
    >>> from segment.pipeline import read_recipe, run
    >>> from segment.samples import write_samples
    >>> out = Path(tempfile.mkdtemp())
    >>> paths = write_samples(out, 1, materials=["ductile_iron"], shape=(64, 64))
    >>> _ = run(paths, Segmenter(3), out)
    >>> recipe = read_recipe(out / "ductile_iron-000.json")
    >>> recipe.model.parameters.n_phases, recipe.options.band
    (3, 'auto')
    """
    side_car = Path(side_car)
    record = load_record(side_car)
    try:
        model, differences = recorded_model(record)
        if model is None or differences:
            first = differences[0]
            raise ValueError(f"{first.kind} {first.name}: recorded {first.recorded}, here {first.found}")
        options = ReadOptions(**record["read_options"])
        composition = recorded_composition(record, model)
        digest = record["input"]["sha256"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(side_car, error) from error
    return Recipe(model, options, composition, digest if isinstance(digest, str) else None)


def load_record(side_car: Path) -> dict[str, Any]:
    """Return the content of a side-car; raise a `SideCarError` that names the file where it is none."""
    try:
        record = json.loads(side_car.read_text(encoding="utf-8"))
    except OSError as error:
        raise SideCarError(f"{side_car}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise damaged(side_car, error) from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise SideCarError(f"{side_car}: not the side-car of a segmentation; expected one that 'segment run' wrote")
    if record.get("version") != VERSION:
        found = record.get("version")
        raise SideCarError(f"{side_car}: side-car of version {found!r}; this version reads {VERSION}")
    return record


def damaged(side_car: Path, error: BaseException) -> SideCarError:
    """Return the error that says what is wrong with a side-car."""
    reason = f"it lacks {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
    return SideCarError(f"{side_car}: not a side-car, or a damaged one ({reason or type(error).__name__})")


def recorded_model(record: dict[str, Any]) -> tuple[FittedModel | None, list[Difference]]:
    """Put the model together again; None where this version knows other parameters than the side-car names."""
    described, recorded = record["model"], {**LATER, **upgrade(record["parameters"])}
    known = set(Segmenter().parameters.to_json())
    odd = [Difference("parameter", name, str(recorded[name]), "not known") for name in sorted(set(recorded) - known)]
    odd += [Difference("parameter", name, "not recorded", "needed") for name in sorted(known - set(recorded))]
    if odd:
        return None, odd
    components = np.array(described["components"], dtype=np.float32)
    content = {**described, "parameters": recorded, "names": record["phases"]}
    model = assemble(content, components, np.array(described["loss_history"], dtype=np.float64))
    if model.digest != described["sha256"]:
        return model, [Difference("model", "sha256", str(described["sha256"]), model.digest)]
    return model, []


def recorded_composition(record: dict[str, Any], model: FittedModel | None) -> Composition | None:
    """Return the known fractions that guided the labels, checked against the model's phases; None where none did."""
    if record.get("composition") is None:
        return None
    composition = Composition(**record["composition"])
    if model is not None:
        composition.check(model.names)
    return composition
