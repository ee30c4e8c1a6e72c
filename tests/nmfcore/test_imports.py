from __future__ import annotations

import gc

import pytest

from nmfcore._imports import uncollected


@pytest.fixture(params=[True, False], ids=["collecting", "not collecting"])
def collects(request):
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


def test_garbage_is_left_and_then_collected_as_before(collects):
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled() == collects


def test_also_where_a_library_is_missing(collects):
    with pytest.raises(ImportError), uncollected():
        raise ImportError
    assert gc.isenabled() == collects
