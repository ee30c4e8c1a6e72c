"""The files written for one segmented micrograph."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy
from numpy.typing import NDArray

from nmfcore import __version__ as nmfcore_version
from segment.batch import remark_on_support
from segment.composition import Composition
from segment.evaluate import Quality, assess_map
from segment.interchange import export_paths, export_phase_map
from segment.io import staged, write_json, write_png
from segment.measure import PhaseFraction, measure_fractions
from segment.model import FittedModel
from segment.pipeline.reading import ReadOptions, digest_file
from segment.plots import component_picture, overlay_picture, phase_picture
from segment.records import PhaseMap

FORMAT = "segment result"
VERSION = 1
PICTURES: dict[str, Callable[[PhaseMap], NDArray[numpy.uint8]]] = {
    "labels": lambda phase_map: phase_map.labels,
    "phases": phase_picture,
    "components": component_picture,
    "overlay": overlay_picture,
}


def write_result(
    out: Path,
    name: str,
    phase_map: PhaseMap,
    model: FittedModel,
    options: ReadOptions,
    exports: Sequence[str] = (),
    composition: Composition | None = None,
) -> tuple[PhaseFraction, ...]:
    """Write the pictures of a phase map, its exports and its side-car, all of them or none.

    Parameters
    ----------
    out : Path
        Folder, made where missing.
    name : str
        What the files' names start with.
    phase_map : PhaseMap
    model : FittedModel
        The model that made the map.
    options : ReadOptions
        How the micrograph was read.
    exports : sequence of str
        Names in `segment.interchange.IMAGE_FORMATS`; those of tables are passed over.
    composition : Composition, optional
        What guided the map.

    Returns
    -------
    tuple of PhaseFraction

    Raises
    ------
    segment.io.OutputError
        If a file cannot be written.
    """
    rows = measure_fractions(phase_map)
    with staged(out) as stage:
        # Matplotlib draws in one thread only; compressing and waiting for the disk need not wait for it.
        with ThreadPoolExecutor(len(PICTURES)) as pool:
            written = [
                pool.submit(write_png, stage / f"{name}_{picture}.png", draw(phase_map))
                for picture, draw in PICTURES.items()
            ]
        for outcome in written:
            outcome.result()
        exported = export_phase_map(phase_map, stage, name, exports)
        files = (*output_paths(stage, name)[:-1], *exported)
        record = _side_car(name, phase_map, model, options, rows)
        record["quality"] = asdict(judge(phase_map, model))
        record["composition"] = None if composition is None else composition.to_json()
        record["guidance"] = None if phase_map.guidance is None else phase_map.guidance.to_json()
        record["intervals"] = None if phase_map.intervals is None else phase_map.intervals.to_json()
        record["exports"] = list(exports)
        record["files"] = [path.name for path in files]
        record["files_sha256"] = {path.name: digest_file(path) for path in files}
        write_json(stage / f"{name}.json", record)
    return rows


def output_paths(out: Path, name: str, exports: Sequence[str] = ()) -> tuple[Path, ...]:
    """List every file that `write_result` may write; the side-car is the last."""
    pictures = (out / f"{name}_{picture}.png" for picture in PICTURES)
    return (*pictures, *export_paths(out, name, exports), out / f"{name}.json")


def digest_labels(labels: NDArray[numpy.uint8]) -> str:
    """Return the SHA-256 of the labels, row by row, in hexadecimal."""
    return hashlib.sha256(numpy.ascontiguousarray(labels).tobytes()).hexdigest()


def software() -> dict[str, str]:
    """Return the version of everything that computes, and the kind of machine."""
    return {
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "numba": version("numba"),
        "scikit-learn": version("scikit-learn"),
        "opencv": cv2.__version__,
        "nmfcore": nmfcore_version,
        "platform": f"{platform.system()} {platform.machine()}",
    }


def judge(phase_map: PhaseMap, model: FittedModel) -> Quality:
    """Return what can be said about a phase map, and the model that made it, without the truth."""
    valid = phase_map.micrograph.valid
    return assess_map(phase_map.abundances, phase_map.labels, model.components, model.relative_error, valid)


def _remarks(phase_map: PhaseMap, model: FittedModel) -> list[str]:
    """Return what is doubtful about the phases: of a batch what all its images say, of a single image what it says."""
    if model.shared is None:
        return [*remark_on_support(phase_map.fractions[None], phase_map.names), *model.remarks]
    found = numpy.array(model.shared.n_images, dtype=numpy.float64)
    return [*remark_on_support(found[None], model.names), *model.remarks]


def _side_car(
    name: str, phase_map: PhaseMap, model: FittedModel, options: ReadOptions, rows: Sequence[PhaseFraction]
) -> dict[str, Any]:
    micrograph = phase_map.micrograph
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": name,
        "input": {
            "path": None if micrograph.path is None else str(micrograph.path),
            "sha256": micrograph.sha256,
            "dtype": micrograph.dtype,
            "channels": micrograph.channels,
            "read_shape": list(micrograph.read_shape),
            "shape": list(phase_map.labels.shape),
            "levels": None if micrograph.levels is None else list(micrograph.levels),
            "excluded_pixels": 0 if micrograph.valid is None else int(numpy.count_nonzero(~micrograph.valid)),
            "notes": list(micrograph.notes),
        },
        "read_options": options.to_json(),
        "band": {"top": micrograph.band.top, "source": micrograph.band.source},
        "calibration": asdict(micrograph.calibration),
        "parameters": phase_map.parameters,
        "treatment": phase_map.treatment.to_json(micrograph.calibration.pixel_size_um),
        "seed": phase_map.parameters["random_state"],
        "model": {
            "sha256": model.digest,
            "init": model.init,
            "n_iter": model.n_iter,
            "is_converged": model.is_converged,
            "reconstruction_error": model.reconstruction_error,
            "relative_error": model.relative_error,
            "loss_history": model.loss_history.tolist(),
            "feature_names": model.feature_names,
            "components": model.components.tolist(),
            "training": model.training,
            "teaching": None if model.teaching is None else model.teaching.to_json(),
            "mixture": None if model.mixture is None else model.mixture.to_json(),
            "chosen": None if model.chosen is None else model.chosen.to_json(),
            "shared": None if model.shared is None else model.shared.to_json(),
        },
        "remarks": _remarks(phase_map, model),
        # One a phase of the model; those of one name are merged in the map.
        "phases": list(phase_map.names if len(phase_map.names) == len(model.names) else model.names),
        "labels_sha256": digest_labels(phase_map.labels),
        "fractions": [asdict(row) for row in rows],
        "software": software(),
    }
