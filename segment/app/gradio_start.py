"""How Gradio is loaded and a page built without work that nobody needs."""

from __future__ import annotations

import gc
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_STUB_WRITER = "gradio.component_meta"


@contextmanager
def loading_gradio() -> Iterator[None]:
    """Import Gradio and build a page in this context in half the time.

    At every import Gradio writes type stubs of its components, for editors, from their source files, and compares them
    with those in its folder. A component without a source file it leaves alone, and here none has one, as far as the
    writer of stubs can see. Nor is garbage collected: while hundreds of modules load there is none, and looking for it
    takes a fifth of the time.
    """
    find_file, collects = inspect.getfile, gc.isenabled()

    def getfile(thing: Any) -> str:
        if sys._getframe(1).f_globals.get("__name__") == _STUB_WRITER:
            raise OSError("no stub is wanted")
        return find_file(thing)

    gc.disable()
    inspect.getfile = getfile
    try:
        yield
    finally:
        inspect.getfile = find_file
        if collects:
            gc.enable()
