"""What is minimised: how far WH is from X.

A loss is one file with a function ``value(X, W, H)``, and one line here.
"""

from __future__ import annotations

from nmfcore.losses import frobenius

LOSSES = {"frobenius": frobenius}

__all__ = ["LOSSES"]
