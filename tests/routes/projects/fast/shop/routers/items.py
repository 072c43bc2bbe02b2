from fastapi import APIRouter, Depends
from pydantic import BaseModel

from ..security import CurrentUser, RoleChecker, get_db

router = APIRouter()


class Item(BaseModel):
    name: str


class ItemOut(Item):
    id: int


@router.get("/")
def list_items(db: dict = Depends(get_db)) -> list[ItemOut]:
    return []


@router.post("", response_model=ItemOut, status_code=201)
async def create_item(item: Item, user: CurrentUser):
    return item


@router.get("/{item_id}", response_model=ItemOut | None)
@router.get("/{item_id}/detail")
def read_item(item_id: int):
    return None


@router.api_route("/{item_id}", methods=["PUT", "PATCH"], dependencies=[Depends(RoleChecker("editor"))])
def change_item(item_id: int, item: Item):
    return item


def remove_item(item_id: int):
    return None


router.add_api_route("/{item_id}", remove_item, methods=["DELETE"])
