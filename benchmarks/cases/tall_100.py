"""The main job on a hundred micrographs at once, of which ten differ."""

from __future__ import annotations

from benchmarks.cases.pixels import FEATURE_MAJOR, Pixels, pixels_case

TITLE = "Factorise the features of a hundred micrographs, k = 2 to 6"
# The start of scikit-learn alone takes over a minute there, and 10 GiB.
PIXELS = Pixels(
    images=100,
    seconds=170.0,
    calls=1,
    components=(3,),
    layouts=(FEATURE_MAJOR,),
)
TALL_100 = pixels_case("tall_100", TITLE, PIXELS)
