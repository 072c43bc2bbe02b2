"""Column types of Django's fields, for each database product. Source: ``data_types`` of Django's backends."""

from __future__ import annotations

from backend_lint.facts.schema import Dialect
from backend_lint.project.schema.django_state import DjangoField
from backend_lint.sql.types import canonical_type

_POSTGRESQL = {
    "AutoField": "integer",
    "BigAutoField": "bigint",
    "SmallAutoField": "smallint",
    "BinaryField": "bytea",
    "BooleanField": "boolean",
    "NullBooleanField": "boolean",
    "CharField": "varchar",
    "CommaSeparatedIntegerField": "varchar",
    "SlugField": "varchar",
    "FileField": "varchar",
    "FilePathField": "varchar",
    "DateField": "date",
    "DateTimeField": "timestamptz",
    "DecimalField": "numeric",
    "DurationField": "interval",
    "FloatField": "double precision",
    "IntegerField": "integer",
    "BigIntegerField": "bigint",
    "SmallIntegerField": "smallint",
    "PositiveBigIntegerField": "bigint",
    "PositiveIntegerField": "integer",
    "PositiveSmallIntegerField": "smallint",
    "IPAddressField": "inet",
    "GenericIPAddressField": "inet",
    "JSONField": "jsonb",
    "TextField": "text",
    "TimeField": "time",
    "UUIDField": "uuid",
    "HStoreField": "hstore",
    "CITextField": "citext",
    "CICharField": "citext",
    "CIEmailField": "citext",
    "IntegerRangeField": "int4range",
    "BigIntegerRangeField": "int8range",
    "DecimalRangeField": "numrange",
    "DateTimeRangeField": "tstzrange",
    "DateRangeField": "daterange",
    "SearchVectorField": "tsvector",
    "OIDField": "oid",
    "InetAddressField": "inet",
    "CidrAddressField": "cidr",
    "MACAddressField": "macaddr",
    "LtreeField": "ltree",
    "BitField": "bit",
    "SparseVectorField": "sparsevec",
    "VectorField": "vector",
    "HalfVectorField": "halfvec",
}
_MYSQL = _POSTGRESQL | {
    "BinaryField": "longblob",
    "DateTimeField": "datetime(6)",
    "DurationField": "bigint",
    "IPAddressField": "char(15)",
    "GenericIPAddressField": "char(39)",
    "JSONField": "json",
    "PositiveBigIntegerField": "bigint unsigned",
    "PositiveIntegerField": "integer unsigned",
    "PositiveSmallIntegerField": "smallint unsigned",
    "TextField": "longtext",
    "TimeField": "time(6)",
    "UUIDField": "char(32)",
    "MediumTextField": "mediumtext",
    "LongTextField": "longtext",
}
_SQLITE = _POSTGRESQL | {
    "AutoField": "integer",
    "BigAutoField": "integer",
    "SmallAutoField": "integer",
    "BinaryField": "blob",
    "DateTimeField": "datetime",
    "DurationField": "bigint",
    "FloatField": "real",
    "IPAddressField": "char(15)",
    "GenericIPAddressField": "char(39)",
    "JSONField": "text",
    "PositiveBigIntegerField": "bigint unsigned",
    "PositiveIntegerField": "integer unsigned",
    "PositiveSmallIntegerField": "smallint unsigned",
    "UUIDField": "char(32)",
}
_TABLES = {Dialect.POSTGRESQL: _POSTGRESQL, Dialect.MYSQL: _MYSQL, Dialect.SQLITE: _SQLITE}
_LENGTHS = {"SlugField": 50, "FileField": 100, "FilePathField": 100, "CharField": None, "CommaSeparatedIntegerField": None}
_REFERRED = {
    "AutoField": "IntegerField",
    "BigAutoField": "BigIntegerField",
    "SmallAutoField": "SmallIntegerField",
}
"""What a key that leads to such a column is."""
_POSITIVE = frozenset({"PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField"})
_GEOMETRY = {
    "PointField": "POINT",
    "LineStringField": "LINESTRING",
    "PolygonField": "POLYGON",
    "MultiPointField": "MULTIPOINT",
    "MultiLineStringField": "MULTILINESTRING",
    "MultiPolygonField": "MULTIPOLYGON",
    "GeometryField": "GEOMETRY",
    "GeometryCollectionField": "GEOMETRYCOLLECTION",
}


def column_type(field: DjangoField, dialect: Dialect) -> str:
    """The canonical type of a field that is no key; empty if it is unknown."""
    if field.type:
        return canonical_type(field.type, dialect)
    internal = field.internal
    if internal == "ArrayField":
        base = column_type(field.base, dialect) if field.base is not None else ""
        return f"{base.removesuffix('[]')}[]" if base else ""
    if internal in _GEOMETRY:
        kind = "geography" if field.geography else "geometry"
        return f"{kind}({_GEOMETRY[internal]}{'Z' if field.dimensions == 3 else ''},{field.srid})".lower() if dialect is Dialect.POSTGRESQL else kind
    if internal == "RasterField":
        return "raster"
    name = _TABLES.get(dialect, _POSTGRESQL).get(internal, "")
    if not name:
        return ""
    if internal in _LENGTHS:
        length = field.max_length if field.max_length is not None else _LENGTHS[internal]
        return canonical_type(name if length is None else f"{name}({length if length >= 0 else '?'})", dialect)
    if internal == "DecimalField" and field.digits is not None and field.places is not None and dialect is not Dialect.SQLITE:
        return f"numeric({field.digits},{field.places})"
    if internal in ("VectorField", "HalfVectorField", "BitField") and field.dimensions:
        return f"{name}({field.dimensions})"
    return canonical_type(name, dialect)


def referred_type(field: DjangoField, dialect: Dialect) -> str:
    """The type of a key that leads to this column: an integer for a numbered one."""
    internal = _REFERRED.get(field.internal, field.internal)
    if internal in _POSITIVE and dialect is Dialect.POSTGRESQL:
        internal = internal.removeprefix("Positive")
        internal = "IntegerField" if internal == "Field" else internal
    if internal == field.internal:
        return column_type(field, dialect)
    return _TABLES.get(dialect, _POSTGRESQL).get(internal, "")


def is_positive(field: DjangoField) -> bool:
    """Whether Django adds a check that values are not negative."""
    return field.internal in _POSITIVE
