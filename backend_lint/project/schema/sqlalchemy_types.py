"""What a column type of SQLAlchemy is in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import BlockKind
from backend_lint.facts.schema import Dialect
from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.schema.sqlalchemy_evaluate import Values
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, ClassName, Frame, Made, Text, Value
from backend_lint.project.value_text import alternatives
from backend_lint.sql.types import canonical_type

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_DEPTH = 8
_SIMPLE = {
    "Integer": "integer", "INTEGER": "integer", "INT": "integer", "BigInteger": "bigint", "BIGINT": "bigint", "SmallInteger": "smallint", "SMALLINT":
    "smallint",
    "Boolean": "boolean", "BOOLEAN": "boolean", "BOOL": "boolean", "Date": "date", "DATE": "date", "Interval": "interval", "INTERVAL": "interval",
    "JSONB": "jsonb", "JSON": "json", "UUID": "uuid", "TSVECTOR": "tsvector", "TSQUERY": "tsquery", "INET": "inet", "CIDR": "cidr", "MACADDR": "macaddr",
    "MACADDR8": "macaddr8", "HSTORE": "hstore", "OID": "oid", "MONEY": "money", "REGCLASS": "regclass", "CITEXT": "citext", "CIText": "citext", "REAL": "real",
    "DOUBLE_PRECISION": "double precision", "BYTEA": "bytea", "TINYINT": "tinyint", "MEDIUMINT": "mediumint", "LONGTEXT": "longtext", "XML": "xml",
    "MEDIUMTEXT": "mediumtext", "TINYTEXT": "tinytext", "LONGBLOB": "longblob", "MEDIUMBLOB": "mediumblob", "TINYBLOB": "tinyblob", "YEAR": "year",
    "INT4RANGE": "int4range", "INT8RANGE": "int8range", "NUMRANGE": "numrange", "DATERANGE": "daterange", "TSRANGE": "tsrange", "TSTZRANGE": "tstzrange",
    "INT4MULTIRANGE": "int4multirange", "INT8MULTIRANGE": "int8multirange", "NUMMULTIRANGE": "nummultirange", "DATEMULTIRANGE": "datemultirange",
    "TSMULTIRANGE": "tsmultirange", "TSTZMULTIRANGE": "tstzmultirange", "CLOB": "text", "TextClause": "text", "LTREE": "ltree", "Ltree": "ltree",
}  # fmt: skip
_CHARACTERS = {"String": "varchar", "VARCHAR": "varchar", "Unicode": "varchar", "NVARCHAR": "varchar", "CHAR": "char", "NCHAR": "char", "AutoString": "varchar"}
_TEXTS = frozenset({"Text", "TEXT", "UnicodeText"})
_BINARY = frozenset({"LargeBinary", "BLOB", "PickleType", "Binary", "VARBINARY", "BINARY"})
_UTILS = {
    "EmailType": "varchar(255)", "ChoiceType": "varchar(255)", "URLType": "text", "CountryType": "varchar(2)", "CurrencyType": "varchar(3)",
    "LocaleType": "varchar(10)",
    "PhoneNumberType": "varchar(20)", "ColorType": "varchar(20)", "IPAddressType": "varchar(50)", "TimezoneType": "varchar(50)", "PasswordType": "bytea",
    "ArrowType": "timestamp", "EncryptedType": "bytea", "StringEncryptedType": "varchar", "ScalarListType": "text", "TSVectorType": "tsvector",
    "JSONType": "json", "LtreeType": "ltree", "WeekDaysType": "bit(7)", "GUID": "uuid", "DateTimeUTC": "timestamptz", "EncryptedString": "varchar",
    "EncryptedText": "text", "JsonB": "jsonb", "BigIntIdentity": "bigint", "TIMESTAMPAware": "timestamptz", "FileType": "varchar", "ImageType": "varchar",
    "FileColumn": "text", "ImageColumn": "text", "UtcDateTime": "timestamptz", "TZDateTime": "timestamptz",
}  # fmt: skip
"""Types of sqlalchemy-utils, advanced-alchemy, fastapi-users and Flask-AppBuilder."""
_VECTORS = {"Vector": "vector", "VECTOR": "vector", "HALFVEC": "halfvec", "SPARSEVEC": "sparsevec", "BIT": "bit"}
PYTHON_TYPES = {
    "int": "integer", "str": "varchar", "bool": "boolean", "float": "double precision", "bytes": "bytea", "datetime.datetime": "timestamp",
    "datetime.date": "date",
    "datetime.time": "time", "datetime.timedelta": "interval", "decimal.Decimal": "numeric", "uuid.UUID": "uuid", "pydantic.EmailStr": "varchar",
    "pydantic.AwareDatetime": "timestamp", "pydantic.UUID4": "uuid", "pathlib.Path": "varchar", "ipaddress.IPv4Address": "varchar",
}  # fmt: skip
"""What an annotation alone stands for, in SQLAlchemy and SQLModel alike."""


class ColumnType(NamedTuple):
    """`text` is canonical, empty if unknown; `kind` the class; `integer`: the database may number it."""

    text: str
    kind: str = ""
    closed: bool = False
    collation: str = ""

    @property
    def integer(self) -> bool:
        """A whole number that a primary key may count by."""
        return self.text in ("integer", "bigint", "smallint")


UNKNOWN_TYPE = ColumnType("")


class Types:
    """Reads column types of one project for one dialect."""

    def __init__(self, values: Values, dialect: Dialect) -> None:
        self.values = values
        self.dialect = dialect
        self._simple: dict[str, ColumnType] = {}
        self._classes: dict[tuple[ClassKey, str], ColumnType] = {}

    def of(self, value: Value, depth: int = 0) -> ColumnType:
        """The type that a value such as ``String(40)`` or ``sa.Integer`` stands for."""
        if depth > _MAX_DEPTH:
            return UNKNOWN_TYPE
        if isinstance(value, Text):
            return self._named(value, depth)
        if isinstance(value, ClassName):
            return self._class(value.key, None, depth)
        if isinstance(value, Made):
            return self._made(value, depth)
        return UNKNOWN_TYPE

    def is_type(self, value: Value) -> bool:
        """Whether a value can only be a column type."""
        if isinstance(value, ClassName):
            return bool(self._library_bases(value.key))
        if isinstance(value, Made) and value.key is not None:
            return bool(self._library_bases(value.key))
        return self.of(value).text != ""

    def _named(self, value: Text, depth: int) -> ColumnType:
        options = alternatives(value.text)
        if len(options) > 1:
            found = [self.of(self.values.evaluate(value.frame, option), depth + 1) for option in options]
            return next((one for one in found if one.text), UNKNOWN_TYPE)
        name = self.values.dotted(value.frame, value.text)
        if not name:
            return UNKNOWN_TYPE
        if name not in self._simple:
            self._simple[name] = self._library(name, None, {}, depth)
        return self._simple[name]

    def _made(self, made: Made, depth: int) -> ColumnType:
        if made.key is not None:
            return self._class(made.key, made, depth)
        name = made.simple
        receiver = made.call.callee.rpartition(".")[0]
        if name == "with_variant":
            return self._variant(made, receiver, depth)
        if name in ("as_mutable", "associate_with", "nested") and made.call.args:
            return self.of(self.values.evaluate(made.frame, made.call.args[0]), depth + 1)
        if name in ("evaluates_none", "copy", "adapt") and receiver:
            return self.of(self.values.evaluate(made.frame, receiver), depth + 1)
        return self._library(made.name, list(self.values.arguments(made)), self.values.keywords(made), depth)

    def _variant(self, made: Made, receiver: str, depth: int) -> ColumnType:
        args = list(self.values.arguments(made))
        if len(args) >= 2 and self.dialect.value in args[1:]:
            return self.of(args[0], depth + 1)
        return self.of(self.values.evaluate(made.frame, receiver), depth + 1)

    # -- types of the library ----------------------------------------------------------------------

    def _library(self, name: str, args: Sequence[Value] | None, keywords: dict[str, Value], depth: int) -> ColumnType:
        kind = name.rpartition(".")[2]
        text = self._text(name, kind, args or (), keywords, depth)
        if isinstance(text, ColumnType):
            return text
        collation = keywords.get("collation")
        return ColumnType(canonical_type(text, self.dialect), kind, text == "boolean", collation if isinstance(collation, str) else "")

    def _text(self, name: str, kind: str, args: Sequence[Value], keywords: dict[str, Value], depth: int) -> str | ColumnType:
        if kind in ("UUID", "Uuid", "GUID") and name.startswith(("sqlalchemy", "sqlmodel", "flask_sql", "advanced_alchemy", "fastapi_users")):
            return "uuid" if self.dialect is Dialect.POSTGRESQL else "char(36)" if kind == "GUID" else "char(32)"
        if kind == "UUIDType":
            native = self.dialect is Dialect.POSTGRESQL and _argument(args, keywords, 1, "native") is not False
            return "uuid" if native else "char(32)" if _argument(args, keywords, 0, "binary") is False else "binary(16)"
        if kind in _SIMPLE:
            return _SIMPLE[kind]
        if kind in _CHARACTERS:
            return _sized(_CHARACTERS[kind], _argument(args, keywords, 0, "length"))
        if kind in _TEXTS:
            return "text"
        if kind in _BINARY:
            return "bytea" if self.dialect is Dialect.POSTGRESQL else "blob"
        if kind in ("DateTime", "TIMESTAMP", "DATETIME"):
            return self._moment(kind, args, keywords)
        if kind in ("Time", "TIME"):
            return "timetz" if _argument(args, keywords, 0, "timezone") is True else "time"
        if kind in ("Numeric", "NUMERIC", "DECIMAL"):
            precision, scale = _argument(args, keywords, 0, "precision"), _argument(args, keywords, 1, "scale")
            if not isinstance(precision, int):
                return "numeric" if self.dialect is not Dialect.MYSQL else "numeric(10,0)"
            return f"numeric({precision},{scale})" if isinstance(scale, int) else f"numeric({precision})"
        if kind in ("Float", "FLOAT"):
            return _sized("float", _argument(args, keywords, 0, "precision"))
        if kind in ("Double", "DOUBLE"):
            return "double precision"
        if kind in ("Enum", "ENUM"):
            return self._enum(args, keywords)
        if kind == "ARRAY":
            inner = self.of(_argument(args, keywords, 0, "item_type"), depth + 1)
            return ColumnType(inner.text + "[]" if inner.text else "", kind)
        if kind in _VECTORS:
            return _sized(_VECTORS[kind], _argument(args, keywords, 0, "dim"))
        if kind in ("Geometry", "Geography", "Raster"):
            shape, srid = _argument(args, keywords, 0, "geometry_type"), _argument(args, keywords, 1, "srid")
            inside = f"({shape},{srid})" if isinstance(srid, int) and isinstance(shape, str) else f"({shape},-1)" if isinstance(shape, str) else ""
            return ColumnType(kind.lower() + inside.lower(), kind)
        if kind in _UTILS:
            return _UTILS[kind] if kind not in ("StringEncryptedType", "EncryptedType") or not args else self._encrypted(kind, args, depth)
        return ""

    def _encrypted(self, kind: str, args: Sequence[Value], depth: int) -> str:
        inner = self.of(args[0], depth + 1).text
        return inner if kind == "StringEncryptedType" and inner.startswith("varchar") else _UTILS[kind]

    def _moment(self, kind: str, args: Sequence[Value], keywords: dict[str, Value]) -> str:
        if self.dialect is Dialect.MYSQL or self.dialect is Dialect.SQLITE:
            return "timestamp" if kind == "TIMESTAMP" else "datetime"
        zone = _argument(args, keywords, 0, "timezone")
        return "timestamptz" if zone is True else "timestamp"

    def _enum(self, args: Sequence[Value], keywords: dict[str, Value]) -> ColumnType:
        members: list[str] = [arg for arg in args if isinstance(arg, str)]
        name = keywords.get("name")
        if args and isinstance(args[0], ClassName):
            name = name or str(self.values.class_attribute(args[0].key, "__name__")).lower()
            members = self.members(args[0].key, by_value="values_callable" in keywords)
        known = len(members) == len(args) or (len(args) == 1 and bool(members))
        if keywords.get("native_enum") is False:
            length = keywords.get("length")
            longest = max((len(one) for one in members), default=0) if known else 0
            size = max(length, longest) if isinstance(length, int) else longest
            return ColumnType(_sized("varchar", size if known or isinstance(length, int) else UNKNOWN), "Enum", True)
        if self.dialect is Dialect.POSTGRESQL:
            schema = keywords.get("schema")
            text = name if isinstance(name, str) else ""
            return ColumnType(canonical_type(f"{schema}.{text}" if isinstance(schema, str) and text else text), "Enum", True)
        if self.dialect is Dialect.MYSQL and members:
            return ColumnType(canonical_type(f"enum({','.join(repr(one) for one in members)})", self.dialect), "Enum", True)
        longest = max((len(one) for one in members), default=0)
        return ColumnType(_sized("varchar", longest if known else UNKNOWN), "Enum", True)

    def members(self, key: ClassKey, by_value: bool = False) -> list[str]:
        """The names (or values) of an enumeration of the project."""
        fact = self.values.project.modules[key[0]].classes[key[1]]
        own = [one for one in fact.attributes if one.function == fact.scope and not one.name.startswith("_") and one.value and not one.annotation]
        if not by_value:
            return [one.name for one in own]
        found = [self.values.evaluate(Frame(key[0], fact.scope, owner=key), one.value) for one in own]
        return [one for one in found if isinstance(one, str)]

    # -- types of the project ----------------------------------------------------------------------

    def _library_bases(self, key: ClassKey) -> list[str]:
        names = [base.name for base in self.values.resolver.classes.ancestors(*key) if base.kind is RefKind.EXTERNAL]
        return [
            name
            for name in names
            if name.startswith(("sqlalchemy", "sqlmodel", "flask_sqlalchemy", "geoalchemy2", "pgvector", "fastapi_users", "advanced_alchemy"))
        ]

    def _class(self, key: ClassKey, made: Made | None, depth: int) -> ColumnType:
        kept = (key, "" if made is None else f"{made.call.args}{made.call.keywords}")
        if kept not in self._classes:
            self._classes[kept] = UNKNOWN_TYPE
            self._classes[kept] = self._of_class(key, made, depth)
        return self._classes[kept]

    def _of_class(self, key: ClassKey, made: Made | None, depth: int) -> ColumnType:
        bases = self._library_bases(key)
        if not bases:
            return UNKNOWN_TYPE
        kind = self.values.project.modules[key[0]].classes[key[1]].name.rpartition(".")[2]
        args = list(self.values.arguments(made)) if made is not None and not self._has(key, "__init__") else []
        keywords = self.values.keywords(made) if made is not None and not self._has(key, "__init__") else {}
        found = UNKNOWN_TYPE
        if any(base.endswith(".TypeDecorator") for base in bases):
            found = self._dialect_impl(key, depth)
            if not found.text:
                impl = self.values.class_attribute(key, "impl")
                found = self.of(impl, depth + 1)
                if isinstance(impl, Text) and (args or keywords):
                    found = self._library(self.values.dotted(impl.frame, impl.text), args, keywords, depth + 1)
        elif any(base.endswith(".UserDefinedType") for base in bases):
            found = ColumnType(canonical_type(self._spec(key), self.dialect))
        else:
            for base in bases:
                found = self._library(base, args, keywords, depth + 1)
                if found.text:
                    break
        return ColumnType(found.text, kind, found.closed, found.collation)

    def _has(self, key: ClassKey, method: str) -> bool:
        found = self.values.resolver.classes.ancestors(*key)[0]
        member = self.values.resolver.classes.find(found, method)
        return member is not None and isinstance(member[1], int)

    def _method(self, key: ClassKey, name: str) -> tuple[str, int] | None:
        found = self.values.resolver.classes.find(self.values.resolver.classes.ancestors(*key)[0], name)
        return (found[0].path, found[1]) if found is not None and isinstance(found[1], int) else None

    def _dialect_impl(self, key: ClassKey, depth: int) -> ColumnType:
        """What ``load_dialect_impl`` answers for the dialect: the branch that names it, else the answer that stands in no branch."""
        method = self._method(key, "load_dialect_impl")
        if method is None:
            return UNKNOWN_TYPE
        path, index = method
        body = self.values.project.modules[path].bodies[index]
        other = UNKNOWN_TYPE
        for found in body.returns:
            call = body.calls[int(found.value[1:])] if found.value[1:].isdigit() and found.value[0] == "#" else None
            if call is None or not call.callee.endswith("type_descriptor") or not call.args:
                continue
            block = body.blocks[found.block]
            type_ = self.of(self.values.evaluate(Frame(path, index), call.args[0]), depth + 1)
            named = f"'{self.dialect.value}'" in block.subject and block.kind is BlockKind.IF and "!=" not in block.subject
            if named:
                return type_
            if block.kind is not BlockKind.IF:
                other = type_
        return other

    def _spec(self, key: ClassKey) -> str:
        method = self._method(key, "get_col_spec")
        if method is None:
            return ""
        returns = self.values.project.modules[method[0]].bodies[method[1]].returns
        return (self.values.text(Frame(*method), returns[0].value) or "") if returns else ""


def _sized(name: str, length: Value) -> str:
    """A type with its length: ``?`` for one that is given and not known."""
    if length is UNKNOWN or isinstance(length, Text | Made):
        return f"{name}(?)"
    return f"{name}({length})" if isinstance(length, int) and length else name


def _argument(args: Sequence[Value], keywords: dict[str, Value], position: int, name: str) -> Value:
    if name in keywords:
        return keywords[name]
    return args[position] if position < len(args) else None
