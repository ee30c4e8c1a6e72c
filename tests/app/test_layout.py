from __future__ import annotations

from types import SimpleNamespace

import pytest

from segment.app.layout import Page
from segment.app.orders import Orders

TAB = SimpleNamespace(session_hash="tab")


@pytest.fixture
def page() -> Page:
    """As much of a page as a computation needs; Gradio's own parts stay away."""
    page = Page.__new__(Page)
    page.orders, page.status = Orders(), "status"
    return page


def test_the_last_word_of_a_cancelled_computation_is_that_it_is_cancelled(page):
    # Gradio shows the last answer twice, the second time after Cancel has answered.
    def action(tab):
        yield "one"
        page.orders.cancel(tab)
        yield "two"

    one, last = page._run(action)(TAB, page.orders.place("tab"))
    assert one == {"status": "one"}
    assert "Cancelled." in last["status"]


def test_a_computation_that_fails_for_being_cancelled_is_cancelled(page):
    def action(tab):
        page.orders.cancel(tab)
        raise ValueError("the process died")
        yield

    (last,) = page._run(action)(TAB, page.orders.place("tab"))
    assert "Cancelled." in last["status"]


def test_a_cancelled_computation_is_silent_while_another_is_under_way(page):
    first = page.orders.place("tab")
    page.orders.place("tab")
    (last,) = page._run(lambda tab: (_ for _ in ()))(TAB, first)
    assert "value" not in last["status"]
