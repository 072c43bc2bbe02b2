"""Which module of a circle comes first is Django's to say: the default profile says of its projects nothing that rests on it."""

from __future__ import annotations

from pathlib import Path

import pytest
import samples

from backend_lint.config import Settings
from backend_lint.engine.run import check_contents

FILES = {
    "shop/__init__.py": "",
    "shop/orders.py": "IMPORT\n\n\nclass Order:\n    def pay(self):\n        return bill(self)\n\n\nfrom shop.bills import bill\n",
    "shop/bills.py": "from shop.orders import Order\n\n\ndef bill(order: Order):\n    return order\n",
    "shop/main.py": "from shop.bills import bill\n",
}


@pytest.mark.parametrize(("line", "profile", "found"), [("import django", "default", 0), ("import django", "strict", 1), ("import flask", "default", 1)])
def test_order_of_django_is_not_read(line: str, profile: str, found: int) -> None:
    settings = Settings(root=Path("/nonexistent"), profile=profile, cache=False, jobs=1)
    contents = {path: text.replace("IMPORT", line).encode() for path, text in FILES.items()}
    judged = check_contents(settings, samples.registry(), contents)[1]
    assert sum(one.rule == "import-cycle" for one in judged.findings) == found
