"""Which computation each tab is waiting for."""

from __future__ import annotations

import threading


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

    def stands(self, tab: str, order: int | None) -> bool:
        """Whether the tab still waits for this order."""
        with self._lock:
            return order is not None and self._last.get(tab) == order
