"""The named cases. A new case is one file and one line in `CASES`."""

from __future__ import annotations

from benchmarks.cases.app import APP
from benchmarks.cases.atoms import ATOMS
from benchmarks.cases.case import Case
from benchmarks.cases.cold_start import COLD_START
from benchmarks.cases.digits import DIGITS
from benchmarks.cases.eels import EELS
from benchmarks.cases.faces import FACES
from benchmarks.cases.grains import GRAINS
from benchmarks.cases.imports import IMPORTS
from benchmarks.cases.intervals import INTERVALS
from benchmarks.cases.known_answers import KNOWN_ANSWERS
from benchmarks.cases.memory import MEMORY
from benchmarks.cases.out_of_core import OUT_OF_CORE
from benchmarks.cases.pipeline import PIPELINE
from benchmarks.cases.poisson import POISSON
from benchmarks.cases.quality import QUALITY
from benchmarks.cases.samson import SAMSON
from benchmarks.cases.scaling import SCALING
from benchmarks.cases.series import SERIES
from benchmarks.cases.spectrogram import SPECTROGRAM
from benchmarks.cases.swap import SWAP
from benchmarks.cases.swimmer import SWIMMER
from benchmarks.cases.tall import TALL
from benchmarks.cases.tall_10 import TALL_10
from benchmarks.cases.tall_100 import TALL_100
from benchmarks.cases.taught import TAUGHT
from benchmarks.cases.texture_pipeline import TEXTURE_PIPELINE
from benchmarks.cases.transform import TRANSFORM
from benchmarks.cases.words import WORDS

__all__ = ["CASES", "Case"]

CASES: dict[str, Case] = {
    "tall": TALL,
    "tall_10": TALL_10,
    "tall_100": TALL_100,
    "transform": TRANSFORM,
    "swap": SWAP,
    "faces": FACES,
    "samson": SAMSON,
    "eels": EELS,
    "swimmer": SWIMMER,
    "digits": DIGITS,
    "spectrogram": SPECTROGRAM,
    "poisson": POISSON,
    "words": WORDS,
    "scaling": SCALING,
    "out_of_core": OUT_OF_CORE,
    "cold_start": COLD_START,
    "memory": MEMORY,
    "import": IMPORTS,
    "pipeline": PIPELINE,
    "texture_pipeline": TEXTURE_PIPELINE,
    "known_answers": KNOWN_ANSWERS,
    "quality": QUALITY,
    "intervals": INTERVALS,
    "taught": TAUGHT,
    "series": SERIES,
    "app": APP,
    "atoms": ATOMS,
    "grains": GRAINS,
}
