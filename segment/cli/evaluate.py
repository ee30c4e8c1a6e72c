"""The command ``segment evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segment.cli.console import Session
from segment.cli.options import Json, Quiet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LABELS, EXCLUDED = "_labels", 255


def evaluate(
    pred: Annotated[Path, typer.Argument(help="Label image, or a folder of them.", show_default=False)],
    truth: Annotated[
        Path | None,
        typer.Argument(
            help="Mask of class ids (255: not annotated), or a folder of them. Without it, figures of the map alone.",
            show_default=False,
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="Distance at which a boundary still counts as found, in pixels.")
    ] = 2.0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare label images NAME_labels.png with masks NAME.png of known classes, or judge them without a mask."""
    with Session(json, quiet) as session:
        if truth is None:
            _judge(session, pred)
            return
        from dataclasses import asdict

        from segment.evaluate import evaluate as compare
        from segment.evaluate import evaluate_batch

        with session.usage_errors():
            if not tolerance >= 0:
                raise ValueError(f"--tolerance: at least 0 pixels, got {tolerance}")
            pairs = _pairs(pred, truth)
        rows, maps, masks = [], [], []
        for name, label_path, mask_path in pairs:
            labels, mask = _read_ids(label_path), _read_ids(mask_path)
            if labels.shape != mask.shape:
                raise ValueError(f"{label_path}: {labels.shape} pixels, but {mask_path} has {mask.shape}")
            rows.append((name, compare(labels, mask, tolerance=tolerance)))
            maps.append(labels)
            masks.append(mask)
        for name, scores in rows:
            session.say(
                f"{name}: accuracy {scores.accuracy:.3f} (largest class alone {scores.majority_accuracy:.3f}), "
                f"mean IoU {scores.mean_iou:.3f}, mean Dice {scores.mean_dice:.3f}, "
                f"adjusted Rand {scores.adjusted_rand_index:.3f}, "
                f"variation of information {scores.variation_of_information:.3f} bit, "
                f"boundary F1 {scores.boundary_f1:.3f}, fraction error {scores.fraction_error:.3f}; "
                f"IoU of class {', '.join(f'{index} {value:.3f}' for index, value in enumerate(scores.iou))}"
            )
        if len(rows) > 1:
            found = evaluate_batch(maps, masks)
            empty = f", no pixel of phase {', '.join(map(str, found.empty))}" if found.empty else ""
            session.say(
                f"{len(rows)} images as one batch, one assignment of phases to classes: mean IoU {found.mean_iou:.3f}, "
                f"accuracy {found.accuracy:.3f}, fraction error {found.fraction_error:.3f}{empty}; each image assigned "
                f"by itself: mean IoU {found.mean_iou_each:.3f}"
            )
        session.emit([{"name": name, **asdict(scores)} for name, scores in rows])


def _judge(session: Session, pred: Path) -> None:
    """Say what is known of label images without a truth: what is in their side-cars, else what the labels say."""
    import json

    from segment.evaluate import isolated_share

    with session.usage_errors():
        if not pred.exists():
            raise ValueError(f"PRED: '{pred}' does not exist")
        paths = sorted(pred.glob(f"*{LABELS}.png")) if pred.is_dir() else [pred]
        if not paths:
            raise ValueError(f"PRED: no label image NAME{LABELS}.png in '{pred}'")
    found = []
    for path in paths:
        labels, name = _read_ids(path), path.stem.removesuffix(LABELS)
        side_car = path.with_name(f"{name}.json")
        try:
            figures = dict(json.loads(side_car.read_text(encoding="utf-8"))["quality"])
            known = {key.replace("_", " "): value for key, value in figures.items() if value is not None}
            text = ", ".join(f"{key} {value:.4g}" for key, value in known.items())
        except (OSError, ValueError, KeyError, TypeError):
            figures = {"isolated": isolated_share(labels, labels != EXCLUDED)}
            text = f"isolated {figures['isolated']:.4g}; the other figures are in a side-car {side_car.name}, which is "
            text += "of an earlier version or damaged" if side_car.is_file() else "not beside it"
        session.say(f"{name}: {text}")
        found.append({"name": name, **figures})
    session.emit(found)


def _pairs(pred: Path, truth: Path) -> list[tuple[str, Path, Path]]:
    for option, path in (("PRED", pred), ("TRUTH", truth)):
        if not path.exists():
            raise ValueError(f"{option}: '{path}' does not exist")
    if pred.is_dir() != truth.is_dir():
        raise ValueError(f"PRED and TRUTH must be two files or two folders, got '{pred}' and '{truth}'")
    if not pred.is_dir():
        return [(pred.stem.removesuffix(LABELS), pred, truth)]
    masks = {path.stem: path for path in truth.glob("*.png")}
    found = {path.stem.removesuffix(LABELS): path for path in sorted(pred.glob("*.png"))}
    # A folder of results holds pictures too: where there are label images, only they count.
    found |= {path.stem.removesuffix(LABELS): path for path in pred.glob(f"*{LABELS}.png")}
    pairs = [(name, path, masks[name]) for name, path in found.items() if name in masks]
    if not pairs:
        raise ValueError(f"no PNG in '{pred}' has the name of a mask in '{truth}'")
    return pairs


def _read_ids(path: Path) -> NDArray[np.uint8]:
    import numpy as np

    from segment.io import ImageReadError
    from segment.io.decode import decode

    try:
        ids = decode(path.read_bytes())
    except ImageReadError as error:
        raise ImageReadError(f"cannot read '{path}': {error}") from error
    if ids.ndim != 2 or ids.dtype != np.uint8:
        raise ValueError(f"'{path}': ids must be 8-bit grey, got {ids.dtype} of shape {ids.shape}")
    return ids
