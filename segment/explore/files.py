"""An exploration as files, and a choice from it as a preset file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from segment.explore.candidate import Exploration
from segment.io import refuse_foreign, staged, write_json, write_npz
from segment.io.own import sha256_of
from segment.model import Parameters, write_preset
from segment.model.parameters import from_json
from segment.plots import plot_sheet, plot_uncertainty
from segment.plots.sheet import DPI
from segment.records import Micrograph

FORMAT = "segment exploration"
VERSION = 1


@dataclass(frozen=True)
class Request:
    """What an exploration was asked for; the same request finds the same candidates.

    Attributes
    ----------
    micrograph : Micrograph
    n_phases : tuple of int
    random_state : int
    """

    micrograph: Micrograph
    n_phases: tuple[int, ...]
    random_state: int

    def to_json(self) -> dict[str, Any]:
        """Return what decides the candidates as JSON values."""
        return {
            "image_sha256": self.micrograph.sha256,
            "shape": list(self.micrograph.image.shape),
            "n_phases": list(self.n_phases),
            "seed": self.random_state,
        }


def write_exploration(out: Path, name: str, found: Exploration, request: Request) -> tuple[Path, ...]:
    """Write contact sheet, uncertainty and list of candidates, all of them or none.

    Parameters
    ----------
    out : Path
        Folder, made where missing.
    name : str
        What the files' names start with.
    found : Exploration
    request : Request

    Returns
    -------
    tuple of Path
        ``NAME_sheet.png``, ``NAME_uncertainty.png``, ``NAME_uncertainty.npz`` (``uncertainty`` at full size; the
        candidates' ``maps``, of every ``step``-th pixel each way) and ``NAME_candidates.json``.

    Raises
    ------
    segment.io.OutputError
        If the folder cannot be written to, or a file of such a name is there that no exploration wrote.
    """
    names = tuple(f"{name}_{what}" for what in ("sheet.png", "uncertainty.png", "uncertainty.npz", "candidates.json"))
    refuse_foreign((out / written for written in names), list_path(out, name))
    image = found.micrograph.image
    maps = [candidate.labels for candidate in found.candidates]
    with staged(out) as stage:
        sheet, picture, arrays, listing = (stage / written for written in names)
        plot_sheet(image, maps, [candidate.caption for candidate in found.candidates]).savefig(sheet, dpi=DPI)
        plot_uncertainty(image, found.uncertainty).savefig(picture, dpi=DPI)
        write_npz(arrays, {"uncertainty": found.uncertainty, "maps": np.stack(maps), "step": np.array(found.step)})
        record = {
            "format": FORMAT,
            "version": VERSION,
            "request": request.to_json(),
            "tried": found.n_tried,
            "candidates": [candidate.to_json() for candidate in found.candidates],
            "files_sha256": {path.name: sha256_of(path) for path in (sheet, picture, arrays)},
        }
        write_json(listing, record)
    return tuple(out / written for written in names)


def list_path(out: Path, name: str) -> Path:
    """Return where the list of candidates lies."""
    return out / f"{name}_candidates.json"


def read_candidates(path: Path, request: Request) -> tuple[Parameters, ...] | None:
    """Return the parameters of the candidates that an earlier exploration listed, in the order of their numbers.

    Parameters
    ----------
    path : Path
    request : Request

    Returns
    -------
    tuple of Parameters, or None
        None where there is no such list, or it answers another request.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["request"] != request.to_json() or record["version"] != VERSION:
            return None
        return tuple(from_json(candidate["parameters"]) for candidate in record["candidates"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_choice(path: Path, candidates: Sequence[Parameters], number: int, image_name: str, name: str) -> None:
    """Write a candidate as a preset file.

    Parameters
    ----------
    path : Path
        Ends in ``.toml``.
    candidates : sequence of Parameters
        In the order of their numbers.
    number : int
        From 1.
    image_name : str
        For the comment at the head of the file.
    name : str
        Name of the preset.

    Raises
    ------
    ValueError
        If there is no candidate of that number, or as `segment.model.write_preset`.
    segment.io.OutputError
        If the file cannot be written.
    """
    if not 1 <= number <= len(candidates):
        raise ValueError(f"there is no candidate {number}: they are numbered from 1 to {len(candidates)}")
    chosen = replace(candidates[number - 1], preset=name)
    write_preset(path, chosen, comment=f"Candidate {number} of an exploration of {image_name}.")
