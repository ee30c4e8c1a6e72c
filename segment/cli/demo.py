"""The command ``segment demo``."""

from __future__ import annotations

from pathlib import Path

from segment.cli.console import Session
from segment.cli.options import Features, Json, Out, Quiet, Seed


def demo(
    out: Out = Path("out/demo"),
    features: Features = None,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make synthetic micrographs of several materials, segment them, and compare with the truth."""
    with Session(json, quiet) as session:
        from dataclasses import asdict

        from segment.model import Segmenter
        from segment.pipeline import run_demo
        from segment.pipeline.demo import SUMMARY

        with session.usage_errors():
            Segmenter(features=features, random_state=seed)
        with session.progress() as advance:
            rows = run_demo(
                out,
                make_segmenter=lambda k: Segmenter(k, features=features, random_state=seed),
                seed=seed,
                on_progress=advance,
            )
        session.print_demo(rows)
        session.say(f"Results in {out}, summary in {out / SUMMARY}")
        session.emit({"out": out, "summary": out / SUMMARY, "materials": [asdict(row) for row in rows]})
