"""Statements that are put together across branches, lists, functions and classes, and those that write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy import Select, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, aliased

from .models import Account, Address, Base, Item, Order, Product, Status, audit

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

M = TypeVar("M", bound=Base)


def branch_taken(session: Session, city: str | None = "City 17") -> None:
    statement = select(Account).where(Account.age == 17)
    if city:
        statement = statement.where(Account.city == city)
    session.scalars(statement).all()


def branch_not_taken(session: Session, city: str | None = None) -> None:
    statement = select(Account).where(Account.age == 17)
    if city:
        statement = statement.where(Account.city == city)
    session.scalars(statement).all()


def branches(session: Session, city: str | None = None, name: str | None = "Last17", newest: bool = True) -> None:
    statement = select(Account)
    if city:
        statement = statement.where(Account.city == city)
    if name is not None:
        statement = statement.where(Account.last_name == name)
    if newest:
        statement = statement.order_by(Account.created_at.desc())
    else:
        statement = statement.order_by(Account.id)
    session.scalars(statement.limit(5)).all()


def branch_query(session: Session, number: str | None = "N17") -> None:
    query = session.query(Order)
    if number:
        query = query.filter(Order.number == number)
    query.all()


def conditions_listed(session: Session) -> None:
    conditions = [Account.last_name == "Last17", Account.age > 3]
    session.scalars(select(Account).where(*conditions)).all()


def conditions_appended(session: Session, city: str | None = "City 17") -> None:
    conditions = [Account.age == 17]
    if city:
        conditions.append(Account.city == city)
    session.scalars(select(Account).where(*conditions)).all()


def conditions_or(session: Session) -> None:
    conditions = [Account.last_name == "Last17"]
    conditions.append(Account.email == "account17@example.org")
    session.scalars(select(Account).where(or_(*conditions))).all()


def conditions_added(session: Session) -> None:
    conditions = [Account.last_name == "Last17"]
    conditions += [Account.age > 3]
    session.scalars(select(Account).where(*conditions)).all()


def condition_local(session: Session) -> None:
    wanted = Account.last_name == "Last17"
    session.scalars(select(Account).where(wanted)).all()


def condition_chosen(session: Session, by_city: bool = True) -> None:
    session.scalars(select(Account).where(Account.city == "City 17" if by_city else Account.last_name == "Last17")).all()


def column_local(session: Session) -> None:
    column = Account.last_name
    session.scalars(select(Account).where(column == "Last17")).all()


def column_getattr(session: Session) -> None:
    session.scalars(select(Account).where(getattr(Account, "last_name") == "Last17")).all()  # noqa: B009


def reused(session: Session) -> None:
    base = select(Account).where(Account.city == "City 17")
    session.scalar(select(func.count()).select_from(base.subquery()))


def alias_local(session: Session) -> None:
    a = aliased(Account)
    session.scalars(select(a).where(a.city == "City 17")).all()


def _base() -> Select[tuple[Account]]:
    return select(Account).where(Account.active.is_(True))


def through_function(session: Session) -> None:
    session.scalars(_base().where(Account.last_name == "Last17")).all()


def _with_city(statement: Select[tuple[Account]], city: str) -> Select[tuple[Account]]:
    return statement.where(Account.city == city)


def through_parameter(session: Session) -> None:
    session.scalars(_with_city(select(Account), "City 17")).all()


def _is_grown() -> object:
    return Account.age >= 18


def condition_function(session: Session) -> None:
    session.scalars(select(Account).where(_is_grown(), Account.last_name == "Last17")).all()


def _same_mail(email: str) -> object:
    return func.lower(Account.email) == email.lower()


def condition_function_parameter(session: Session) -> None:
    session.scalars(select(Account).where(_same_mail("Account17@example.org"))).all()


class Repository(Generic[M]):
    model: type[M]

    def __init__(self, session: Session) -> None:
        self.session = session

    def query(self) -> Select[tuple[M]]:
        return select(self.model)

    def all(self) -> Sequence[M]:
        return self.session.scalars(self.query()).all()


class Accounts(Repository[Account]):
    model = Account

    def by_city(self, city: str) -> Sequence[Account]:
        return self.session.scalars(self.query().where(Account.city == city)).all()

    def by_name(self, name: str) -> Account | None:
        return self.session.scalars(select(self.model).where(self.model.last_name == name)).first()

    def by_nickname(self, name: str) -> Account | None:
        return self.session.scalars(select(self.model).filter_by(nickname=name)).first()


def repository_by_city(session: Session) -> None:
    Accounts(session).by_city("City 17")


def repository_by_name(session: Session) -> None:
    Accounts(session).by_name("Last17")


def repository_by_nickname(session: Session) -> None:
    Accounts(session).by_nickname("nick17")


def repository_statement(session: Session) -> None:
    session.scalars(Accounts(session).query().where(Account.city == "City 17")).all()


def update_where(session: Session) -> None:
    session.execute(update(Account).where(Account.city == "City 17").values(age=18))


def update_indexed(session: Session) -> None:
    session.execute(update(Account).where(Account.email == "account17@example.org").values({"age": 18, "nickname": "nick"}))


def update_expression(session: Session) -> None:
    session.execute(update(Product).where(Product.sku == "S17").values(stock=Product.stock - 1))


def update_subquery(session: Session) -> None:
    session.execute(update(Order).where(Order.account_id.in_(select(Account.id).where(Account.city == "City 17"))).values(note="x"))


def update_from(session: Session) -> None:
    session.execute(update(Order).where(Order.account_id == Account.id, Account.email == "account17@example.org").values(note="x"))


def update_core(session: Session) -> None:
    session.execute(audit.update().where(audit.c.actor == "actor17").values(subject="x"))


def update_returning(session: Session) -> None:
    session.execute(update(Account).where(Account.last_name == "Last17").values(age=18).returning(Account.id)).all()


def delete_where(session: Session) -> None:
    session.execute(delete(Order).where(Order.number == "N17", Order.status == Status.SENT))


def delete_indexed(session: Session) -> None:
    session.execute(delete(Address).where(Address.account_id == 999999))


def delete_filter(session: Session) -> None:
    session.execute(delete(Item).filter(Item.product_id == 17).filter_by(quantity=3))


def delete_core(session: Session) -> None:
    session.execute(audit.delete().where(audit.c.subject == "subject17"))


def insert_values(session: Session) -> None:
    session.execute(insert(Address).values(account_id=17, street="x", zip_code="Z"))


def insert_parameters(session: Session) -> None:
    session.execute(insert(audit), [{"actor": "a", "subject": "b"}])


def insert_conflict(session: Session) -> None:
    session.execute(upsert(Product).values(sku="S17", name="x", price=1, stock=1).on_conflict_do_nothing(index_elements=["sku"]))


def insert_update(session: Session) -> None:
    statement = upsert(Product).values(sku="S17", name="x", price=1, stock=1)
    session.execute(statement.on_conflict_do_update(index_elements=[Product.sku], set_={"stock": 2}))


def insert_select(session: Session) -> None:
    session.execute(insert(audit).from_select(["actor"], select(Account.email).where(Account.city == "City 17")))


async def asynchronous(session: AsyncSession) -> None:
    (await session.execute(select(Account).where(Account.city == "City 17"))).scalars().all()


async def asynchronous_scalars(session: AsyncSession) -> None:
    (await session.scalars(select(Account).where(Account.last_name == "Last17"))).all()


async def asynchronous_local(session: AsyncSession, email: str = "account17@example.org") -> None:
    result = await session.execute(select(Account).where(Account.email == email))
    result.scalar_one_or_none()


async def asynchronous_scalar(session: AsyncSession) -> None:
    await session.scalar(select(func.count(Account.id)).where(Account.city == "City 17"))


async def asynchronous_key(session: AsyncSession) -> None:
    await session.get(Account, 17)
