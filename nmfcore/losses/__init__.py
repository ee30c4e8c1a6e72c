"""What is minimised: how far WH is from X. A loss is a beta; its name is one line here."""

from __future__ import annotations

LOSSES = {"frobenius": 2.0, "kullback-leibler": 1.0, "itakura-saito": 0.0}

__all__ = ["LOSSES"]
