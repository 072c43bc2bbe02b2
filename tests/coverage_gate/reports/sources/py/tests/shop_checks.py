from decimal import Decimal

from shop.orders import place
from shop.prices import rounded, total


def test_total():
    assert total([(2, Decimal(3))]) == 6


def test_place():
    assert place({"lines": [(1, Decimal(3))]})["amount"] == 3


def test_rounded():
    assert rounded(Decimal("1.005"))
