from fastapi import APIRouter

from shop import orders

router = APIRouter()


@router.post("/orders/{order_id}/pay")
async def pay(order_id: int) -> dict[str, str]:
    return {"receipt": orders.settle(order_id)}
