from typing import Annotated

from fastapi import Depends, Header, HTTPException
from fastapi.security import OAuth2PasswordBearer

oauth2 = OAuth2PasswordBearer(tokenUrl="token")


def get_db():
    yield {}


def current_user(token: Annotated[str, Depends(oauth2)], db: dict = Depends(get_db)) -> dict:
    if token not in db:
        raise HTTPException(status_code=401)
    return db[token]


def limited(x_rate: str = Header("")):
    if x_rate == "over":
        raise HTTPException(status_code=429)


class RoleChecker:
    def __init__(self, role: str) -> None:
        self.role = role

    def __call__(self, user: dict = Depends(current_user)) -> None:
        if self.role not in user["roles"]:
            raise HTTPException(403)


def requires(role: str):
    def check(user: dict = Depends(current_user)) -> None:
        if role not in user["roles"]:
            raise HTTPException(status_code=403)

    return check


CurrentUser = Annotated[dict, Depends(current_user)]
