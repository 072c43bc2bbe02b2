"""Questions over several tables in the style of SQLAlchemy 2."""

from __future__ import annotations

from sqlalchemy import and_, exists, func, join, lateral, literal, or_, select, true, union, union_all
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload, outerjoin, selectinload, with_parent

from .models import Account, Address, Category, Item, Order, Product, Seller, Status, Team, audit, membership


def join_model(session: Session) -> None:
    session.execute(select(Order, Address).join(Address, Order.billing_id == Address.id).where(Address.zip_code == "Z17")).all()


def join_relationship(session: Session) -> None:
    session.scalars(select(Order).join(Order.account).where(Account.email == "account17@example.org")).all()


def join_many(session: Session) -> None:
    session.scalars(select(Account).join(Account.orders).where(Order.number == "N17")).all()


def join_by_key(session: Session) -> None:
    session.scalars(select(Order).join(Account).where(Account.city == "City 17")).all()


def join_by_key_back(session: Session) -> None:
    session.scalars(select(Address).join(Account).where(Account.last_name == "Last17")).all()


def join_outer(session: Session) -> None:
    session.scalars(select(Account).outerjoin(Account.orders).where(Account.last_name == "Last17")).all()


def join_isouter(session: Session) -> None:
    session.scalars(select(Account).join(Account.orders, isouter=True).where(Account.last_name == "Last17", Order.id.is_(None))).all()


def join_full(session: Session) -> None:
    session.scalars(select(Account).join(Account.orders, full=True).where(Account.last_name == "Last17")).all()


def join_two(session: Session) -> None:
    session.scalars(select(Item).join(Item.order).join(Order.account).where(Account.email == "account17@example.org")).all()


def join_chain(session: Session) -> None:
    session.scalars(select(Account).join(Account.orders).join(Order.items).where(Item.product_id == 17)).all()


def join_secondary(session: Session) -> None:
    session.scalars(select(Account).join(Account.teams).where(Team.slug == "team17")).all()


def join_secondary_table(session: Session) -> None:
    session.scalars(select(Account).join(membership, membership.c.account_id == Account.id).where(membership.c.team_id == 17)).all()


def join_from(session: Session) -> None:
    session.scalars(select(Order.number).join_from(Account, Order, Account.id == Order.account_id).where(Account.last_name == "Last17")).all()


def join_select_from(session: Session) -> None:
    session.execute(select(func.count(Order.id)).select_from(Account).join(Account.orders).where(Account.last_name == "Last17")).scalar_one()


def join_function(session: Session) -> None:
    session.execute(select(Order.id).select_from(join(Order, Account, Order.account_id == Account.id)).where(Account.last_name == "Last17")).all()


def join_core(session: Session) -> None:
    table = Order.__table__.join(Account.__table__, Order.account_id == Account.id)
    session.execute(select(Order.__table__.c.id).select_from(table).where(Account.__table__.c.last_name == "Last17")).all()


def join_orm_function(session: Session) -> None:
    session.execute(select(Account.id).select_from(outerjoin(Account, Order, Order.account_id == Account.id)).where(Order.number == "N17")).all()


def join_condition_more(session: Session) -> None:
    session.scalars(select(Account).join(Order, and_(Order.account_id == Account.id, Order.number == "N17"))).all()


def join_and_method(session: Session) -> None:
    session.scalars(select(Account).join(Account.orders.and_(Order.status == Status.NEW)).where(Account.last_name == "Last17")).all()


def join_alias(session: Session) -> None:
    referrer = aliased(Account)
    session.scalars(select(Account).join(referrer, Account.referrer_id == referrer.id).where(referrer.email == "account17@example.org")).all()


def join_alias_relationship(session: Session) -> None:
    referrer = aliased(Account, name="referrer")
    session.scalars(select(Account).join(Account.referrer.of_type(referrer)).where(referrer.last_name == "Last17")).all()


def join_alias_target(session: Session) -> None:
    referrer = aliased(Account)
    session.scalars(select(Account).join(referrer, Account.referrer).where(referrer.city == "City 17")).all()


