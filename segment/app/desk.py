"""Who has which session: one a browser tab, held in memory only."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable

from segment.app.session import Session


class Desk:
    """The sessions of all open tabs.

    Parameters
    ----------
    capacity : int, default 8
        Beyond it, the session that was not used for longest is put away.

    Notes
    -----
    Every tab gets a secret word under which its pictures and results are served: who does not know it cannot see
    them.

    Examples
    --------
    >>> desk = Desk()
    >>> desk.at(desk.token("a tab")) is desk.get("a tab")
    True
    """

    def __init__(self, capacity: int = 8) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._tokens: dict[str, str] = {}

    def get(self, tab: str) -> Session:
        """Return the tab's session, an empty one where it has none yet."""
        with self._lock:
            return self._open(tab)

    def update(self, tab: str, change: Callable[[Session], Session]) -> Session:
        """Replace the tab's session by what `change` makes of it; nothing comes between."""
        with self._lock:
            self._sessions[tab] = changed = change(self._open(tab))
            return changed

    def token(self, tab: str) -> str:
        """Return the secret word of the tab."""
        with self._lock:
            self._open(tab)
            return self._tokens[tab]

    def at(self, token: str) -> Session | None:
        """Return the session of a secret word; None where there is none."""
        with self._lock:
            tab = next((tab for tab, other in self._tokens.items() if secrets.compare_digest(other, token)), None)
            return None if tab is None else self._sessions[tab]

    def close(self, tab: str) -> None:
        """Forget the tab's session."""
        with self._lock:
            self._sessions.pop(tab, None)
            self._tokens.pop(tab, None)

    def _open(self, tab: str) -> Session:
        if tab not in self._sessions:
            while len(self._sessions) >= self._capacity:
                oldest, _ = self._sessions.popitem(last=False)
                del self._tokens[oldest]
            self._sessions[tab] = Session()
            self._tokens[tab] = secrets.token_urlsafe(18)
        self._sessions.move_to_end(tab)
        return self._sessions[tab]
