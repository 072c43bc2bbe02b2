"""Models of Flask-SQLAlchemy."""

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.dialects.postgresql import INET

db = SQLAlchemy()


class ShopCustomer(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(64), index=True, nullable=False)
    address = db.Column(INET)
    orders = db.relationship("ShopOrder", backref=db.backref("customer", lazy="joined"), lazy="dynamic")


order_items = db.Table(
    "shop_order_items",
    db.Column("order_id", db.Integer, db.ForeignKey("shop_order.id"), primary_key=True),
    db.Column("item_id", db.Integer, db.ForeignKey("shop_http_item.id"), primary_key=True),
)


class ShopOrder(db.Model):
    id = db.Column(db.BigInteger, primary_key=True)
    customer_id = db.Column(db.Integer, db.ForeignKey("shop_customer.id"), nullable=False)
    state = db.Column(db.Enum("open", "done", name="shop_state"), nullable=False, default="open")
    total = db.Column(db.Numeric)
    items = db.relationship("ShopHTTPItem", secondary=order_items, backref="orders")

    __table_args__ = (db.Index("ix_open_orders", "customer_id", postgresql_where=(state == "open")), db.CheckConstraint("total >= 0"))


class ShopHTTPItem(db.Model):
    id = db.Column(db.SmallInteger, primary_key=True)
    url = db.Column(db.Text, unique=True)
    visible = db.Column(db.Boolean, nullable=False, server_default="1")


class BaseThing(db.Model):
    __abstract__ = True

    id = db.Column(db.Integer, primary_key=True)
    note = db.Column(db.String(10))


class ShopThing(BaseThing):
    weight = db.Column(db.Float)


class ShopPart(BaseThing):
    __tablename__ = "shop_parts"

    thing_id = db.Column(db.ForeignKey(ShopThing.id), index=True)
    thing = db.relationship(ShopThing, backref=db.backref("parts", order_by="ShopPart.id"))
