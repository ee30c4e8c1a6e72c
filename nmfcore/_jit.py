"""How every kernel is compiled: the only file that knows Numba's flags, and where compiled kernels are kept."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable
from typing import Any

from nmfcore._imports import uncollected

with uncollected():
    from numba import njit
    from numba.core import caching

# Without "nnan" and "ninf", so that a NaN is still seen; reassociation is what lets sums run in vector lanes.
_FASTMATH = {"contract", "reassoc", "nsz", "arcp"}
_UNREADABLE = (OSError, EOFError, pickle.PickleError)


def _has_home() -> bool:
    """Whether the user has a folder for caches: without one, Numba would make a folder called "~" where it stands."""
    return os.path.isabs(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~")))


class _Storage(caching.CompileResultCacheImpl):
    """Where Numba keeps kernels: the folder the user names, beside the source, or in the user's home."""

    _locator_classes = [
        place
        for place in caching.CompileResultCacheImpl._locator_classes
        if _has_home() or "UserWide" not in place.__name__
    ]


class _KernelCache(caching.FunctionCache):
    """Numba's cache of a kernel; what it cannot read or write is compiled in memory."""

    _impl_class = _Storage

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except _UNREADABLE as error:
            _warn_of_no_cache(error)
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _warn_of_no_cache(error)


_warned = False


def _warn_of_no_cache(reason: Exception) -> None:
    global _warned
    if not _warned:
        _warned = True
        warnings.warn(
            f"Compiled kernels cannot be kept ({reason}), so the first fit of every process takes some seconds more. "
            "Set NUMBA_CACHE_DIR to a folder that can be written.",
            RuntimeWarning,
            stacklevel=2,
        )


def _compile(function: Callable[..., Any], **options: Any) -> Any:
    dispatcher: Any = njit(nogil=True, fastmath=_FASTMATH, error_model="numpy", **options)(function)
    if dispatcher is function:
        # NUMBA_DISABLE_JIT.
        return function
    try:
        dispatcher._cache = _KernelCache(function)
    except RuntimeError as error:
        # Numba found no folder at all.
        _warn_of_no_cache(error)
    return dispatcher


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function at its first call, and keep it for other processes where there is a place for that."""
    return _compile(function)


# For whatever a kernel calls. A callee that is not inlined is compiled alone and again with its caller, not always to
# the same instructions, and which of the two runs depends on what is loaded: a cold cache would give other bits.
INLINE: dict[str, Any] = {"forceinline": True}


def inlined(function: Callable[..., Any]) -> Any:
    """Compile a function into every kernel that calls it."""
    return _compile(function, **INLINE)
