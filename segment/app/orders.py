"""Which computation each tab is waiting for."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing
from itertools import takewhile
from typing import Any


class Orders:
    """The last computation that each tab ordered, until it is cancelled.

    Examples
    --------
    >>> orders = Orders()
    >>> first = orders.place("a tab")
    >>> orders.cancel("a tab")
    >>> second = orders.place("a tab")
    >>> orders.stands("a tab", first), orders.stands("a tab", second)
    (False, True)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._last: dict[str, int] = {}

    def place(self, tab: str) -> int:
        """Return the number of a new order, which takes the place of the tab's last one."""
        with self._lock:
            self._count += 1
            self._last[tab] = self._count
            return self._count

    def cancel(self, tab: str) -> None:
        """Forget the tab's order."""
        with self._lock:
            self._last.pop(tab, None)

    def is_waiting(self, tab: str) -> bool:
        """Whether the tab waits for any order."""
        with self._lock:
            return tab in self._last

    def stands(self, tab: str, order: int | None) -> bool:
        """Whether the tab still waits for this order."""
        with self._lock:
            return order is not None and self._last.get(tab) == order

    def follow(self, tab: str, order: int | None, items: Generator[Any]) -> Generator[Any]:
        """Yield what a computation yields for as long as its order stands, and close it then.

        Parameters
        ----------
        tab : str
        order : int or None
        items : generator
            Not begun if the order does not stand any more.

        Yields
        ------
        object
        """
        with closing(items):
            if self.stands(tab, order):
                yield from takewhile(lambda _: self.stands(tab, order), items)
