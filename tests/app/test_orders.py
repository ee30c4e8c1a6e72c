from __future__ import annotations

from segment.app.orders import Orders


def test_a_computation_is_followed_until_it_is_cancelled_and_closed_then():
    orders, closed = Orders(), []
    order = orders.place("tab")

    def computation():
        try:
            yield "one"
            orders.cancel("tab")
            yield "two"
            yield "three"
        finally:
            closed.append(True)

    assert list(orders.follow("tab", order, computation())) == ["one"]
    assert closed == [True]


def test_a_computation_that_was_cancelled_before_its_turn_is_not_begun():
    orders, begun = Orders(), []
    order = orders.place("tab")
    orders.cancel("tab")

    def computation():
        begun.append(True)
        yield "one"

    assert list(orders.follow("tab", order, computation())) == []
    assert begun == []


def test_a_tab_waits_from_an_order_to_its_cancelling():
    orders = Orders()
    first = orders.place("tab")
    second = orders.place("tab")
    assert not orders.stands("tab", first)
    assert orders.stands("tab", second)
    assert orders.is_waiting("tab")
    assert not orders.is_waiting("another tab")
    orders.cancel("tab")
    assert not orders.is_waiting("tab")
