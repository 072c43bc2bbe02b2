from fastapi import APIRouter, Depends, WebSocket

from shop.security import current_user, limited, requires

PREFIX = "/orders"
router = APIRouter(prefix=PREFIX, dependencies=[Depends(current_user)])
lines = APIRouter(prefix=f"/{{order_id}}/lines")


@router.get("")
def list_orders():
    return []


@router.delete(path="/{order_id}", dependencies=[Depends(requires("admin"))])
def delete_order(order_id: int):
    return None


@lines.get("/", dependencies=[Depends(limited)])
def list_lines(order_id: int):
    return []


@router.websocket("/ws")
async def order_events(socket: WebSocket):
    await socket.accept()


router.include_router(lines)
