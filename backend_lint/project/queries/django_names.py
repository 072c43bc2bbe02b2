"""The words of Django's ORM."""

from __future__ import annotations

MANAGER = "django.db.models.Manager"
QUERYSET = "django.db.models.QuerySet"
MODEL = "django.db.models.Model"

REFINING = frozenset(
    (
        "filter exclude annotate alias order_by reverse distinct values values_list dates datetimes none all union intersection difference select_related "
        "prefetch_related extra defer only using select_for_update complex_filter get_queryset iterator aiterator _chain _clone raw db_manager non_polymorphic "
        "select_subclasses"
    ).split()
)
"""Methods of a queryset that give a queryset."""
UNMISTAKABLE = frozenset(
    (
        "filter exclude annotate order_by select_related prefetch_related values_list distinct only defer exists first last aggregate all none using "
        "select_for_update iterator latest earliest in_bulk aexists afirst acount aget count delete create get_or_create bulk_create"
    ).split()
)
"""Methods by which a parameter is known to be a queryset or manager."""
SAME = frozenset({"all", "get_queryset", "_chain", "_clone", "db_manager"})
"""Those that change nothing; they are no steps."""
PAGES = frozenset({"page", "get_page", "apage", "aget_page"})
"""Methods of a paginator that give a page."""

ENDING = frozenset(
    (
        "get first last latest earliest count exists contains aggregate in_bulk create get_or_create update_or_create bulk_create bulk_update update delete "
        "explain _raw_delete"
    ).split()
)
"""Methods of a queryset that run it. Each has a twin with ``a`` in front."""

ENDING_ASYNC = {f"a{name}": name for name in ENDING if name[0] != "_"}
GIVES_ONE = frozenset({"get", "first", "last", "latest", "earliest", "create"})
"""Methods that give one instance."""
GIVES_PAIR = frozenset({"get_or_create", "update_or_create"})

QUERYSETS = REFINING | {"related", "prefetched", "[:]", "filter_queryset", "__or__", "__and__"}
"""Steps after which a chain is a queryset."""
SHORTCUTS = frozenset({"get_object_or_404", "get_list_or_404", "aget_object_or_404", "aget_list_or_404"})
RELATED = "related"
"""The step of a related manager: `ChainStep.relation` says which."""
PREFETCHED = "prefetched"
"""The step of rows that ``prefetch_related`` loads; `ChainStep.relation` says through what."""
SLICE = "[:]"
"""The step of a slice: its one argument is the slice's text, ``[:10]``."""
INDEX = "[]"
"""The step of one row taken by its number."""
FILTER_BACKENDS = "filter_queryset"
"""The step of Django REST framework's filter backends: they may filter and order, each request as it likes."""

WRAPPERS = frozenset({"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "filter"})
"""Builtins whose result has the rows of what they are given."""


INSIDE = frozenset({"Exists", "Subquery", "ArraySubquery", "Q", "Prefetch", "OuterRef"})
"""Expressions that hold a queryset that is part of another one."""
CHAINING = REFINING | ENDING | frozenset(ENDING_ASYNC) | SHORTCUTS
"""Methods that take part in a chain, and functions that take a queryset as one."""
CALLED = CHAINING - SHORTCUTS
