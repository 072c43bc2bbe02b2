from fastapi import APIRouter

from .items import router as items_router
from . import orders

api_router = APIRouter()
api_router.include_router(items_router, prefix="/items", tags=["items"])
api_router.include_router(orders.router)
