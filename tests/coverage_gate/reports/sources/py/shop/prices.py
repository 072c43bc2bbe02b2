"""Prices."""

from decimal import Decimal


def total(
    lines,
    discount=None,
):
    """The sum of all lines."""
    result = Decimal(0)
    for count, price in lines:
        if count < 0:
            raise ValueError("count")
        result += count * price
    if discount:
        result -= discount
    return result


def rounded(amount):
    try:
        return amount.quantize(Decimal("0.01"))
    except AttributeError:
        return None


def unused(a):  # pragma: no cover
    return a


class Cart:
    lines: list = []

    async def load(self, source):
        async for line in source:
            self.lines.append(line)
        while True:
            match len(self.lines):
                case 0:
                    return "empty"
                case _:
                    return "full"