def join_alias_both(session: Session) -> None:
    first, second = aliased(Order), aliased(Order)
    session.execute(select(first.id, second.id).join(second, first.account_id == second.account_id).where(first.number == "N17")).all()


def join_self(session: Session) -> None:
    parent = aliased(Category)
    session.scalars(select(Category).join(Category.parent.of_type(parent)).where(parent.name == "Category 17")).all()


def join_filter_by(session: Session) -> None:
    session.scalars(select(Order).join(Order.account).filter_by(email="account17@example.org")).all()


def join_filter_by_before(session: Session) -> None:
    session.scalars(select(Order).filter_by(number="N17").join(Order.account).filter_by(city="City 17")).all()


def join_backref(session: Session) -> None:
    session.scalars(select(Category).join(Category.products).where(Product.sku == "S17")).all()


def join_implicit(session: Session) -> None:
    session.execute(select(Order, Account).where(Order.account_id == Account.id, Account.email == "account17@example.org")).all()


def join_implicit_column(session: Session) -> None:
    session.scalars(select(Order.id).where(Order.account_id == Account.id).where(Account.last_name == "Last17")).all()


def join_where_before(session: Session) -> None:
    session.scalars(select(Order).where(Account.last_name == "Last17").join(Account, Account.id == Order.account_id)).all()


def join_subquery(session: Session) -> None:
    counts = select(Order.account_id, func.count().label("n")).group_by(Order.account_id).subquery()
    session.execute(select(Account, counts.c.n).join(counts, counts.c.account_id == Account.id).where(Account.last_name == "Last17")).all()


def join_subquery_outer(session: Session) -> None:
    latest = (
        select(Order.account_id.label("who"), func.max(Order.placed_at).label("at")).where(Order.status == Status.NEW).group_by(Order.account_id).subquery()
    )
    session.execute(select(Account.id, latest.c.at).outerjoin(latest, latest.c.who == Account.id).where(Account.city == "City 17")).all()


def join_cte(session: Session) -> None:
    some = select(Account.id).where(Account.last_name == "Last17").cte("some")
    session.scalars(select(Order).join(some, some.c.id == Order.account_id)).all()


def from_subquery(session: Session) -> None:
    inner = select(Account.id, Account.city).where(Account.age == 17).subquery("inner_accounts")
    session.execute(select(inner.c.id).where(inner.c.city != "City 3")).all()


def from_subquery_aliased(session: Session) -> None:
    inner = aliased(Account, select(Account).where(Account.last_name == "Last17").subquery())
    session.scalars(select(inner).where(inner.age > 3)).all()


def inherited_join(session: Session) -> None:
    session.execute(select(Seller.license, audit.c.id).join(audit, audit.c.actor == Seller.name).where(Seller.region == "Region 17")).all()


def exists_function(session: Session) -> None:
    session.scalars(select(Account).where(exists().where(Order.account_id == Account.id))).all()


def exists_of_select(session: Session) -> None:
    session.scalars(select(Account).where(select(Order.id).where(Order.account_id == Account.id, Order.number == "N17").exists(), Account.age == 17)).all()


def exists_argument(session: Session) -> None:
    session.scalars(select(Account).where(exists(select(1).where(Order.account_id == Account.id)), Account.city == "City 17")).all()


def exists_column(session: Session) -> None:
    session.scalars(select(Account).where(exists(Order.id).where(Order.account_id == Account.id), Account.city == "City 17")).all()


def exists_not(session: Session) -> None:
    session.scalars(select(Account).where(~exists().where(Order.account_id == Account.id), Account.city == "City 17")).all()


def exists_selected(session: Session) -> None:
    session.scalar(select(exists().where(Account.email == "account17@example.org")))


def exists_selected_select(session: Session) -> None:
    session.scalar(select(select(Account.id).where(Account.city == "City 17").exists()))


def exists_plain(session: Session) -> None:
    session.execute(exists(select(Account.id).where(Account.city == "City 17")).select()).scalar()


def any_relationship(session: Session) -> None:
    session.scalars(select(Account).where(Account.orders.any(), Account.city == "City 17")).all()


