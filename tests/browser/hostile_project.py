"""A small backend with a finding of every severity, and the same with names that would be markup, script or commands if anything let them."""

from __future__ import annotations

from pathlib import Path

SCRIPT = "</script><script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(2)>'

FILES = {
    "backend-lint.toml": "profile = 'strict'\n",
    "shop/__init__.py": "",
    "shop/models.py": """from django.db import models


class Customer(models.Model):
    email = models.EmailField()


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    state = models.CharField(max_length=20)
    created = models.DateTimeField()
""",
    "shop/bank.py": """import requests


def charge(order):
    return requests.post("https://bank.example/charges", json={"order": order})
""",
    "shop/orders.py": """from shop import bank


def settle(order):
    return bank.charge(order)
""",
    "shop/api.py": """from fastapi import FastAPI

from shop import orders
from shop.models import Order

app = FastAPI()


@app.post("/pay/{order}")
async def pay(order: int):
    return orders.settle(order)


@app.get("/open")
def open_orders():
    return [row.customer.email for row in Order.objects.filter(state="open").order_by("created")[:20]]
""",
    "shop/reports.py": """import requests


def fetch(url):
    return requests.get(url)
""",
    "app/settings.py": "INSTALLED_APPS = ['shop']\n",
}
HOSTILE = {
    f"shop/{IMAGE[2:].replace('/', '')}.py": f"""import requests


def fetch(url):
    # {SCRIPT}{IMAGE}
    return requests.get(url + '{SCRIPT}')
""",
    "shop/views.py": f"""from fastapi import FastAPI

import requests

app = FastAPI()


@app.get('/{SCRIPT}/{IMAGE}')
async def hostile():
    return requests.get('{IMAGE}')
""",
    "shop/schema.sql": f"""create table "{SCRIPT}" (id integer primary key, "{IMAGE}" integer references customers (id));\n""",
}


def write(root: Path, *files: dict[str, str]) -> Path:
    for some in files:
        for path, text in some.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
    return root
