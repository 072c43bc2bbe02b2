"""Questions through `Query`, as before SQLAlchemy 2."""

from __future__ import annotations

import contextlib

from sqlalchemy import and_, desc, func, or_, text
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload, load_only, subqueryload

from .models import Account, Address, Category, Item, Order, Product, Seller, Status, Team, membership


def all_filtered(session: Session) -> None:
    session.query(Account).filter(Account.last_name == "Last17").all()


def first(session: Session) -> None:
    session.query(Account).filter(Account.city == "City 17").first()


def one(session: Session) -> None:
    session.query(Account).filter(Account.email == "account17@example.org").one()


def one_or_none(session: Session) -> None:
    session.query(Account).filter_by(nickname="nick17").one_or_none()


def by_key(session: Session) -> None:
    session.query(Account).get(17)


def scalar(session: Session) -> None:
    session.query(Account.id).filter(Account.city == "City 17", Account.age == 17).scalar()


def count(session: Session) -> None:
    session.query(Account).filter(Account.city == "City 17").count()


def count_ordered(session: Session) -> None:
    session.query(Account).filter(Account.last_name == "Last17").order_by(Account.id).count()


def count_function(session: Session) -> None:
    session.query(func.count(Account.id)).filter(Account.last_name == "Last17").scalar()


def exists_scalar(session: Session) -> None:
    session.query(session.query(Account).filter(Account.city == "City 17").exists()).scalar()


def iterate(session: Session) -> None:
    for _ in session.query(Account).filter(Account.last_name == "Last17"):
        pass


def iterate_comprehension(session: Session) -> None:
    query = session.query(Account.id).filter(Account.city == "City 17")
    _ = [key for (key,) in query]


def iterate_yield_per(session: Session) -> None:
    for _ in session.query(Account).filter(Account.age == 17).yield_per(100):
        pass


def sliced(session: Session) -> None:
    _ = session.query(Product).order_by(Product.price)[:10]


def sliced_middle(session: Session) -> None:
    _ = session.query(Product).filter(Product.stock == 17).order_by(Product.id)[10:20]


def element(session: Session) -> None:
    query = session.query(Product).filter(Product.name == "Product 17")
    with contextlib.suppress(IndexError):
        _ = query[0]


def limited(session: Session) -> None:
    session.query(Order).filter(Order.account_id == 17).order_by(Order.placed_at.desc()).limit(5).all()


def limited_offset(session: Session, page: int = 2) -> None:
    session.query(Order).order_by(desc(Order.placed_at)).offset(page * 10).limit(10).all()


def ordered_text(session: Session) -> None:
    session.query(Product).order_by(text("stock")).limit(3).all()


def conditions(session: Session) -> None:
    session.query(Account).filter(or_(Account.last_name == "Last17", and_(Account.city == "City 17", Account.age > 3))).all()


def conditions_operator(session: Session) -> None:
    session.query(Account).filter((Account.last_name == "Last17") | (Account.email == "account17@example.org")).all()


def filter_many(session: Session) -> None:
    session.query(Account).filter(Account.last_name == "Last17", Account.age > 3).filter(Account.active.is_(True)).all()


def filter_by(session: Session) -> None:
    session.query(Order).filter_by(account_id=17, status=Status.NEW).all()


def filter_text(session: Session) -> None:
    session.query(Account).filter(text("last_name = 'Last17'")).all()


def join_entity(session: Session) -> None:
    session.query(Order).join(Account).filter(Account.email == "account17@example.org").all()


def join_condition(session: Session) -> None:
    session.query(Order).join(Account, Account.id == Order.account_id).filter(Account.city == "City 17").all()


def join_relationship(session: Session) -> None:
    session.query(Account).join(Account.orders).filter(Order.number == "N17").all()


def join_several(session: Session) -> None:
    session.query(Account).join(Account.orders).join(Order.items).join(Item.product).filter(Product.sku == "S17").all()


def join_filter_by(session: Session) -> None:
    session.query(Order).join(Order.account).filter_by(last_name="Last17").all()


def join_outer(session: Session) -> None:
    session.query(Account).outerjoin(Order).filter(Order.id.is_(None), Account.city == "City 17").all()


def join_outer_condition(session: Session) -> None:
    session.query(Account, Order).outerjoin(Order, and_(Order.account_id == Account.id, Order.status == Status.NEW)).filter(Account.age == 17).all()


def join_secondary(session: Session) -> None:
    session.query(Team).join(Team.accounts).filter(Account.email == "account17@example.org").all()


def join_secondary_table(session: Session) -> None:
    session.query(Team).join(membership).filter(membership.c.account_id == 17).all()


def join_target_relationship(session: Session) -> None:
    session.query(Category).join(Product, Category.products).filter(Product.name == "Product 17").all()


