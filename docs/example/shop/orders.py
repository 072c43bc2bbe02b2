from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import bank
from shop.models import Order


def place(session: Session, number: str, cents: int) -> Order:
    order = Order(number=number, cents=cents)
    session.add(order)
    session.commit()
    return order


def find(session: Session, number: str) -> Order:
    return session.scalars(select(Order).where(Order.number == number)).one()


def settle(order_id: int) -> str:
    return bank.charge(order_id, cents=1999)
