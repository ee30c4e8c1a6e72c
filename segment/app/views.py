"""What the page shows of a session, as plain values for the browser."""

from __future__ import annotations

from html import escape
from typing import Any

from segment.app.phases import SUGGESTIONS
from segment.app.segmentation import default_colours
from segment.app.session import Colour, Field, Session
from segment.app.strokes import count_strokes
from segment.measure import FieldStatistics, measure_fractions, summarise_fields
from segment.phases import RULES

EXPLORE = "Segment the shown image in many ways, and choose the map that fits what you know of the material."


def viewer(session: Session, token: str) -> dict[str, Any]:
    """Return what the viewer needs of the shown image: addresses of its layers, its size, its band and its strokes."""
    field = session.field
    if field is None:
        return {"micrograph": ""}
    height, width = field.full.shape
    return {
        "name": field.file_name,
        "micrograph": _address(token, f"micrograph/{session.current}.png", session),
        "colours": "" if field.phase_map is None else _address(token, f"colours/{session.current}.png", session),
        "width": width,
        "height": height,
        "rows": field.micrograph.image.shape[0],
        "brushes": _brushes(session),
        "strokes": [
            {"phase": stroke.phase, "width": stroke.width, "points": " ".join(f"{x:g},{y:g}" for x, y in stroke.points)}
            for stroke in field.strokes
        ],
    }


def phases(session: Session) -> dict[str, Any]:
    """Return the table of phases: colour, name, share; area, and mean over the images with its 95 % interval."""
    field = session.field
    mapped = None if field is None else field.phase_map
    if mapped is None:
        return {"rows": []}
    rows = measure_fractions(mapped)
    others = [100 * other.phase_map.fractions for other in session.mapped if other.phase_map is not None]
    statistics = [summarise_fields([shares[row.phase] for shares in others]) for row in rows]
    return {
        "rows": [
            {
                "phase": row.phase,
                "name": row.name,
                "colour": _written(session.colours[row.phase]),
                "fraction": f"{100 * row.fraction:.1f}",
                "detail": "\n".join(filter(None, (_area(row.area_um2), _over_fields(over)))),
            }
            for row, over in zip(rows, statistics, strict=True)
        ],
        "selected": session.selected,
        "suggestions": SUGGESTIONS,
    }


def components(session: Session, token: str) -> str:
    """Return the abundance maps of the shown image as HTML; the browser fetches them when they come into sight."""
    field = session.field
    mapped = None if field is None else field.phase_map
    if mapped is None:
        return hint("The share of each phase in each pixel appears here.")
    figures = [
        f'<figure><img loading="lazy" src="{_address(token, f"component/{session.current}/{phase}.png", session)}" '
        f'alt="Abundance of {escape(name)}"><figcaption>{escape(name)} · {100 * fraction:.1f} %</figcaption></figure>'
        for phase, (name, fraction) in enumerate(zip(mapped.names, mapped.fractions, strict=True))
    ]
    legend = "<p>Share of each phase in each pixel, black for none and white for all.</p>"
    return f'{legend}<div class="panels">{"".join(figures)}</div>'


def fingerprints(session: Session, token: str) -> str:
    """Return the heat map of H as HTML."""
    if session.segmenter is None:
        return hint("How strongly each phase shows each feature appears here.")
    model = session.segmenter.model
    end = "converged" if model.is_converged else "stopped at the largest number of iterations, not converged"
    if model.teaching is not None:
        return (
            "<p>How strongly each phase shows each feature: means of its pixels, at unit length.</p>"
            f'<img class="figure" loading="lazy" src="{_address(token, "fingerprints.svg", session)}" '
            'alt="Heat map of phases by features">'
            f"<p>Taught by {sum(model.teaching.painted)} labelled pixels.</p>"
        )
    return (
        "<p>How strongly each phase shows each feature: the rows of H, at unit length.</p>"
        f'<img class="figure" loading="lazy" src="{_address(token, "fingerprints.svg", session)}" '
        'alt="Heat map of phases by features">'
        f"<p>{model.n_iter} iterations from init {escape(model.init)}, {end}. "
        f"Residual |X - W H| = {model.reconstruction_error:.4g}.</p>"
        f'<img class="figure" loading="lazy" src="{_address(token, "loss.svg", session)}" '
        'alt="Objective against iterations">'
    )


