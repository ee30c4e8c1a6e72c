"""What a reader must know before using the numbers of a report."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from segment.batch import NOWHERE, doubt_phases, remark_on_batch, remark_on_maps
from segment.measure import FieldStatistics, fields_needed
from segment.model import FittedModel
from segment.report.field import ReportField

FEWEST_FIELDS = 5
WORST_ACCURACY_PERCENT = 10.0
SAME_SIZE = 1.01
MOST_NAMED = 5


def find_caveats(
    fields: Sequence[ReportField],
    statistics: Sequence[FieldStatistics],
    model: FittedModel,
    names: Sequence[str],
    failures: Sequence[str] = (),
) -> list[str]:
    """List what is missing, uncertain or mixed in a batch, one sentence or two each.

    Parameters
    ----------
    fields : sequence of ReportField
    statistics : sequence of FieldStatistics
        One a phase, of the fractions over the fields.
    model : FittedModel
    names : sequence of str
        One a phase.
    failures : sequence of str
        One line for every input that is not among the fields.

    Returns
    -------
    list of str
        Empty where nothing is to be said.
    """
    return [
        *_unread(failures),
        *_guided(fields, names),
        *_batch(fields, model, names),
        *_few_fields(len(fields)),
        *_inaccurate(statistics, names),
        *_uncalibrated(fields),
        *_mixed(fields),
        *_fit(model, names),
    ]


def _unread(failures: Sequence[str]) -> list[str]:
    if not failures:
        return []
    return [f"{_count(len(failures), 'input')} could not be read and not counted: {_some(failures, '; ')}."]


def _guided(fields: Sequence[ReportField], names: Sequence[str]) -> list[str]:
    asked = [(item, item.guidance) for item in fields if item.guidance is not None]
    if not asked:
        return []
    done = [(item, guidance) for item, guidance in asked if guidance["is_guided"]]
    found = []
    if done:
        flipped = sum(guidance["flipped"] for _, guidance in done) / sum(math.prod(item.shape) for item, _ in done)
        before = np.mean([guidance["before"] for _, guidance in done], axis=0)
        fractions = ", ".join(f"{name} {100 * part:.1f} %" for name, part in zip(names, before, strict=True))
        found.append(
            f"{_count(len(done), 'field')} guided by fractions known or estimated beforehand, which gave another label "
            f"to {100 * flipped:.1f} % of the pixels: these numbers are no independent measurement of the fractions. "
            f"Without guidance: {fractions}."
        )
    for state, text in (
        (
            [item.name for item, guidance in asked if guidance["contradicts_image"]],
            "the fractions given contradict the image",
        ),
        ([item.name for item, guidance in asked if not guidance["is_guided"]], "the guidance abstained"),
    ):
        if state:
            found.append(f"In {_count(len(state), 'field')} ({_some(state)}) {text}.")
    return found


def _batch(fields: Sequence[ReportField], model: FittedModel, names: Sequence[str]) -> list[str]:
    fractions = [[row.fraction for row in item.fractions] for item in fields]
    remarks = remark_on_maps(fractions, names, [item.name for item in fields])
    if model.shared is not None:
        # Phases of one name are merged in the maps, and none of theirs is distinguished there.
        is_own = tuple(names) == tuple(model.names)
        doubts = doubt_phases(model.shared if is_own else None, len(model.training), names, fractions)
        lacking = {name for name, why in doubts.items() if why == NOWHERE}
        images = [str(item["name"]) for item in model.training]
        remarks += remark_on_batch(model.shared, model.names, images, lacking)
    return [f"{remark[0].upper()}{remark[1:]}." for remark in remarks]


def _few_fields(n: int) -> list[str]:
    if n == 1:
        return ["One field only: neither the scatter between fields nor a confidence interval can be given."]
    if n < FEWEST_FIELDS:
        return [f"Too few fields: {n}. With fewer than {FEWEST_FIELDS} the confidence interval says little."]
    return []


def _inaccurate(statistics: Sequence[FieldStatistics], names: Sequence[str]) -> list[str]:
    found = []
    for name, row in zip(names, statistics, strict=True):
        if row.relative_accuracy_percent is not None and row.relative_accuracy_percent > WORST_ACCURACY_PERCENT:
            needed = fields_needed(row, WORST_ACCURACY_PERCENT)
            hint = "" if needed is None else f" With this scatter about {needed} fields in all would reach it."
            found.append(
                f"{name}: relative accuracy {row.relative_accuracy_percent:.1f} %, above "
                f"{WORST_ACCURACY_PERCENT:g} %.{hint}"
            )
    return found


def _uncalibrated(fields: Sequence[ReportField]) -> list[str]:
    found = []
    without = [item.name for item in fields if item.calibration.pixel_size_um is None]
    if without:
        found.append(
            f"{_count(len(without), 'field')} without a pixel size ({_some(without)}): areas are in pixels only. "
            "Fractions do not depend on it."
        )
    unsure = [item.name for item in fields if item.calibration.confidence == "low"]
    if unsure:
        found.append(
            f"{_count(len(unsure), 'field')} whose pixel size comes from a generic tag that other programs write too "
            f"({_some(unsure)}): check it against the scale bar."
        )
    return found


def _mixed(fields: Sequence[ReportField]) -> list[str]:
    found = []
    edges = [item.calibration.pixel_size_um for item in fields if item.calibration.pixel_size_um is not None]
    if edges and max(edges) > SAME_SIZE * min(edges):
        found.append(
            f"Pixel sizes differ, from {min(edges):.4g} to {max(edges):.4g} µm: the fields are of different "
            "magnification, and count equally in the mean whatever area they cover."
        )
    versions = {tuple(sorted(item.software.items())) for item in fields if item.software}
    if len(versions) > 1:
        found.append("Fields were segmented with different versions of the software; their side-cars say which.")
    return found


def _fit(model: FittedModel, names: Sequence[str]) -> list[str]:
    found = []
    if not model.is_converged:
        found.append(
            f"The fit stopped after {model.n_iter} iterations before it converged to the tolerance of "
            f"{model.parameters.tol:g}."
        )
    if model.chosen is not None:
        found.append(f"{model.chosen.reason.capitalize()}. {model.chosen.caveat}".rstrip())
    if all(re.fullmatch(r"phase \d+", name) for name in names):
        found.append(
            "The phases are not named: they are numbered from dark to bright, and which constituent each one is must "
            "be judged by eye."
            if model.teaching is None
            else "The phases are not named: they are numbered by the ids of the labels they were learned from."
        )
    return found


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _some(items: Sequence[str], separator: str = ", ") -> str:
    rest = f"{separator}and {len(items) - MOST_NAMED} more" if len(items) > MOST_NAMED else ""
    return separator.join(items[:MOST_NAMED]) + rest