def any_condition(session: Session) -> None:
    session.scalars(select(Account).where(Account.orders.any(Order.number == "N17"))).all()


def any_keywords(session: Session) -> None:
    session.scalars(select(Account).where(Account.orders.any(number="N17"), Account.age == 17)).all()


def any_not(session: Session) -> None:
    session.scalars(select(Account).where(~Account.orders.any(), Account.city == "City 17")).all()


def any_secondary(session: Session) -> None:
    session.scalars(select(Account).where(Account.teams.any(Team.slug == "team17"))).all()


def any_nested(session: Session) -> None:
    session.scalars(select(Account).where(Account.orders.any(Order.items.any(Item.product_id == 17)))).all()


def any_self(session: Session) -> None:
    session.scalars(select(Category).where(Category.children.any(Category.name == "Category 17"))).all()


def has_relationship(session: Session) -> None:
    session.scalars(select(Order).where(Order.account.has(Account.email == "account17@example.org"))).all()


def has_keywords(session: Session) -> None:
    session.scalars(select(Order).where(Order.account.has(city="City 17"), Order.number == "N17")).all()


def has_nothing(session: Session) -> None:
    session.scalars(select(Order).where(Order.billing.has(), Order.number == "N17")).all()


def relationship_equal(session: Session, account: Account | None = None) -> None:
    session.scalars(select(Order).where(Order.account == (account or Account(id=17)))).all()


def relationship_null(session: Session) -> None:
    session.scalars(select(Order).where(Order.billing == None, Order.number == "N17")).all()  # noqa: E711


def relationship_not_null(session: Session) -> None:
    session.scalars(select(Order).where(Order.billing != None, Order.number == "N17")).all()  # noqa: E711


def relationship_contains(session: Session) -> None:
    session.scalars(select(Account).where(Account.orders.contains(Order(id=3, account_id=17)))).all()


def relationship_contains_secondary(session: Session) -> None:
    session.scalars(select(Account).where(Account.teams.contains(Team(id=17)))).all()


def relationship_filter_by(session: Session) -> None:
    account = Account(id=17)
    session.scalars(select(Order).filter_by(account=account)).all()


def parent_of(session: Session) -> None:
    account = Account(id=17)
    session.scalars(select(Order).where(with_parent(account, Account.orders))).all()


def scalar_subquery_condition(session: Session) -> None:
    newest = select(func.max(Order.placed_at)).where(Order.account_id == 17).scalar_subquery()
    session.scalars(select(Order).where(Order.placed_at == newest, Order.account_id == 17)).all()


def scalar_subquery_correlated(session: Session) -> None:
    count = select(func.count(Order.id)).where(Order.account_id == Account.id).correlate(Account).scalar_subquery()
    session.execute(select(Account.id, count.label("n")).where(Account.last_name == "Last17")).all()


def scalar_subquery_auto(session: Session) -> None:
    count = select(func.count(Order.id)).where(Order.account_id == Account.id).scalar_subquery()
    session.execute(select(Account, count).where(Account.city == "City 17")).all()


def scalar_subquery_ordered(session: Session) -> None:
    last = select(Order.placed_at).where(Order.account_id == Account.id).order_by(Order.placed_at.desc()).limit(1).scalar_subquery()
    session.execute(select(Account.id, last).where(Account.last_name == "Last17")).all()


def correlate_except(session: Session) -> None:
    inner = select(Order.id).where(Order.account_id == Account.id).correlate_except(Order).exists()
    session.scalars(select(Account).where(inner, Account.last_name == "Last17")).all()


def subquery_same_table(session: Session) -> None:
    session.scalars(select(Account).where(Account.id.in_(select(Account.referrer_id).where(Account.city == "City 17")))).all()


def subquery_alias(session: Session) -> None:
    other = aliased(Account)
    session.scalars(select(Account).where(select(other.id).where(other.referrer_id == Account.id).exists(), Account.age == 17)).all()


