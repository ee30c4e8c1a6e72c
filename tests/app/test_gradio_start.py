from __future__ import annotations

import gc
import importlib
import inspect

import pytest
from gradio.component_meta import create_or_modify_pyi

from segment.app.gradio_start import loading_gradio


def test_no_stub_is_written_and_nothing_stays_changed(tmp_path, monkeypatch):
    tmp_path.joinpath("lamp_component.py").write_text('import json\n\n\nclass Lamp:\n    """Gives light."""\n')
    monkeypatch.syspath_prepend(tmp_path)
    component = importlib.import_module("lamp_component").Lamp
    stub = tmp_path / "lamp_component.pyi"
    with loading_gradio():
        create_or_modify_pyi(component, "Lamp", [])
        assert not stub.exists()
        # Others find their files.
        assert inspect.getfile(component) == str(tmp_path / "lamp_component.py")
        assert not gc.isenabled()
    assert gc.isenabled()
    create_or_modify_pyi(component, "Lamp", [])
    assert stub.exists()


def test_an_error_leaves_nothing_changed():
    before = inspect.getfile
    with pytest.raises(ImportError), loading_gradio():
        raise ImportError
    assert inspect.getfile is before
    assert gc.isenabled()
