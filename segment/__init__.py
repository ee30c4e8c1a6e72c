"""Label-free segmentation of micrographs by non-negative matrix factorization."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segment.io import from_array, read_micrograph
    from segment.model import Segmenter, presets
    from segment.records import Micrograph, PhaseMap

__all__ = ["Micrograph", "PhaseMap", "Segmenter", "from_array", "presets", "read_micrograph"]

_SUBPACKAGES = {
    "Micrograph": "segment.records",
    "PhaseMap": "segment.records",
    "Segmenter": "segment.model",
    "from_array": "segment.io",
    "presets": "segment.model",
    "read_micrograph": "segment.io",
}


def __getattr__(name: str) -> Any:
    # Deferred, so that `segment --help` does not pay for OpenCV and the engine.
    if name not in _SUBPACKAGES:
        raise AttributeError(f"module 'segment' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_SUBPACKAGES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
