import requests


def charge(order_id: int, cents: int) -> str:
    answer = requests.post("https://bank.example/charges", json={"order": order_id, "cents": cents}, timeout=45)
    answer.raise_for_status()
    return str(answer.json()["receipt"])
