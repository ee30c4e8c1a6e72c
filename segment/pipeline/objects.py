"""Measure the objects of images and of label images, file by file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from segment.interchange import write_objects_geojson, write_rois, write_table_parquet
from segment.io import find_images, from_array, refuse_foreign, write_png, write_text
from segment.io.decode import decode
from segment.model.image import look_at
from segment.objects import (
    SizeDistribution,
    find_objects,
    measure_objects,
    size_distribution,
    split_touching,
    trace_outlines,
)
from segment.objects.find import drop_small
from segment.pipeline.banding import as_usual, usual_bands
from segment.pipeline.fields import write_measurements
from segment.pipeline.naming import output_names
from segment.pipeline.outputs import FORMAT as RESULT
from segment.pipeline.outputs import software
from segment.pipeline.reading import Failure, OnProgress, Progress, ReadOptions, digest_file, failure, read_one, silent
from segment.pipeline.resume import read_side_car
from segment.pipeline.workers import workers
from segment.plots import outline_picture
from segment.records import EXCLUDED, Micrograph, Objects

VERSION = 1
EXPORTS = ("geojson", "roi", "parquet")
LABELS, IDS = "_labels", "_objects"
# A PNG of ids has 16 bits.
MOST_OBJECTS = 65535


@dataclass(frozen=True)
class ObjectOptions:
    """How objects are found.

    Attributes
    ----------
    kind : {"auto", "image", "phases", "ids"}
        What the inputs are: micrographs, phase maps of `segment run`, or label images of object ids. "auto" goes by the
        name: ``NAME_labels.png`` beside its side-car is a phase map, ``NAME_objects.png`` are ids, the rest images.
    polarity : {"auto", "bright", "dark"}
        Of the objects of an image.
    phase : str or None
        Id or name of the phase that is the objects, for phase maps.
    split : bool
        Whether touching objects are separated; ids are taken as they are.
    min_pixels : int or None
        Smallest object; None: 5 % of the area-weighted median of images, every object of phase maps and ids.
    """

    kind: str = "auto"
    polarity: str = "auto"
    phase: str | None = None
    split: bool = True
    min_pixels: int | None = None


@dataclass(frozen=True)
class ObjectResult:
    """The objects of one input.

    Attributes
    ----------
    path : Path
        The input.
    name : str
        What its output files start with.
    objects : Objects
    sizes : SizeDistribution or None
        Of the equivalent diameters of objects that do not touch the edge, weighted by ``edge_weight``, in micrometres
        where calibrated; None without such an object.
    """

    path: Path
    name: str
    objects: Objects
    sizes: SizeDistribution | None


def find_inputs(inputs: Iterable[str | Path]) -> list[Path]:
    """List the files that inputs stand for: images, and label images that are named though an earlier run wrote them.

    Parameters
    ----------
    inputs : iterable of str or Path
        Files, folders or glob patterns, as for `segment.io.find_images`.

    Returns
    -------
    list of Path
        Each once, in the order of the inputs.

    Raises
    ------
    FileNotFoundError
        An input stands for no image; names that input.
    """
    found: dict[Path, None] = {}
    for item in inputs:
        path = Path(item).expanduser()
        is_named = path.is_file() and path.stem.endswith((LABELS, IDS))
        found.update(dict.fromkeys([path] if is_named else find_images([item])))
    return list(found)


def measure_files(
    paths: Sequence[Path],
    out: Path,
    options: ObjectOptions,
    read_options: ReadOptions,
    exports: Iterable[str] = (),
    on_progress: OnProgress = silent,
) -> tuple[list[ObjectResult], list[Failure]]:
    """Find and measure the objects of every input, and write what was found.

    For each input, ``NAME_objects.png`` (16-bit ids), ``NAME_objects.csv``, ``NAME_outlines.png``, the exports, and
    last the side-car ``NAME_objects.json``.

    Parameters
    ----------
    paths : sequence of Path
        Images or label images.
    out : Path
        Folder, made where missing.
    options : ObjectOptions
    read_options : ReadOptions
    exports : iterable of str
        Of `EXPORTS`.
    on_progress : callable, optional

    Returns
    -------
    results : list of ObjectResult
    failures : list of Failure
        Inputs that could not be read or measured; the others are not affected.

    Raises
    ------
    ValueError
        If an export is unknown.
    segment.io.OutputError
        If a file is there that this program did not write, or cannot be written.
    """
    chosen = tuple(exports)
    unknown = sorted(set(chosen) - set(EXPORTS))
    if unknown:
        raise ValueError(f"unknown export format {unknown[0]!r}; known: {', '.join(EXPORTS)}")
    results, failures = [], []
    names = [name.removesuffix(LABELS).removesuffix(IDS) for name in output_names(paths)]
    for name in names:
        refuse_foreign([out / file for file in _targets(name)], out / f"{name}{IDS}.json")
    kinds = {path: _kind(path) if options.kind == "auto" else options.kind for path in paths}
    with workers() as each:
        usual = usual_bands([path for path, kind in kinds.items() if kind == "image"], read_options, each)
    for index, (path, name) in enumerate(zip(paths, names, strict=True)):
        reading = as_usual(read_options, path, usual)
        try:
            labels, micrograph, valid = _find(path, kinds[path], options, reading)
        except (ValueError, OSError) as error:
            failures.append(failure(path, error))
            continue
        edge = micrograph.calibration.pixel_size_um
        objects = measure_objects(labels, micrograph.image, pixel_size_um=edge, valid=valid)
        result = ObjectResult(path, name, objects, _sizes(objects))
        _write(out, result, micrograph, valid, options, reading, chosen)
        results.append(result)
        on_progress(Progress("measure", index + 1, len(paths), name))
    return results, failures


def _find(
    path: Path, kind: str, options: ObjectOptions, read_options: ReadOptions
) -> tuple[NDArray[np.int32], Micrograph, NDArray[np.bool_] | None]:
    """Return the object ids of one input, the micrograph that they lie in, and which pixels count; None: all."""
    if kind == "image":
        micrograph = read_one(path, read_options)
        if isinstance(micrograph, Failure):
            raise ValueError(micrograph.message)
        valid = micrograph.valid
        labels = find_objects(
            look_at(micrograph), polarity=options.polarity, split=options.split, min_pixels=options.min_pixels
        )
    else:
        ids, record = _read_ids(path), read_side_car(path.with_name(f"{path.stem.removesuffix(LABELS)}.json"))
        micrograph = _micrograph_of(path, ids, record, read_options)
        valid = ids != EXCLUDED if kind == "phases" and np.any(ids == EXCLUDED) else None
        labels = drop_small(
            _phase_objects(path, ids, record, options, valid) if kind == "phases" else ids, options.min_pixels or 1
        )
    if labels.max(initial=0) > MOST_OBJECTS:
        raise ValueError(f"{path}: {labels.max()} objects, more than {MOST_OBJECTS}; set a larger smallest object")
    return labels, micrograph, valid


def _kind(path: Path) -> str:
    if path.stem.endswith(LABELS):
        record = read_side_car(path.with_name(f"{path.stem.removesuffix(LABELS)}.json"))
        if isinstance(record, dict) and record.get("format") == RESULT:
            return "phases"
    return "ids" if path.stem.endswith(IDS) else "image"


def _read_ids(path: Path) -> NDArray[Any]:
    ids = decode(path.read_bytes())
    if ids.ndim != 2 or ids.dtype.kind not in "ui":
        raise ValueError(f"{path}: ids must be grey whole numbers, got {ids.dtype} of shape {ids.shape}")
    return ids


def _micrograph_of(path: Path, ids: NDArray[Any], record: Any, read_options: ReadOptions) -> Micrograph:
    """Return the image that the ids were made of; where it is gone, the ids themselves as grey levels."""
    source = record.get("input", {}).get("path") if isinstance(record, dict) else None
    calibration = record.get("calibration", {}) if isinstance(record, dict) else {}
    edge = read_options.pixel_size_um or calibration.get("pixel_size_um")
    if source is not None:
        for place in (Path(source), path.parent / Path(source).name):
            if place.is_file():
                found = read_one(place, ReadOptions(**record["read_options"]))
                if isinstance(found, Micrograph) and found.image.shape == ids.shape:
                    return from_array(found.image, name=path.stem, pixel_size_um=edge)
    return from_array((ids > 0).astype(np.float32), name=path.stem, pixel_size_um=edge)


def _phase_objects(
    path: Path, ids: NDArray[Any], record: Any, options: ObjectOptions, valid: NDArray[np.bool_] | None
) -> NDArray[np.int32]:
    names = record.get("phases") if isinstance(record, dict) else None
    names = (
        [f"phase {index}" for index in range(int(ids.max(initial=0, where=ids != EXCLUDED)) + 1)]
        if names is None
        else list(names)
    )
    known = ", ".join(f"{index} ({name})" for index, name in enumerate(names))
    if options.phase is None:
        raise ValueError(f"{path}: a phase map of {len(names)} phases; choose the one that is the objects: {known}")
    if options.phase in names:
        chosen = names.index(options.phase)
    elif options.phase.isdecimal() and int(options.phase) < len(names):
        chosen = int(options.phase)
    else:
        raise ValueError(f"{path}: no phase {options.phase!r}; there are {known}")
    mask = ids == chosen
    return split_touching(mask, valid=valid) if options.split else label(mask, connectivity=1).astype(np.int32)


def _sizes(objects: Objects) -> SizeDistribution | None:
    table = objects.table
    if not np.any(table["edge_weight"] > 0):
        return None
    unit = "px" if objects.pixel_size_um is None else "um"
    return size_distribution(table[f"diameter_{unit}"], table["edge_weight"])


def _write(
    out: Path,
    result: ObjectResult,
    micrograph: Micrograph,
    valid: NDArray[np.bool_] | None,
    options: ObjectOptions,
    read_options: ReadOptions,
    exports: Sequence[str],
) -> None:
    objects, stem = result.objects, f"{result.name}{IDS}"
    outlines = trace_outlines(objects.labels, micrograph.image)
    picture = outline_picture(micrograph.image, outlines)
    files: dict[str, Callable[[Path], None]] = {
        f"{stem}.png": partial(write_png, image=objects.labels.astype(np.uint16)),
        f"{stem}.csv": partial(write_text, text=objects.table.to_csv()),
        f"{result.name}_outlines.png": partial(write_png, image=picture),
    }
    if "geojson" in exports:
        files[f"{stem}.geojson"] = lambda path: write_objects_geojson(path, objects, outlines)
        if objects.pixel_size_um is not None:
            files[f"{stem}_um.geojson"] = lambda path: write_objects_geojson(
                path, objects, outlines, in_micrometres=True
            )
    if "roi" in exports:
        files[f"{result.name}_rois.zip"] = lambda path: write_rois(path, objects, outlines)
    if "parquet" in exports:
        files[f"{stem}.parquet"] = lambda path: write_table_parquet(path, objects.table)
    content = {
        "version": VERSION,
        "name": result.name,
        "input": {"path": str(result.path), "sha256": digest_file(result.path)},
        "read_options": read_options.to_json(),
        "pixel_size_um": objects.pixel_size_um,
        "parameters": asdict(options),
        "notes": list(micrograph.notes),
        "excluded_pixels": 0 if valid is None else int(np.count_nonzero(~valid)),
        "n_objects": len(objects),
        "n_touching_edge": int(np.count_nonzero(objects.table["touches_edge"])),
        "sizes": None if result.sizes is None else asdict(result.sizes),
        "exports": list(exports),
        "files": list(files),
        "software": software(),
    }
    write_measurements(out, f"{stem}.json", "objects", content, files)


def _targets(name: str) -> list[str]:
    """Return the names of all files that may be written for one input."""
    suffixes = ("png", "csv", "json", "geojson", "parquet")
    own = [f"{name}{IDS}.{suffix}" for suffix in suffixes]
    return [*own, f"{name}{IDS}_um.geojson", f"{name}_outlines.png", f"{name}_rois.zip"]