def join_self(session: Session) -> None:
    parent = aliased(Category)
    session.query(Category).join(parent, Category.parent_id == parent.id).filter(parent.name == "Category 17").all()


def join_selected(session: Session) -> None:
    session.query(Account.id, Order.number).join(Order, Order.account_id == Account.id).filter(Order.number == "N17").all()


def join_implicit(session: Session) -> None:
    session.query(Account, Order).filter(Account.id == Order.account_id, Account.last_name == "Last17").all()


def select_from(session: Session) -> None:
    session.query(func.count(Order.id)).select_from(Account).join(Account.orders).filter(Account.last_name == "Last17").scalar()


def entities(session: Session) -> None:
    session.query(Account).join(Account.orders).filter(Order.number == "N17").with_entities(Account.id, Order.id).all()


def entities_count(session: Session) -> None:
    session.query(Account).filter(Account.city == "City 17").with_entities(func.count()).scalar()


def columns_added(session: Session) -> None:
    session.query(Account).add_columns(func.lower(Account.email)).filter(Account.age == 17).all()


def grouped(session: Session) -> None:
    session.query(Order.status, func.count(Order.id)).filter(Order.account_id == 17).group_by(Order.status).all()


def grouped_having(session: Session) -> None:
    session.query(Account.city).group_by(Account.city).having(func.count(Account.id) > 100).all()


def distinct(session: Session) -> None:
    session.query(Account.city).filter(Account.last_name == "Last17").distinct().all()


def subquery(session: Session) -> None:
    inner = session.query(Order.account_id).filter(Order.number == "N17").subquery()
    session.query(Account).join(inner, inner.c.account_id == Account.id).all()


def subquery_in(session: Session) -> None:
    session.query(Account).filter(Account.id.in_(session.query(Order.account_id).filter(Order.number == "N17"))).all()


def subquery_counts(session: Session) -> None:
    counts = session.query(Address.account_id, func.count("*").label("n")).group_by(Address.account_id).subquery()
    session.query(Account, counts.c.n).outerjoin(counts, Account.id == counts.c.account_id).filter(Account.last_name == "Last17").all()


def exists_filter(session: Session) -> None:
    session.query(Account).filter(session.query(Order).filter(Order.account_id == Account.id, Order.number == "N17").exists(), Account.age == 17).all()


def any_filter(session: Session) -> None:
    session.query(Account).filter(Account.orders.any(Order.number == "N17")).all()


def has_filter(session: Session) -> None:
    session.query(Order).filter(Order.account.has(Account.last_name == "Last17"), Order.number == "N17").all()


def eager_joined(session: Session) -> None:
    session.query(Order).options(joinedload(Order.account)).filter(Order.number == "N17").all()


def eager_subquery(session: Session) -> None:
    session.query(Account).options(subqueryload(Account.orders)).filter(Account.last_name == "Nobody").all()


def eager_contains(session: Session) -> None:
    session.query(Order).join(Order.account).options(contains_eager(Order.account)).filter(Account.city == "City 17").all()


def some_columns(session: Session) -> None:
    session.query(Account).options(load_only(Account.id)).filter(Account.city == "City 17").all()


def locked(session: Session) -> None:
    session.query(Account).filter(Account.id == 17).with_for_update().one_or_none()


def locked_nowait(session: Session) -> None:
    session.query(Order).filter(Order.number == "N17").with_for_update(nowait=True).first()


def united(session: Session) -> None:
    left = session.query(Account.id).filter(Account.last_name == "Last17")
    left.union(session.query(Order.account_id).filter(Order.number == "N17")).all()


def deleted(session: Session) -> None:
    session.query(Order).filter(Order.number == "N17").delete(synchronize_session=False)


def deleted_indexed(session: Session) -> None:
    session.query(Address).filter(Address.account_id == 999999).delete(synchronize_session=False)


def updated(session: Session) -> None:
    session.query(Account).filter(Account.city == "City 17").update({"age": 18}, synchronize_session=False)


def updated_attribute(session: Session) -> None:
    session.query(Account).filter_by(email="account17@example.org").update({Account.age: Account.age + 1}, synchronize_session=False)


def inherited(session: Session) -> None:
    session.query(Seller).filter(Seller.region == "Region 17").all()


def dynamic(account: Account) -> None:
    account.latest.filter_by(status=Status.NEW).all()


def dynamic_parameter(account: Account) -> None:
    account.latest.filter(Order.number == "N17").limit(3).all()


def dynamic_count(account: Account) -> None:
    account.latest.count()


def parent(session: Session) -> None:
    account = Account(id=17)
    session.query(Order).with_parent(account, Account.orders).all()
