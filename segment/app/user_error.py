"""What the user can put right."""

from __future__ import annotations


class UserError(ValueError):
    """Something the user can put right; the message says what and how."""
