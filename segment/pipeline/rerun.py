"""Make the labels of an earlier result again from its side-car, and say what differs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from segment.io import find_images
from segment.io.decode import decode
from segment.model import FittedModel, Segmenter
from segment.model.merging import merge_labels
from segment.pipeline.banding import read_batch
from segment.pipeline.outputs import digest_labels, software
from segment.pipeline.reading import Failure, ReadOptions, digest_file, read_one
from segment.pipeline.side_car import (
    Difference,
    SideCarError,
    damaged,
    load_record,
    recorded_composition,
    recorded_model,
)
from segment.records import Micrograph


@dataclass(frozen=True)
class RerunResult:
    """What came of making a result again.

    Attributes
    ----------
    side_car : Path
    input : Path
        The micrograph that was looked at.
    is_same : bool
        Whether the labels are those of the side-car, bit for bit.
    is_done : bool
        Whether there are labels to compare; without the recorded input nothing is segmented.
    changed_pixels : int or None
        Pixels whose label differs from the label image beside the side-car; None where that is missing.
    differences : tuple of Difference
        All that is not as recorded, whether or not it changed a label.
    what : {"labels", "tables"}
        What was compared.
    """

    side_car: Path
    input: Path
    is_same: bool
    is_done: bool
    changed_pixels: int | None
    differences: tuple[Difference, ...]
    what: str = "labels"


def rerun(
    side_car: str | Path, *, image: str | Path | None = None, training: Iterable[str | Path] | None = None
) -> RerunResult:
    """Segment the input of a side-car again with all that it records, and compare the labels bit for bit.

    Nothing is written. The fingerprints are those in the side-car, so that its input is enough to make the labels
    again; with `training` they too are learned again.

    Parameters
    ----------
    side_car : str or Path
        ``NAME.json`` of a `run` or `apply`.
    image : str or Path, optional
        Where the input lies now; None looks at the recorded path, as it is and from the side-car's folder, and for a
        file of its name in that folder.
    training : iterable of str or Path, optional
        Files, folders or globs that hold the training images; they are known by their digests.

    Returns
    -------
    RerunResult

    Raises
    ------
    SideCarError
        If the file is missing, damaged, of another kind or of a newer version; the message names it.
    FileNotFoundError
        If an item of `training` stands for no image.
    """
    side_car = Path(side_car)
    record = load_record(side_car)
    differences = _versions(record)
    path = _locate(record, side_car, image)
    try:
        model, differing = recorded_model(record)
        differences += differing
        read_options = _beside(ReadOptions(**record["read_options"]), side_car.parent)
        expected = str(record["labels_sha256"])
        composition = recorded_composition(record, model)
        micrograph, differing = _input(record, path, read_options)
        differences += differing
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(side_car, error) from error
    if model is None or micrograph is None:
        return RerunResult(side_car, path, False, False, None, tuple(differences))
    if training is not None:
        model, differing = _trained_again(model, read_options, training)
        differences += differing
    try:
        guidance = {} if composition is None else composition.to_json()
        labels = merge_labels(Segmenter.from_model(model).predict(micrograph, **guidance).labels, model.names)
    except ValueError as error:
        differences.append(Difference("parameter", "features", model.parameters.features, " ".join(str(error).split())))
        return RerunResult(side_car, path, False, False, None, tuple(differences))
    changed = _changed(labels, side_car.with_name(f"{side_car.stem}_labels.png"))
    return RerunResult(side_car, path, digest_labels(labels) == expected, True, changed, tuple(differences))


def _beside(options: ReadOptions, folder: Path) -> ReadOptions:
    """Return options whose mask is looked for from the side-car's folder where it is not at its recorded path."""
    if options.mask is None or Path(options.mask).exists() or not (folder / options.mask).exists():
        return options
    return replace(options, mask=str(folder / options.mask))


def _versions(record: dict[str, Any]) -> list[Difference]:
    recorded = record.get("software")
    if not isinstance(recorded, dict):
        recorded = {}
    return [
        Difference("version", name, str(recorded.get(name, "not recorded")), found)
        for name, found in software().items()
        if recorded.get(name) != found
    ]


def _locate(record: dict[str, Any], side_car: Path, image: str | Path | None) -> Path:
    if image is not None:
        return Path(image)
    source = record.get("input")
    if not isinstance(source, dict) or not isinstance(source.get("path"), str):
        raise SideCarError(f"{side_car}: names no input file; say where the image lies")
    recorded = Path(source["path"])
    places = (recorded, side_car.parent / recorded, side_car.parent / recorded.name)
    return next((place for place in places if place.is_file()), recorded)


def _input(record: dict[str, Any], path: Path, options: ReadOptions) -> tuple[Micrograph | None, list[Difference]]:
    """Read the input; None where its bytes are not those of the side-car."""
    recorded = str(record["input"]["sha256"])
    try:
        found = digest_file(path)
    except OSError as error:
        return None, [Difference("input", "sha256", recorded, f"{path} cannot be read: {error.strerror or error}")]
    if found != recorded:
        return None, [Difference("input", "sha256", recorded, f"{found} ({path})")]
    micrograph = read_one(path, options)
    if isinstance(micrograph, Failure):
        return None, [Difference("input", "content", "readable", micrograph.message)]
    # A text file beside the image may say where its band begins, and is no part of the digest.
    if micrograph.band.top != record["band"]["top"]:
        band = Difference("input", "band", str(record["band"]["top"]), str(micrograph.band.top))
        return None, [band]
    return micrograph, []


def _trained_again(
    model: FittedModel, options: ReadOptions, training: Iterable[str | Path]
) -> tuple[FittedModel, list[Difference]]:
    """Fit to the recorded training images; where one is missing, the model stays and the difference says so."""
    by_digest = {digest_file(path): path for path in find_images(training)}
    images = [(str(item["name"]), item["sha256"]) for item in model.training]
    painted = [(f"labels of {item['name']}", item.get("labels_sha256")) for item in model.training]
    missing = [(name, digest) for name, digest in (*images, *painted) if digest is not None and digest not in by_digest]
    missing += [(name, "an array") for name, digest in images if digest is None]
    if model.teaching is not None and all(digest is None for _, digest in painted):
        missing.append(("labels", "an array"))
    if missing:
        return model, [Difference("input", name, str(digest), "not among them") for name, digest in missing]
    # Where an image of the batch has its band is no word on the others.
    found = read_batch([by_digest[item["sha256"]] for item in model.training], replace(options, usual_band=None))
    broken = [item for item in found if isinstance(item, Failure)]
    if broken:
        return model, [Difference("input", item.path.name, "readable", item.message) for item in broken]
    again = Segmenter.from_parameters(model.parameters)
    labels = None if model.teaching is None else [by_digest.get(digest or "") for _, digest in painted]
    again.fit([item for item in found if isinstance(item, Micrograph)], labels)
    learned = replace(again.model, names=model.names)
    if learned.digest == model.digest:
        return model, []
    largest = float(np.max(np.abs(learned.components - model.components)))
    return learned, [Difference("model", "components", "as in the side-car", f"differ by up to {largest:.3g}")]


def _changed(labels: np.ndarray, picture: Path) -> int | None:
    try:
        before = decode(picture.read_bytes())
    except (OSError, ValueError):
        return None
    return int(np.count_nonzero(before != labels)) if before.shape == labels.shape else None
