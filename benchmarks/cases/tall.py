"""The main job: the pixels of one micrograph by six features."""

from __future__ import annotations

from benchmarks.cases.pixels import REFERENCE, Pixels, pixels_case
from benchmarks.peers import PEERS, SUBJECT

TITLE = "Factorise the features of one micrograph, k = 2 to 6"
PIXELS = Pixels(
    images=1,
    seconds=15.0,
    calls=3,
    everybody={name: 1.0 for name in PEERS if name != SUBJECT} | {REFERENCE: 25.0, "scikit-learn-mu": 3.0},
    everybody_components=(3,),
)
TALL = pixels_case("tall", TITLE, PIXELS)
