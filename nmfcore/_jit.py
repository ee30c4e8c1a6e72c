"""How every kernel is compiled: the only file that knows Numba's flags."""

from __future__ import annotations

from typing import Any

from nmfcore._imports import uncollected

with uncollected():
    from numba import njit

# Without "nnan" and "ninf", so that a NaN is still seen; reassociation is what lets sums run in vector lanes.
_FASTMATH = {"contract", "reassoc", "nsz", "arcp"}

kernel = njit(cache=True, nogil=True, fastmath=_FASTMATH, error_model="numpy")

# For whatever a kernel calls. A callee that is not inlined is compiled alone and again with its caller, not always to
# the same instructions, and which of the two runs depends on what is loaded: a cold cache would give other bits.
INLINE: dict[str, Any] = {"forceinline": True}
inlined = njit(cache=True, nogil=True, fastmath=_FASTMATH, error_model="numpy", **INLINE)
