from __future__ import annotations

from types import SimpleNamespace

import pytest

from benchmarks import __main__ as command
from benchmarks.records import CaseResult


@pytest.mark.parametrize(("options", "missed", "code"), [([], True, 1), ([], False, 0), (["--quick"], True, 0)])
def test_a_figure_that_falls_short_is_told_by_the_exit_code_unless_quick(tmp_path, monkeypatch, options, missed, code):
    result = CaseResult("one", "One", "none", {}, missed=("B1 falls short",) if missed else ())
    monkeypatch.setattr(command, "CASES", {"one": SimpleNamespace(title="One", run=lambda effort: result)})
    assert command.main([*options, "--case", "one", "--out", str(tmp_path / "out")]) == code
