"""How large a table is: from configuration or statistics, else from what the code tells. Most tables are of unknown size and count as large."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.types import base, length

if TYPE_CHECKING:
    from backend_lint.facts.schema import Table

_SHORT_KEY = 16
FEW_ROWS = 1000
"""A table below this is read as fast without an index as with one: some ten pages of 8 KB."""
_SINGLETONS = ("django_site", "alembic_version", "django_migrations", "schema_migrations", "django_content_type", "flyway_schema_history")
_LOOKUP_WORDS = frozenset(
    (
        "type types kind kinds status statuses state states category categories country countries currency currencies language languages locale locales "
        "role roles unit units config configs configuration configurations setting settings preference preferences feature features flag flags enum enums "
        "environment environments plan plans tier tiers color colors colour colours timezone timezones permission permissions "
        "priority priorities severity severities level levels gender genders subject subjects topic topics provider providers "
        "installation installations integration integrations webhook webhooks plugin plugins destination destinations endpoint endpoints exclusion exclusions "
        "attribute attributes definition definitions"
    ).split()
)
"""Last words of names of tables that hold a list somebody keeps by hand."""
_ABOUT_ITS_OWNER = frozenset("translation translations detail details model option options instance instances".split())
"""Last words that say of what list it is by the word in front: ``LevelTypeTranslation``."""
_REFUSED = frozenset("blacklist blacklisted blocklist whitelist whitelisted allowlist banned".split())
_PEOPLE = lazy_regex(r"(?:user|customer|member|person|people|profile|participant|subscriber)s?$")
_OWNERS = lazy_regex(r"(?:^|[._])(?:projects?|organi[sz]ations?|tenants?|workspaces?|companies|company|sites?)$")
_WORDS = lazy_regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_SET_UP = lazy_regex(
    r"setting|config|option|role|permission|categor|countr|currenc|language|locale|status|type|kind|plan|tier|region|zone|template|feature|flag|plugin"
    r"|provider|source|backend|tenant|schema|migration|site|channel|server|node|worker|schedule|cron|theme|menu|banner|unit|level|rule|policy|webhook|catalog|connector|integration|gateway|(?:^|_)tags?$|bots?$|key$",
    re.IGNORECASE,
)
"""Parts of names of tables that hold what somebody sets up, not what happens."""


def is_small(table: Table) -> bool:
    """The table is known to hold few rows: counted, filled by a migration with constants, or a singleton of a library."""
    if table.rows is not None:
        return table.rows < FEW_ROWS
    return table.seeded or table.name in _SINGLETONS


def has_few_rows(table: Table | None, name: str) -> bool:
    """The same of a table of which the project may know no more than the name."""
    return name in _SINGLETONS if table is None else is_small(table)


def may_be_small(table: Table, model: str = "") -> bool:
    """Nothing says how many rows there are, and name and shape are those of a lookup table or of settings. `model`: the class that stands for it."""
    if table.rows is not None:
        return table.rows < FEW_ROWS
    return is_small(table) or (any(_names_a_list(_WORDS.findall(name)) for name in (table.name, model)) and not _is_of_people(table))


def _is_of_people(table: Table) -> bool:
    """Each row belongs to somebody: the table grows with those."""
    needed = {column.name for column in table.columns if not column.nullable}
    return any(_PEOPLE.search(key.table) and set(key.columns) <= needed for key in table.foreign_keys)


def names_a_list(model: str) -> bool:
    """Whether a model is named like a list that somebody keeps by hand.

    >>> names_a_list("OrderStatus"), names_a_list("Order")
    (True, False)
    """
    return _names_a_list(_WORDS.findall(model))


def _names_a_list(words: list[str]) -> bool:
    lowered = [word.lower() for word in words]
    while len(lowered) > 1 and lowered[-1] in _ABOUT_ITS_OWNER:
        lowered.pop()
    return bool(lowered) and (lowered[-1] in _LOOKUP_WORDS or not _REFUSED.isdisjoint(lowered))


def is_set_up(table: Table) -> bool:
    """It is small, or not counted and a part of its name says so: for those who would rather miss a table that grows than name one that does not."""
    return is_small(table) or (table.rows is None and _SET_UP.search(table.name) is not None)


def is_of_people(table: str) -> bool:
    """A table of users, members or the like."""
    return _PEOPLE.search(table) is not None


def owns_all_else(table: str) -> bool:
    """Tables to which all else belongs, such as projects: there are few of them, and one is deleted once in a while."""
    return _OWNERS.search(table) is not None


def named_by_hand(table: Table) -> bool:
    """The primary key is a short text that nothing generates: codes that somebody thought of, such as those of courts or airports."""
    key = table.column(table.primary_key[0]) if len(table.primary_key) == 1 else None
    return key is not None and key.default is None and not key.auto and base(key.type) in ("varchar", "char") and 0 < (length(key.type) or 0) <= _SHORT_KEY
