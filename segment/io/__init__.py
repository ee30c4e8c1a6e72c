"""Read micrographs, find their information band and their pixel size, and write results whole or not at all."""

from segment.io.errors import DAMAGED_ARRAY
from segment.io.find import Inputs, Skipped, find_images, find_inputs
from segment.io.location import as_path
from segment.io.own import refuse_foreign, staged
from segment.io.read import ImageReadError, from_array, read_micrograph
from segment.io.write import OutputError, atomic_path, write_json, write_npz, write_png, write_text

__all__ = [
    "DAMAGED_ARRAY",
    "ImageReadError",
    "Inputs",
    "OutputError",
    "Skipped",
    "as_path",
    "atomic_path",
    "find_images",
    "find_inputs",
    "from_array",
    "read_micrograph",
    "refuse_foreign",
    "staged",
    "write_json",
    "write_npz",
    "write_png",
    "write_text",
]
