"""Make the map of one image anew from the strokes on it, while the others stay as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from segment.app.segmentation import SAMPLED, Job, Outcome, is_same, make_job, sample_labels
from segment.app.session import Session
from segment.app.strokes import painted_labels
from segment.app.user_error import UserError
from segment.model import Segmenter
from segment.records import EXCLUDED


def prepare_refit(session: Session, image: str) -> Job:
    """Return what makes the map of one image anew, from the strokes on it; phases without strokes stay what they are.

    Parameters
    ----------
    session : Session
    image : str
        File name.

    Returns
    -------
    Job

    Raises
    ------
    UserError
        If the image has no map or no strokes.
    """
    index = session.index_of(image)
    field = session.fields[index]
    if field.phase_map is None or session.segmenter is None:
        raise UserError(f"{image} has no phase map yet: press Segment first.")
    count = session.segmenter.parameters.n_phases
    painted = painted_labels(replace(session, fields=(field,)), count)
    ids = None if painted is None else painted[0]
    if ids is None:
        raise UserError(
            f"Paint a few strokes on {image} where its map is wrong: Refit learns from them, and from it alone."
        )
    seen = [int(phase) for phase in np.unique(ids[ids != EXCLUDED])]
    most = max(SAMPLED, int(np.count_nonzero(ids != EXCLUDED)))
    labels = np.where(ids == EXCLUDED, sample_labels(field.phase_map.labels, seen, most), ids)
    fitted = Segmenter.from_parameters(session.segmenter.parameters)
    return replace(make_job(session, [field], fitted, False, (labels,), field.composition), is_refit=True)


def take_refit(session: Session, job: Job, outcome: Outcome) -> Session:
    """Put the map of a refitted image where it still is; all others, and the model of all, stay as they are."""
    fields = []
    for field in session.fields:
        if not is_same(job.images[0], field.micrograph):
            fields.append(field)
            continue
        labels = None if job.labels is None else job.labels[0]
        previous = field.previous if field.phase_map is None else field.phase_map.labels
        mapped = replace(outcome.maps[0], micrograph=field.micrograph)
        made = {"phase_map": mapped, "training": labels, "own": outcome.segmenter, "composition": job.composition}
        fields.append(replace(field, **made, is_accepted=False, previous=previous))
    return replace(session, fields=tuple(fields), measured=None)
