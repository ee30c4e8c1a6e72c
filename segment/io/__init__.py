"""Read micrographs, find their information band and their pixel size, and write results whole or not at all."""

from segment.io.find import find_images
from segment.io.read import ImageReadError, from_array, read_micrograph
from segment.io.write import OutputError, atomic_path, write_json, write_npz, write_png, write_text

__all__ = [
    "ImageReadError",
    "OutputError",
    "atomic_path",
    "find_images",
    "from_array",
    "read_micrograph",
    "write_json",
    "write_npz",
    "write_png",
    "write_text",
]
