"""What a user can do at once: from a session and plain values to another session and a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from segment.app.corrections import calibrate, clear_regions, correct, outline, reset
from segment.app.exploring import choose
from segment.app.limits import Limits
from segment.app.model_file import forget_model
from segment.app.phases import merge, recolour, rename, separate
from segment.app.segmentation import split
from segment.app.session import Session, accept, remove
from segment.app.settings import changed
from segment.app.strokes import count_strokes, erase, paint, rub, wipe
from segment.app.user_error import UserError

Values = Mapping[str, Any]
Done = tuple[Session, str]
Action = Callable[[Session, Values, Limits], Done]
ILL_FORMED = "The page and the program do not fit together: load the page again."


def act(session: Session, name: str, values: Values, limits: Limits) -> Done:
    """Do what the user asked for.

    Parameters
    ----------
    session : Session
    name : str
        A key of `ACTIONS`.
    values : mapping
        What the page sends with it.
    limits : Limits

    Returns
    -------
    session : Session
    message : str

    Raises
    ------
    UserError
        If it cannot be done; says why.
    """
    if name not in ACTIONS:
        raise UserError(ILL_FORMED)
    try:
        return ACTIONS[name](session, values, limits)
    except UserError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UserError(ILL_FORMED) from error


def _set(session: Session, values: Values, limits: Limits) -> Done:
    name = str(values["name"])
    settings = changed(session.settings, session.own, name, values["value"], limits.n_phases)
    return replace(session, settings=settings), ""


def _remove(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    return remove(session, values["image"]), f"{values['image']} is removed."


def _accept(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    after = accept(session, values["image"], values["is_accepted"])
    return after, f"The map of {values['image']} is {'accepted' if values['is_accepted'] else 'to be checked again'}."


def _correct(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    after = correct(session, values["image"], values["band"], values["pixel_size"], bool(values["everywhere"]))
    return after, f"Corrected.{_again(session, after)}"


def _reset(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    after = reset(session, values["image"])
    return after, f"Band and pixel size are those of the file.{_again(session, after)}"


def _calibrate(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    image = values["image"]
    after = calibrate(session, image, values["points"], values["length"], bool(values["everywhere"]))
    size = after.fields[after.index_of(image)].micrograph.calibration.pixel_size_um
    return after, f"A pixel is {size:.4g} µm, from the line over the scale bar."


def _outline(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    after = outline(session, values["image"], values["kind"], values["points"])
    return after, f"The region is to {values['kind']}.{_again(session, after)}"


def _clear_regions(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    after = clear_regions(session, values["image"])
    return after, f"All of {values['image']} takes part again.{_again(session, after)}"


def _learn(session: Session, values: Values, limits: Limits) -> Done:
    del values, limits
    return forget_model(session), "The next Segment learns phases from your images."


def _rename(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    phase = int(values["phase"])
    after = rename(session, phase, str(values["name"]))
    return after, f"Phase {phase} is {after.names[phase]}."


def _recolour(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    return recolour(session, int(values["phase"]), str(values["colour"])), ""


def _merge(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    phase, into = int(values["phase"]), int(values["into"])
    after = merge(session, phase, into)
    names = session.phase_names(session.n_phases)
    return after, f"{names[phase]} is part of {names[into]} now; Undo or Separate takes them apart."


def _separate(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    return separate(session, int(values["phase"])), "The merged phases are apart again."


def _split(session: Session, values: Values, limits: Limits) -> Done:
    phase = int(values["phase"])
    after = split(session, phase, limits.n_phases)
    names = after.phase_names(after.n_phases)
    return after, (
        f"Paint a few strokes of {names[phase]} where it stays, and of {names[-1]} where it becomes another phase; "
        "then press Segment. The other phases keep their pixels as far as they can."
    )


def _paint(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    after = paint(session, values["image"], int(values["phase"]), float(values["width"]), values["points"])
    stopped = " The loaded model is no longer applied." if session.is_loaded else ""
    return forget_model(after), f"{_strokes(after)}{stopped}"


def _erase(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    after = erase(session, values["image"], int(values["number"]))
    return after, _strokes(after)


def _rub(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    after = rub(session, values["image"], float(values["width"]), values["points"])
    return after, _strokes(after)


def _wipe(session: Session, values: Values, limits: Limits) -> Done:
    del limits
    after = wipe(session, values["image"])
    return after, _strokes(after)


def _choose(session: Session, values: Values, limits: Limits) -> Done:
    number = int(values["number"])
    after = choose(session, number, limits.n_phases)
    return after, f"Candidate {number} is chosen. Segment maps your images with its settings."


ACTIONS: dict[str, Action] = {
    "set": _set,
    "remove": _remove,
    "accept": _accept,
    "correct": _correct,
    "reset": _reset,
    "calibrate": _calibrate,
    "outline": _outline,
    "clear_regions": _clear_regions,
    "learn": _learn,
    "rename": _rename,
    "recolour": _recolour,
    "merge": _merge,
    "separate": _separate,
    "split": _split,
    "paint": _paint,
    "erase": _erase,
    "rub": _rub,
    "wipe": _wipe,
    "choose": _choose,
}


def _strokes(session: Session) -> str:
    count = count_strokes(session)
    if not count:
        return "No strokes: Segment learns from the images alone."
    return f"{count} stroke{'' if count == 1 else 's'}. Segment learns from what you painted."


def _again(before: Session, after: Session) -> str:
    return " Segment again to map what changed." if len(after.mapped) < len(before.mapped) else ""
