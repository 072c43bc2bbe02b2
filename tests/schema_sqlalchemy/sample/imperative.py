"""Plain classes and tables that are mapped to each other by hand."""

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, MetaData, String, Table, UniqueConstraint
from sqlalchemy.orm import registry, relationship

metadata = MetaData()
mapper_registry = registry(metadata=metadata)


class Batch:
    def __init__(self, reference):
        self.reference = reference


class OrderLine:
    pass


class Product:
    pass


products = Table("imp_products", metadata, Column("sku", String(255), primary_key=True), Column("version", Integer, nullable=False, server_default="0"))
order_lines = Table(
    "imp_order_lines",
    mapper_registry.metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("sku", String(255)),
    Column("qty", Integer, nullable=False),
    Column("order_id", String(255)),
    Index("ix_order_lines_sku_order", "sku", "order_id", postgresql_using="btree"),
)
batches = Table(
    "imp_batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("reference", String(255), unique=True),
    Column("sku", ForeignKey("imp_products.sku")),
    Column("_purchased_quantity", Integer, nullable=False),
    Column("eta", Date, nullable=True, index=True),
)
allocations = Table(
    "imp_allocations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("orderline_id", ForeignKey("imp_order_lines.id")),
    Column("batch_id", ForeignKey("imp_batches.id")),
    UniqueConstraint("orderline_id", "batch_id"),
)


def start_mappers():
    lines_mapper = mapper_registry.map_imperatively(OrderLine, order_lines)
    batches_mapper = mapper_registry.map_imperatively(
        Batch,
        batches,
        properties={
            "quantity": batches.c._purchased_quantity,
            "_allocations": relationship(lines_mapper, secondary=allocations, collection_class=set),
        },
    )
    mapper_registry.map_imperatively(Product, products, properties={"batches": relationship(batches_mapper, backref="product")})
