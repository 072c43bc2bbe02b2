from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from shop import orders
from shop.database import session

router = APIRouter()
Database = Annotated[Session, Depends(session)]


@router.post("/orders")
def place(number: str, cents: int, database: Database) -> dict[str, int]:
    return {"id": orders.place(database, number, cents).id}


@router.get("/orders/{number}")
def order(number: str, database: Database) -> dict[str, int]:
    return {"cents": orders.find(database, number).cents}


@router.post("/orders/{order_id}/pay")
async def pay(order_id: int) -> dict[str, str]:
    return {"receipt": orders.settle(order_id)}