def cte_twice(session: Session) -> None:
    some = select(Order.account_id).where(Order.number == "N17").cte()
    session.scalars(select(Account).where(Account.id.in_(select(some.c.account_id)))).all()


def lateral_join(session: Session) -> None:
    inner = select(Order.number).where(Order.account_id == Account.id).order_by(Order.placed_at.desc()).limit(1).lateral()
    session.execute(select(Account.id, inner.c.number).join(inner, true()).where(Account.last_name == "Last17")).all()


def lateral_function(session: Session) -> None:
    inner = lateral(select(Address.street).where(Address.account_id == Account.id))
    session.execute(select(Account.id, inner.c.street).join(inner, true()).where(Account.last_name == "Last17")).all()


def united(session: Session) -> None:
    session.execute(union(select(Account.id).where(Account.last_name == "Last17"), select(Account.id).where(Account.city == "City 17"))).all()


def united_method(session: Session) -> None:
    session.execute(select(Account.id).where(Account.last_name == "Last17").union_all(select(Order.account_id).where(Order.number == "N17"))).all()


def united_three(session: Session) -> None:
    first = select(Account.id.label("key")).where(Account.last_name == "Last17")
    second = select(Order.account_id.label("key")).where(Order.number == "N17")
    session.execute(union_all(first, second, select(literal(1)))).all()


def united_in(session: Session) -> None:
    keys = union(select(Order.account_id).where(Order.number == "N17"), select(Address.account_id).where(Address.zip_code == "Z17"))
    session.scalars(select(Account).where(Account.id.in_(keys))).all()


def eager_joined(session: Session) -> None:
    session.scalars(select(Order).options(joinedload(Order.account)).where(Order.number == "N17")).all()


def eager_joined_many(session: Session) -> None:
    session.scalars(select(Account).options(joinedload(Account.orders)).where(Account.last_name == "Last17")).unique().all()


def eager_joined_chain(session: Session) -> None:
    session.scalars(select(Order).options(joinedload(Order.account).joinedload(Account.addresses)).where(Order.number == "N17")).unique().all()


def eager_joined_inner(session: Session) -> None:
    session.scalars(select(Order).options(joinedload(Order.account, innerjoin=True)).where(Order.number == "N17")).all()


def eager_selectin(session: Session) -> None:
    session.scalars(select(Account).options(selectinload(Account.orders)).where(Account.last_name == "Nobody")).all()


def eager_contains(session: Session) -> None:
    session.scalars(select(Order).join(Order.account).options(contains_eager(Order.account)).where(Account.last_name == "Last17")).all()


def eager_two(session: Session) -> None:
    session.scalars(select(Order).options(joinedload(Order.account), selectinload(Order.items)).where(Order.number == "Nothing")).all()


def or_over_tables(session: Session) -> None:
    statement = select(Order).join(Order.account).where(or_(Order.number == "N17", Account.email == "account17@example.org"))
    session.scalars(statement).all()


def ordered_by_joined(session: Session) -> None:
    session.scalars(select(Order).join(Order.account).where(Account.last_name == "Last17").order_by(Account.city, Order.placed_at.desc()).limit(5)).all()


def grouped_joined(session: Session) -> None:
    statement = (
        select(Account.city, func.count(Order.id).label("n"))
        .join(Order, Order.account_id == Account.id)
        .where(Account.last_name == "Last17")
        .group_by(Account.city)
        .having(func.count(Order.id) > 1)
        .order_by(func.count(Order.id).desc())
    )
    session.execute(statement).all()


def only_columns(session: Session) -> None:
    statement = select(Account).where(Account.city == "City 17")
    session.execute(statement.with_only_columns(Account.id)).all()


def more_columns(session: Session) -> None:
    session.execute(select(Account.id).add_columns(Account.city).where(Account.age == 17)).all()


def window(session: Session) -> None:
    ranked = select(Order.id, func.row_number().over(partition_by=Order.account_id, order_by=Order.placed_at.desc()).label("rank")).subquery()
    session.scalars(select(Order).join(ranked, ranked.c.id == Order.id).where(ranked.c.rank == 1, Order.number == "N17")).all()
