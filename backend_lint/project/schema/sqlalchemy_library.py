"""Columns that bases of libraries bring: advanced-alchemy, fastapi-users, Flask-AppBuilder, sqlalchemy-utils."""

from __future__ import annotations

from backend_lint.facts.schema import Column, Dialect
from backend_lint.project.schema.sqlalchemy_columns import ColumnSpec, ForeignSpec
from backend_lint.sql.types import canonical_type


def _spec(
    name: str, type_: str, *, null: bool = False, key: bool = False, index: bool = False, unique: bool = False, foreign: str = "", sort: int = 0
) -> ColumnSpec:
    column = Column(name, type_, null, closed=type_ == "boolean")
    references = (ForeignSpec(foreign, "", "cascade" if foreign == "user.id" else "no action"),) if foreign else ()
    kinds = {"uuid": "Uuid", "boolean": "Boolean", "timestamptz": "DateTime", "timestamp": "DateTime", "bigint": "BigInteger", "integer": "Integer"}
    return ColumnSpec(name, name, column, kinds.get(type_, "String"), key, index, unique, True, "auto", references, (), sort, type_ == "uuid")


_UUID = (_spec("id", "uuid", key=True, sort=-100),)
_SENTINEL = (_spec("sa_orm_sentinel", "integer", null=True),)
_BIG = (_spec("id", "bigint", key=True, sort=-100),)
_NANO = (_spec("id", "varchar(21)", key=True, sort=-100),)
_AUDIT = (_spec("created_at", "timestamptz", sort=3002), _spec("updated_at", "timestamptz", sort=3003))
_USER = (
    _spec("email", "varchar(320)", index=True, unique=True),
    _spec("hashed_password", "varchar(1024)"),
    _spec("is_active", "boolean"),
    _spec("is_superuser", "boolean"),
    _spec("is_verified", "boolean"),
)
_OAUTH = (
    _spec("oauth_name", "varchar(100)", index=True),
    _spec("access_token", "varchar(1024)"),
    _spec("expires_at", "integer", null=True),
    _spec("refresh_token", "varchar(1024)", null=True),
    _spec("account_id", "varchar(320)", index=True),
    _spec("account_email", "varchar(320)"),
)
_TOKEN = (_spec("token", "varchar(43)", key=True), _spec("created_at", "timestamptz", index=True))
_BUILDER = (
    _spec("created_on", "timestamp", null=True),
    _spec("changed_on", "timestamp", null=True),
    _spec("created_by_fk", "integer", null=True, foreign="ab_user.id"),
    _spec("changed_by_fk", "integer", null=True, foreign="ab_user.id"),
)
_COLUMNS = {
    "UUIDBase": (*_UUID, *_SENTINEL), "UUIDAuditBase": (*_UUID, *_SENTINEL, *_AUDIT), "UUIDv6Base": (*_UUID, *_SENTINEL), "UUIDv7Base": (*_UUID, *_SENTINEL),
    "UUIDv6AuditBase": (*_UUID, *_SENTINEL, *_AUDIT), "UUIDv7AuditBase": (*_UUID, *_SENTINEL, *_AUDIT), "BigIntBase": _BIG, "BigIntAuditBase": (*_BIG, *_AUDIT),
    "NanoIDBase": (*_NANO, *_SENTINEL), "NanoIDAuditBase": (*_NANO, *_SENTINEL, *_AUDIT), "UUIDPrimaryKey": (*_UUID, *_SENTINEL), "BigIntPrimaryKey": _BIG,
    "IdentityBase": _BIG, "IdentityAuditBase": (*_BIG, *_AUDIT), "AuditColumns": _AUDIT, "SlugKey": (_spec("slug", "varchar(100)", unique=True),),
    "SQLAlchemyBaseUserTableUUID": (*_UUID, *_USER), "SQLAlchemyBaseUserTable": _USER, "SQLAlchemyBaseOAuthAccountTable": _OAUTH,
    "SQLAlchemyBaseOAuthAccountTableUUID": (*_UUID, *_OAUTH, _spec("user_id", "uuid", foreign="user.id")), "SQLAlchemyBaseAccessTokenTable": _TOKEN,
    "SQLAlchemyBaseAccessTokenTableUUID": (*_TOKEN, _spec("user_id", "uuid", foreign="user.id")), "AuditMixin": _BUILDER,
    "Timestamp": (_spec("created", "timestamp"), _spec("updated", "timestamp")),
}  # fmt: skip
_PREFIXES = ("advanced_alchemy", "fastapi_users", "flask_appbuilder", "sqlalchemy_utils", "litestar")
TABLE_NAMES = {
    "SQLAlchemyBaseUserTableUUID": "user", "SQLAlchemyBaseUserTable": "user", "SQLAlchemyBaseOAuthAccountTable": "oauth_account",
    "SQLAlchemyBaseOAuthAccountTableUUID": "oauth_account", "SQLAlchemyBaseAccessTokenTable": "accesstoken", "SQLAlchemyBaseAccessTokenTableUUID":
    "accesstoken",
}  # fmt: skip


def library_columns(name: str, dialect: Dialect) -> tuple[ColumnSpec, ...]:
    """The columns that a library's base of this dotted name brings."""
    if not name.startswith(_PREFIXES):
        return ()
    found = _COLUMNS.get(name.rpartition(".")[2], ())
    if dialect is Dialect.POSTGRESQL or not found:
        return found
    from msgspec.structs import replace

    return tuple(replace(one, column=replace(one.column, type=canonical_type(one.column.type, dialect))) for one in found)
