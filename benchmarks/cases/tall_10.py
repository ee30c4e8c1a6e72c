"""The main job on ten micrographs at once."""

from __future__ import annotations

from benchmarks.cases.pixels import Pixels, pixels_case

TITLE = "Factorise the features of ten micrographs, k = 2 to 6"
PIXELS = Pixels(images=10, seconds=50.0, calls=1)
TALL_10 = pixels_case("tall_10", TITLE, PIXELS)
