"""How every kernel is compiled: the only file that knows Numba's flags."""

from __future__ import annotations

from numba import njit

# Without "nnan" and "ninf", so that a NaN is still seen; reassociation is what lets sums run in vector lanes.
_FASTMATH = {"contract", "reassoc", "nsz", "arcp"}

kernel = njit(cache=True, nogil=True, fastmath=_FASTMATH, error_model="numpy")