def choice(session: Session, token: str) -> str:
    """Return what the rules say of the number of phases as HTML."""
    found = session.comparison
    if found is None:
        return hint("Four rules that suggest a number of phases appear here.")
    rows = "".join(
        f"<dt>{escape(name)}: {'none of them' if found.suggestions[name] is None else found.suggestions[name]}</dt>"
        f"<dd>{escape(rule.reason)}</dd>"
        for name, rule in RULES.items()
    )
    return (
        f"<p>Suggestions from {found.n_pixels} pixels, no verdict: what you know of the material comes first.</p>"
        f'<dl class="rules">{rows}</dl>'
        f'<img class="figure" src="{_address(token, "choice.svg", session)}" '
        'alt="Four curves over the number of phases, the suggestion of each circled">'
    )


def sheet(session: Session, token: str) -> dict[str, Any]:
    """Return what the contact sheet needs: a card for every candidate, and which one was chosen."""
    shown = session.sheet
    if shown is None:
        return {"cards": [], "hint": EXPLORE}
    found = shown.exploration
    return {
        "cards": [
            {
                "number": candidate.number,
                "picture": f"/session/{token}/candidate/{candidate.number}.png?v={shown.version}",
                "caption": candidate.caption,
            }
            for candidate in found.candidates
        ],
        "uncertainty": f"/session/{token}/uncertainty.png?v={shown.version}",
        "chosen": shown.chosen,
        "hint": f"{found.micrograph.name}: {len(found.candidates)} distinct maps of {found.n_tried} tried; "
        "what many have in common comes first. Click the one that fits what you know.",
    }


def reading(field: Field | None) -> str:
    """Return how the shown image was read, as HTML."""
    if field is None:
        return ""
    micrograph, (height, width) = field.micrograph, field.full.shape
    band, calibration = micrograph.band, micrograph.calibration
    rows = "none" if band.top is None else f"rows {band.top} to {height - 1} ({escape(band.source)})"
    if calibration.pixel_size_um is None:
        size = "unknown"
    else:
        source = f"{escape(calibration.source)}, confidence {escape(calibration.confidence)}"
        size = f"{calibration.pixel_size_um:.5g} µm ({source})"
    return (
        f"<dl><dt>Size</dt><dd>{width} x {height}, {escape(micrograph.dtype)} {escape(micrograph.channels)}</dd>"
        f"<dt>Band</dt><dd>{rows}</dd><dt>Pixel</dt><dd>{size}</dd></dl>"
    )


def model_line(session: Session) -> str:
    """Return which model the next segmentation uses, as HTML."""
    if not session.is_loaded:
        count = count_strokes(session)
        taught = f", taught by {count} stroke{'s' if count > 1 else ''}" if count else ""
        return f"<p>Phases are learned from the images above{taught}.</p>"
    return f"<p>Segment applies the loaded model of {len(session.names)} phases to the images above.</p>"


def download(session: Session, token: str) -> str:
    """Return the link to the results as HTML, empty before there are any."""
    if not session.mapped:
        return ""
    address = _address(token, "results.zip", session)
    return f'<a class="download" href="{address}" download="segment-results.zip">Download everything (zip)</a>'


def status(text: str, *, is_error: bool = False) -> str:
    """Return a message as HTML that a screen reader announces."""
    role, kind = ("alert", "error") if is_error else ("status", "note")
    return f'<div role="{role}" class="{kind}">{escape(text)}</div>'


def working(text: str, done: int | None = None, total: int = 1) -> str:
    """Return a progress bar with a message as HTML; without a number done, one that only says that work goes on."""
    value = "" if done is None else f'value="{done}"'
    bar = f'<progress max="{total}" {value} aria-label="Progress"></progress>'
    return f'<div role="status" class="note">{bar}{escape(text)}</div>'


def hint(text: str) -> str:
    """Return a line for a place that is still empty, as HTML."""
    return f'<p class="hint">{escape(text)}</p>'


def _brushes(session: Session) -> list[dict[str, str]]:
    """Return name and colour of every phase that can be painted, whether or not it is known yet."""
    colours = (*session.colours, *default_colours(session.n_phases)[len(session.colours) :])[: session.n_phases]
    names = (*session.names, *(f"phase {phase}" for phase in range(len(session.names), session.n_phases)))
    return [{"name": name, "colour": _written(colour)} for name, colour in zip(names, colours, strict=False)]


def _written(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _area(area_um2: float | None) -> str:
    if area_um2 is None:
        return ""
    return f"{area_um2 / 1e6:.4g} mm²" if area_um2 >= 1e4 else f"{area_um2:.4g} µm²"


def _over_fields(over: FieldStatistics) -> str:
    return "" if over.ci95 is None else f"{over.n_fields} images: {over.mean:.1f} ± {over.ci95:.1f} %"


def _address(token: str, what: str, session: Session) -> str:
    return f"/session/{token}/{what}?v={session.version}"
