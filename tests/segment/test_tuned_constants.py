"""The page of tuned constants has the values of the code."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "tuned-constants.md"
ROWS = re.findall(r"^\| `([\w.]+)` \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_the_page_has_rows():
    assert len(ROWS) > 20


@pytest.mark.parametrize(("place", "value"), ROWS)
def test_values_are_those_of_the_code(place, value):
    module, name = place.rsplit(".", 1)
    assert getattr(import_module(module), name) == ast.literal_eval(value.strip())
