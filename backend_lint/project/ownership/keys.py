"""Which columns of a table lead to the user or the tenant that its rows belong to."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.schema import Table
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import Mapped

if TYPE_CHECKING:
    from backend_lint.project import Project

_USER_BASES = frozenset(
    "django.contrib.auth.models.AbstractUser django.contrib.auth.models.AbstractBaseUser django.contrib.auth.base_user.AbstractBaseUser "
    "django.contrib.auth.models.User flask_login.UserMixin fastapi_users_db_sqlalchemy.SQLAlchemyBaseUserTable "
    "fastapi_users_db_sqlalchemy.SQLAlchemyBaseUserTableUUID fastapi_users.db.SQLAlchemyBaseUserTable fastapi_users.db.SQLAlchemyBaseUserTableUUID".split()
)
_DJANGO_USERS = "auth_user"
_USER = lazy_regex(
    r"^(?:(?:app|custom|db|site|auth|base|web|core)_?)?(?:user|account|member|customer|person)s?_?(?:model|table|orm|entity|account|db|base|record)?s?$", re.I
)
_CREDENTIAL = lazy_regex(r"^(?:hashed_?)?pass(?:word|wd)(?:_?hash(?:ed)?)?$|^pw_?hash$|^_password", re.I)
_STRONG = lazy_regex(
    r"^(?:the_?)?(?:user|owner|owned_by|account|customer|client|patient|profile|employee|holder|buyer|seller|subscriber|student|payer|person|member)"
    r"(?:_?(?:id|uuid|pk|fk|user|account|profile))*$",
    re.I,
)
_AUTHOR = lazy_regex(
    r"^(?:author|creator|uploader|uploaded_by|submitter|submitted_by|reporter|requester|requested_by|sender|recipient|poster)(?:_?(?:id|uuid|user))*$", re.I
)
_TENANT = lazy_regex(r"^(?:tenant|organi[sz]ation|org|workspace|team|company|household|business|institution)s?(?:_?(?:id|uuid|slug))?$", re.I)
_NAMED = lazy_regex(r"^(?:user|owner|account|customer|tenant|org|organi[sz]ation|workspace)_(?:id|uuid|uid)$", re.I)
"""Columns that name an owner without a key to one."""
_CHAINED = lazy_regex(r"_by(?:_id)?$|^(?:last|latest|current|default|previous|next|first)_|assign|review|approv|parent", re.I)
"""Keys along which rows are not owned: whoever changed, approved or follows."""
_FARTHEST = 2


class Strength(enum.IntEnum):
    """How surely the one that a key leads to owns the row."""

    WEAK = 0
    """Who made or changed it."""
    AUTHOR = 1
    """Who wrote it, most often for others to read."""
    CHAIN = 2
    """Its parent is owned."""
    STRONG = 3


class OwnerKey(NamedTuple):
    """`columns` of a table lead to `target`, a table of users or tenants, or one that is itself owned; `target` is empty if only the name says so.

    `tenant`: the owner is not one user but a tenant with several. `path`, `line`: where it is declared.
    """

    columns: tuple[str, ...]
    target: str
    strength: Strength
    tenant: bool
    path: str
    line: int


class Keys:
    """Answers for one project; the tables of users and tenants are found once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.users = frozenset(_user_tables(project))
        self.tenants = frozenset(self._tenant_tables())
        self._own: dict[str, tuple[OwnerKey, ...]] = {}
        self._scoping: dict[str, frozenset[str]] = {}

    def _tenant_tables(self) -> Iterator[str]:
        """Tables named like tenants that users belong to, by a key of their own or through a table of members."""
        tables = self._project.schema.tables
        joined: set[str] = set()
        for table in tables.values():
            targets = {key.table for key in table.foreign_keys}
            if table.name in self.users or targets & self.users:
                joined |= targets
        names = {mapped.table: mapped.name for mapped in self._project.schema.mapped.values() if mapped.table}
        for name in sorted(joined - self.users):
            if _TENANT.match(names.get(name, name).rpartition("_")[2]):
                yield name

    def of(self, table: str) -> tuple[OwnerKey, ...]:
        """The keys that lead to an owner, the surest first; none for tables of users and tenants themselves."""
        if table not in self._own:
            self._own[table] = ()
            found = self._project.schema.table(table)
            if found is not None and table not in self.users and table not in self.tenants:
                own = list(self._direct(found))
                if not any(key.strength is Strength.STRONG for key in own):
                    own += self._chained(found, _FARTHEST)
                self._own[table] = tuple(sorted(own, key=lambda key: (-key.strength, key.tenant, key.columns)))
        return self._own[table]

    def surest(self, table: str) -> OwnerKey | None:
        """The key that says most; None if nobody owns the rows."""
        found = self.of(table)
        return found[0] if found else None

    def _direct(self, table: Table) -> Iterator[OwnerKey]:
        keyed = set()
        for key in table.foreign_keys:
            if len(key.columns) != 1:
                continue
            name = key.columns[0].removesuffix("_id")
            keyed.add(key.columns[0])
            place = self._place(table, key.columns[0], key.path, key.line)
            if key.table in self.users:
                strength = Strength.STRONG if _STRONG.match(name) else Strength.AUTHOR if _AUTHOR.match(name) else Strength.WEAK
                yield OwnerKey(key.columns, key.table, strength, False, *place)
            elif key.table in self.tenants:
                yield OwnerKey(key.columns, key.table, Strength.STRONG if _TENANT.match(name) else Strength.WEAK, True, *place)
        for column in table.columns:
            if column.name not in keyed and _NAMED.match(column.name) and column.name not in table.primary_key:
                place = self._place(table, column.name, column.path, column.line)
                yield OwnerKey((column.name,), "", Strength.STRONG, not column.name.startswith(("user", "owner")), *place)

    def _chained(self, table: Table, farthest: int) -> Iterator[OwnerKey]:
        """Keys to a parent whose rows are owned."""
        if not farthest:
            return
        for key in table.foreign_keys:
            parent = self._project.schema.table(key.table)
            column = table.column(key.columns[0]) if len(key.columns) == 1 else None
            if parent is None or column is None or column.nullable is not False or parent.name in self.users or parent.name in self.tenants:
                continue
            if parent.name == table.name or _CHAINED.search(key.columns[0]):
                continue
            above = [*self._direct(parent), *(self._chained(parent, farthest - 1))]
            if any(one.strength >= Strength.CHAIN for one in above):
                tenant = all(one.tenant for one in above if one.strength >= Strength.CHAIN)
                yield OwnerKey(key.columns, parent.name, Strength.CHAIN, tenant, *self._place(table, key.columns[0], key.path, key.line))

    def scoping(self, table: str) -> frozenset[str]:
        """Columns that a query may be limited by so that only somebody's rows are found."""
        if table not in self._scoping:
            found: set[str] = set()
            known = self._project.schema.table(table)
            if known is not None:
                for key in known.foreign_keys:
                    if key.table in self.users or key.table in self.tenants or self.of(key.table):
                        found.update(key.columns)
                found.update(column.name for column in known.columns if _NAMED.match(column.name) or _TENANT.match(column.name))
            self._scoping[table] = frozenset(found)
        return self._scoping[table]

    def _place(self, table: Table, column: str, path: str, line: int) -> tuple[str, int]:
        """Where the attribute is declared: in the model rather than in a migration."""
        mapped = self._project.schema.mapped.get(table.model) if table.model is not None else None
        if mapped is not None:
            lines = [one.line for one in mapped.relationships.values() if one.columns == (column,)]
            lines += [one.line for one in mapped.fields.values() if one.column == column]
            if (found := next((one for one in lines if one), 0)):
                return mapped.path, found
        return (path, line) if path else (table.path, table.line)


def _user_tables(project: Project) -> Iterator[str]:
    yield _DJANGO_USERS
    classes = project.resolver.classes
    for mapped in project.schema.mapped.values():
        if not mapped.table:
            continue
        ref = Ref(RefKind.CLASS, mapped.name, *mapped.key)
        if any(name in _USER_BASES for name in classes.external_names(ref)) or (_USER.match(mapped.name.rpartition(".")[2]) and _has_credentials(mapped)):
            yield mapped.table


def _has_credentials(mapped: Mapped) -> bool:
    return any(_CREDENTIAL.search(name) for name in mapped.fields) or mapped.name.lower() in ("user", "users")
