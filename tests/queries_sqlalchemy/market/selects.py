"""Questions about one table in the style of SQLAlchemy 2."""

from __future__ import annotations

import datetime

from sqlalchemy import (
    Date,
    Integer,
    String,
    and_,
    asc,
    between,
    bindparam,
    case,
    cast,
    desc,
    distinct,
    extract,
    false,
    func,
    literal,
    literal_column,
    not_,
    null,
    nulls_last,
    or_,
    select,
    text,
    true,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.orm import Session, load_only

from .models import Account, Order, Product, Seller, Status, Team, audit

DAY = datetime.datetime(2024, 5, 17)


def equal(session: Session) -> None:
    session.scalars(select(Account).where(Account.email == "account17@example.org")).all()


def equal_reversed(session: Session) -> None:
    session.scalars(select(Account).where("account17@example.org" == Account.email)).all()  # noqa: SIM300


def equal_parameter(session: Session, email: str = "account17@example.org") -> None:
    session.execute(select(Account).where(Account.email == email)).scalar_one_or_none()


def equal_unindexed(session: Session, city: str = "City 17") -> None:
    session.scalars(select(Account).where(Account.city == city)).all()


def equal_renamed(session: Session) -> None:
    session.scalars(select(Account).where(Account.nickname == "nick17")).first()


def equal_null(session: Session) -> None:
    session.scalars(select(Account).where(Account.referrer_id == None)).all()  # noqa: E711


def not_equal_null(session: Session) -> None:
    session.scalars(select(Account).where(Account.referrer_id != None)).all()  # noqa: E711


def equal_null_function(session: Session) -> None:
    session.scalars(select(Account).where(Account.token == null())).all()


def is_null(session: Session) -> None:
    session.scalars(select(Order).where(Order.closed_at.is_(None))).all()


def is_not_null(session: Session) -> None:
    session.scalars(select(Order).where(Order.closed_at.is_not(None), Order.number == "N17")).all()


def isnot_null(session: Session) -> None:
    session.scalars(select(Order).where(Order.billing_id.isnot(None)).where(Order.number == "N17")).all()


def partial_index(session: Session) -> None:
    session.scalars(select(Order).where(Order.number == "N17", Order.closed_at.is_(None))).all()


def partial_boolean(session: Session) -> None:
    session.scalars(select(Account).where(Account.city == "City 17", Account.active)).all()


def partial_boolean_true(session: Session) -> None:
    session.scalars(select(Account).where(Account.city == "City 17", Account.active.is_(True))).all()


def partial_boolean_equal(session: Session) -> None:
    session.scalars(select(Account).where(Account.city == "City 17", Account.active == True)).all()  # noqa: E712


def partial_boolean_not(session: Session) -> None:
    session.scalars(select(Account).where(Account.city == "City 17", ~Account.active)).all()


def boolean_bare(session: Session) -> None:
    session.scalars(select(Account).where(Account.active)).all()


def boolean_false(session: Session) -> None:
    session.scalars(select(Account).where(Account.active == False)).all()  # noqa: E712


def boolean_is_false(session: Session) -> None:
    session.scalars(select(Account).where(Account.active.is_(False))).all()


def boolean_is_not(session: Session) -> None:
    session.scalars(select(Account).where(Account.active.is_not(True))).all()


def less(session: Session) -> None:
    session.scalars(select(Product).where(Product.price < 1)).all()


def greater_equal(session: Session) -> None:
    session.scalars(select(Product).where(Product.price >= 999.5)).all()


def range_both(session: Session) -> None:
    session.scalars(select(Product).where(Product.price > 10, Product.price <= 10.5)).all()


def between_values(session: Session) -> None:
    session.scalars(select(Product).where(Product.price.between(10, 10.5))).all()


def between_function(session: Session) -> None:
    session.scalars(select(Product).where(between(Product.price, 10, 10.5))).all()


def not_equal(session: Session) -> None:
    session.scalars(select(Product).where(Product.sku != "S17")).all()


def in_constants(session: Session) -> None:
    session.scalars(select(Product).where(Product.sku.in_(["S1", "S2", "S3"]))).all()


def in_tuple(session: Session) -> None:
    session.scalars(select(Product).where(Product.id.in_((1, 2, 3)))).all()


def in_parameter(session: Session, ids: tuple[int, ...] = (1, 2, 3)) -> None:
    session.scalars(select(Product).where(Product.id.in_(ids))).all()


def in_unindexed(session: Session, names: tuple[str, ...] = ("Product 1", "Product 2")) -> None:
    session.scalars(select(Product).where(Product.name.in_(list(names)))).all()


def not_in(session: Session) -> None:
    session.scalars(select(Product).where(Product.id.not_in([1, 2, 3]))).all()


def notin(session: Session) -> None:
    session.scalars(select(Product).where(Product.id.notin_([1, 2, 3]))).all()


def negated_in(session: Session) -> None:
    session.scalars(select(Product).where(~Product.id.in_([1, 2, 3]))).all()


def in_subquery(session: Session) -> None:
    session.scalars(select(Order).where(Order.account_id.in_(select(Account.id).where(Account.email == "account17@example.org")))).all()


def not_in_subquery(session: Session) -> None:
    session.scalars(select(Order).where(Order.account_id.not_in(select(Account.id).where(Account.city == "City 17")))).all()


def like_prefix(session: Session) -> None:
    session.scalars(select(Product).where(Product.sku.like("S17%"))).all()


def like_middle(session: Session) -> None:
    session.scalars(select(Product).where(Product.name.like("%uct 17%"))).all()


def like_parameter(session: Session, q: str = "uct 17") -> None:
    session.scalars(select(Product).where(Product.name.like(f"%{q}%"))).all()


def like_concatenated(session: Session, q: str = "uct 17") -> None:
    session.scalars(select(Product).where(Product.name.like("%" + q + "%"))).all()


def ilike(session: Session, q: str = "uct 17") -> None:
    session.scalars(select(Product).where(Product.name.ilike(f"%{q}%"))).all()


def not_like(session: Session) -> None:
    session.scalars(select(Product).where(Product.name.not_like("%1%"))).all()


def not_ilike(session: Session) -> None:
    session.scalars(select(Product).where(Product.name.notilike("%1%"))).all()


def startswith(session: Session) -> None:
    session.scalars(select(Product).where(Product.name.startswith("Product 17"))).all()


def startswith_parameter(session: Session, q: str = "Product 17") -> None:
    session.scalars(select(Product).where(Product.name.startswith(q))).all()


def endswith(session: Session) -> None:
    session.scalars(select(Product).where(Product.name.endswith(" 170"))).all()


def contains(session: Session) -> None:
    session.scalars(select(Product).where(Product.name.contains("ct 17"))).all()


def icontains(session: Session) -> None:
    session.scalars(select(Product).where(Product.name.icontains("CT 17"))).all()


def istartswith(session: Session) -> None:
    session.scalars(select(Product).where(Product.name.istartswith("product 17"))).all()


def regexp(session: Session) -> None:
    session.scalars(select(Product).where(Product.name.regexp_match("^Product 17"))).all()


def distinct_from(session: Session) -> None:
    session.scalars(select(Account).where(Account.city.is_distinct_from("City 17"))).all()


def not_distinct_from(session: Session) -> None:
    session.scalars(select(Account).where(Account.city.is_not_distinct_from("City 17"))).all()


def lower_equal(session: Session) -> None:
    session.scalars(select(Account).where(func.lower(Account.email) == "account17@example.org")).all()


def lower_both(session: Session, email: str = "Account17@example.org") -> None:
    session.scalars(select(Account).where(func.lower(Account.email) == func.lower(email))).all()


def lower_python(session: Session, email: str = "Account17@example.org") -> None:
    session.scalars(select(Account).where(func.lower(Account.email) == email.lower())).first()


def upper_equal(session: Session) -> None:
    session.scalars(select(Account).where(func.upper(Account.email) == "ACCOUNT17@EXAMPLE.ORG")).all()


def coalesce(session: Session) -> None:
    session.scalars(select(Account).where(func.coalesce(Account.city, "") == "City 17")).all()


def cast_date(session: Session) -> None:
    session.scalars(select(Order).where(cast(Order.placed_at, Date) == DAY.date())).all()


def cast_method(session: Session) -> None:
    session.scalars(select(Account).where(Account.age.cast(String) == "17")).all()


def func_date(session: Session) -> None:
    session.scalars(select(Order).where(func.date(Order.placed_at) == DAY.date())).all()


def extracted(session: Session) -> None:
    session.scalars(select(Order).where(extract("year", Order.placed_at) == 2019)).all()


def coerced(session: Session) -> None:
    session.scalars(select(Account).where(type_coerce(Account.email, String) == "account17@example.org")).all()


def arithmetic(session: Session) -> None:
    session.scalars(select(Product).where(Product.stock + 1 == 17)).all()


def arithmetic_right(session: Session, stock: int = 18) -> None:
    session.scalars(select(Product).where(Product.id == stock - 1)).all()


def concatenated(session: Session) -> None:
    session.scalars(select(Account).where(Account.first_name + " " + Account.last_name == "First17 Last17")).all()


def columns_compared(session: Session) -> None:
    session.scalars(select(Account).where(Account.created_at == Account.updated_at)).all()


def and_function(session: Session) -> None:
    session.scalars(select(Account).where(and_(Account.last_name == "Last17", Account.age > 3))).all()


def and_operator(session: Session) -> None:
    session.scalars(select(Account).where((Account.last_name == "Last17") & (Account.age > 3))).all()


def or_function(session: Session) -> None:
    session.scalars(select(Account).where(or_(Account.last_name == "Last17", Account.email == "account18@example.org"))).all()


def or_operator(session: Session) -> None:
    session.scalars(select(Account).where((Account.last_name == "Last17") | (Account.city == "City 17"))).all()


def or_three(session: Session) -> None:
    session.scalars(select(Account).where((Account.id == 1) | (Account.id == 2) | (Account.last_name == "Last17"))).all()


def not_function(session: Session) -> None:
    session.scalars(select(Account).where(not_(Account.last_name == "Last17"))).all()


def not_or(session: Session) -> None:
    session.scalars(select(Account).where(~or_(Account.last_name == "Last17", Account.city == "City 1"))).all()


def not_and(session: Session) -> None:
    session.scalars(select(Account).where(not_(and_(Account.last_name == "Last17", Account.city.is_(None))))).all()


def nested(session: Session) -> None:
    session.scalars(select(Account).where(or_(and_(Account.last_name == "Last17", Account.age > 3), and_(Account.email == "a", Account.active)))).all()


def true_added(session: Session) -> None:
    session.scalars(select(Account).where(and_(true(), Account.last_name == "Last17"))).all()


def false_or(session: Session) -> None:
    session.scalars(select(Account).where(or_(false(), Account.last_name == "Last17"))).all()


def several_where(session: Session) -> None:
    session.scalars(select(Account).where(Account.last_name == "Last17").where(Account.age > 3).where(Account.active)).all()


def filter_alias(session: Session) -> None:
    session.scalars(select(Account).filter(Account.last_name == "Last17", Account.age > 3)).all()


def filter_by(session: Session) -> None:
    session.scalars(select(Account).filter_by(email="account17@example.org", active=True)).all()


def filter_by_null(session: Session) -> None:
    session.scalars(select(Account).filter_by(city=None)).all()


def filter_by_renamed(session: Session) -> None:
    session.scalars(select(Account).filter_by(nickname="nick17")).all()


def filter_by_dict(session: Session) -> None:
    wanted = {"last_name": "Last17", "age": 17}
    session.scalars(select(Account).filter_by(**wanted)).all()


def enum_member(session: Session) -> None:
    session.scalars(select(Order).where(Order.status == Status.NEW, Order.account_id == 17)).all()


def enum_in(session: Session) -> None:
    session.scalars(select(Order).where(Order.status.in_([Status.NEW, Status.PAID]), Order.number == "N17")).all()


def date_constant(session: Session) -> None:
    session.scalars(select(Order).where(Order.placed_at >= DAY, Order.account_id == 17)).all()


def date_computed(session: Session, days: int = 3) -> None:
    since = DAY - datetime.timedelta(days=days)
    session.scalars(select(Order).where(Order.account_id == 17).where(Order.placed_at > since)).all()


def date_function(session: Session) -> None:
    session.scalars(select(Order).where(Order.account_id == 17, Order.placed_at < func.now())).all()


def json_text(session: Session) -> None:
    session.scalars(select(Account).where(Account.settings["theme"].astext == "t17")).all()


def json_nested(session: Session) -> None:
    session.scalars(select(Account).where(Account.settings["a"]["b"].astext == "t17")).all()


def json_path(session: Session) -> None:
    session.scalars(select(Account).where(Account.settings[("a", "b")].astext == "t17")).all()


def json_string(session: Session) -> None:
    session.scalars(select(Account).where(Account.extra["theme"].as_string() == "t17")).all()


def json_integer(session: Session) -> None:
    session.scalars(select(Account).where(Account.extra["n"].as_integer() == 17)).all()


def json_cast(session: Session) -> None:
    session.scalars(select(Account).where(cast(Account.settings["n"].astext, Integer) == 17)).all()


def json_contains(session: Session) -> None:
    session.scalars(select(Account).where(Account.settings.contains({"theme": "t17"}))).all()


def json_has_key(session: Session) -> None:
    session.scalars(select(Account).where(Account.settings.has_key("rare"))).all()


def json_operator(session: Session) -> None:
    session.scalars(select(Account).where(Account.settings.op("@>")(cast('{"theme": "t17"}', JSONB)))).all()


def array_contains(session: Session) -> None:
    session.scalars(select(Account).where(Account.labels.contains(["l17"]))).all()


def array_overlap(session: Session) -> None:
    session.scalars(select(Account).where(Account.labels.op("&&")(cast(array(["l17"]), Account.labels.type)))).all()


def array_any(session: Session) -> None:
    session.scalars(select(Account).where(Account.labels.any("l17"))).all()


def array_index(session: Session) -> None:
    session.scalars(select(Account).where(Account.labels[1] == "l17")).all()


def hybrid_value(session: Session) -> None:
    session.scalars(select(Account).where(Account.full_name == "First17 Last17")).all()


def hybrid_condition(session: Session) -> None:
    session.scalars(select(Account).where(Account.adult, Account.last_name == "Last17")).all()


def hybrid_not(session: Session) -> None:
    session.scalars(select(Account).where(~Account.adult)).all()


def hybrid_expression(session: Session) -> None:
    session.scalars(select(Account).where(Account.mail == "account17@example.org")).all()


def hybrid_filter_by(session: Session) -> None:
    session.scalars(select(Account).filter_by(full_name="First17 Last17")).all()


def text_condition(session: Session) -> None:
    session.scalars(select(Account).where(text("account.last_name = 'Last17'"))).all()


def text_parameter(session: Session, name: str = "Last17") -> None:
    session.scalars(select(Account).where(text("last_name = :name").bindparams(name=name))).all()


def text_beside(session: Session) -> None:
    session.scalars(select(Account).where(Account.age == 17, text("city IS NOT NULL"))).all()


def bind_parameter(session: Session) -> None:
    session.scalars(select(Account).where(Account.last_name == bindparam("name")), {"name": "Last17"}).all()


def literal_value(session: Session) -> None:
    session.scalars(select(Account).where(Account.last_name == literal("Last17"))).all()


def operator_custom(session: Session) -> None:
    session.scalars(select(Account).where(Account.last_name.op("~")("^Last17$"))).all()


def bool_operator(session: Session) -> None:
    session.scalars(select(Account).where(Account.last_name.bool_op("=")("Last17"))).all()


def collated(session: Session) -> None:
    session.scalars(select(Account).where(Account.last_name.collate("C") == "Last17")).all()


def row_compared(session: Session) -> None:
    session.scalars(select(Account).where(tuple_(Account.last_name, Account.age).in_([("Last17", 17)]))).all()


def case_condition(session: Session) -> None:
    session.scalars(select(Account).where(case((Account.age > 3, Account.city), else_=Account.last_name) == "City 17")).all()


def parent_key(session: Session) -> None:
    session.get(Account, 17)


def parent_key_parameter(session: Session, key: int = 17) -> None:
    session.get(Account, key)


def composite_key(session: Session) -> None:
    from .models import Item

    session.get(Item, (17, 1))


def ordered(session: Session) -> None:
    session.scalars(select(Order).where(Order.account_id == 17).order_by(Order.placed_at.desc()).limit(10)).all()


def ordered_function(session: Session) -> None:
    session.scalars(select(Product).order_by(desc(Product.price)).limit(5)).all()


def ordered_ascending(session: Session) -> None:
    session.scalars(select(Product).order_by(asc(Product.price), Product.id).limit(5)).all()


def ordered_unindexed(session: Session) -> None:
    session.scalars(select(Product).order_by(Product.stock).limit(5)).all()


def ordered_nulls(session: Session) -> None:
    session.scalars(select(Account).order_by(Account.updated_at.desc().nulls_last()).limit(5)).all()


def ordered_nulls_first(session: Session) -> None:
    session.scalars(select(Account).order_by(Account.updated_at.asc().nullsfirst()).limit(5)).all()


def ordered_nulls_function(session: Session) -> None:
    session.scalars(select(Account).order_by(nulls_last(Account.updated_at.desc())).limit(5)).all()


def ordered_expression(session: Session) -> None:
    session.scalars(select(Account).order_by(func.lower(Account.email)).limit(5)).all()


def ordered_text(session: Session) -> None:
    session.scalars(select(Product).order_by(text("price desc")).limit(5)).all()


def ordered_twice(session: Session) -> None:
    session.scalars(select(Product).order_by(Product.price).order_by(Product.id).limit(5)).all()


def ordered_replaced(session: Session) -> None:
    session.scalars(select(Product).order_by(Product.stock).order_by(None).order_by(Product.price).limit(5)).all()


def offset(session: Session) -> None:
    session.scalars(select(Product).order_by(Product.price).limit(5).offset(20)).all()


def sliced(session: Session) -> None:
    session.scalars(select(Product).order_by(Product.price).slice(20, 30)).all()


def limit_parameter(session: Session, size: int = 5) -> None:
    session.scalars(select(Product).order_by(Product.price).limit(size)).all()


def columns(session: Session) -> None:
    session.execute(select(Account.id, Account.email).where(Account.last_name == "Last17")).all()


def column_label(session: Session) -> None:
    session.execute(select(Account.id.label("key")).where(Account.last_name == "Last17")).all()


def some_columns(session: Session) -> None:
    session.scalars(select(Account).options(load_only(Account.id, Account.email)).where(Account.city == "City 17")).all()


def counted(session: Session) -> None:
    session.scalar(select(func.count()).select_from(Account).where(Account.last_name == "Last17"))


def counted_column(session: Session) -> None:
    session.scalar(select(func.count(Account.id)).where(Account.city == "City 17"))


def counted_distinct(session: Session) -> None:
    session.scalar(select(func.count(distinct(Account.city))).where(Account.age == 17))


def counted_subquery(session: Session) -> None:
    session.scalar(select(func.count()).select_from(select(Account).where(Account.city == "City 17").subquery()))


def summed(session: Session) -> None:
    session.scalar(select(func.sum(Order.total)).where(Order.account_id == 17))


def maximum(session: Session) -> None:
    session.scalar(select(func.max(Product.price)))


def grouped(session: Session) -> None:
    session.execute(select(Order.status, func.count()).where(Order.account_id == 17).group_by(Order.status)).all()


def grouped_having(session: Session) -> None:
    session.execute(select(Order.account_id, func.count().label("n")).group_by(Order.account_id).having(func.count() > 3).order_by(text("n"))).all()


def distinct_rows(session: Session) -> None:
    session.scalars(select(Account.city).where(Account.age == 17).distinct()).all()


def distinct_on(session: Session) -> None:
    session.scalars(select(Order).distinct(Order.account_id).where(Order.number == "N17")).all()


def locked(session: Session) -> None:
    session.scalars(select(Account).where(Account.id == 17).with_for_update()).one_or_none()


def locked_skip(session: Session) -> None:
    session.scalars(select(Order).where(Order.number == "N17").with_for_update(skip_locked=True).limit(1)).all()


def core_table(session: Session) -> None:
    session.execute(select(audit).where(audit.c.actor == "actor17")).all()


def core_columns(session: Session) -> None:
    session.execute(select(audit.c.id, audit.c.at).where(audit.c.subject == "subject17", audit.c.at > DAY)).all()


def core_key(session: Session) -> None:
    session.execute(select(audit).where(audit.c["subject"] == "subject17").order_by(audit.c.at.desc()).limit(3)).fetchall()


def core_select(session: Session) -> None:
    session.execute(audit.select().where(audit.c.actor == "actor17")).all()


def mapped_table(session: Session) -> None:
    session.execute(select(Team.__table__).where(Team.__table__.c.slug == "team17")).all()


def mapped_columns(session: Session) -> None:
    session.execute(select(Team.__table__.c.id).where(Team.__table__.c.title == "Team 17")).all()


def inherited(session: Session) -> None:
    session.scalars(select(Seller).where(Seller.phone == "phone17")).all()


def inherited_own(session: Session) -> None:
    session.scalars(select(Seller).where(Seller.license == "license17", Seller.name == "Person 17")).all()


def mappings(session: Session) -> None:
    session.execute(select(Account.id, Account.city).where(Account.age == 17)).mappings().all()


def partitions(session: Session) -> None:
    for _ in session.scalars(select(Account).where(Account.age == 17).execution_options(yield_per=100)).partitions():
        pass


def iterated(session: Session) -> None:
    for _ in session.scalars(select(Account).where(Account.city == "City 17")):
        pass


def label_ordered(session: Session) -> None:
    session.execute(select(Account.id, func.lower(Account.email).label("mail")).order_by("mail").limit(5)).all()


def literal_text(session: Session) -> None:
    session.execute(select(literal_column("1")).select_from(Account).where(Account.city == "City 17")).first()
