"""What SQLAlchemy, SQLModel and Flask-SQLAlchemy call the parts of a query."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LIBRARIES = ("sqlalchemy", "sqlmodel", "flask_sqlalchemy", "flask_sqlalchemy_lite", "geoalchemy2", "advanced_alchemy", "sqlalchemy_utils")

STATEMENTS = _words("select insert update delete union union_all intersect intersect_all except_ except_all exists text")
"""Functions that begin a statement. ``exists`` and ``text`` are statements only where they are executed."""

BUILDERS = _words(
    "where filter filter_by join outerjoin join_from outerjoin_from select_from options order_by group_by having limit offset slice fetch distinct "
    "with_for_update execution_options correlate correlate_except with_entities with_only_columns add_columns column columns add_column add_entity union "
    "union_all intersect intersect_all except_ except_all params enable_eagerloads populate_existing autoflush prefix_with suffix_with with_hint values "
    "returning on_conflict_do_update on_conflict_do_nothing on_duplicate_key_update from_select with_parent reset_joinpoint from_self "
    "with_labels set_label_style with_session with_statement_hint from_statement add_cte ordered_values inline enable_assertions return_defaults "
    "apply_labels with_lockmode cache_ok tablesample"
)
"""Methods that give the statement or query back with one thing more."""

WRAPPERS = _words("subquery cte alias scalar_subquery as_scalar label lateral exists self_group")
"""Methods that make a part of another statement of it."""

EXECUTORS = _words("execute scalars scalar stream stream_scalars exec connection_execute fetch_all fetch_one fetch_val iterate")
"""Methods of sessions, connections (and of wrappers around them) that run the statement they are handed."""

GETTERS = _words("get get_one")
"""Methods of sessions that load an object by its primary key."""

RUNNERS = {
    "all": "entities",
    "one": "entity",
    "one_or_none": "entity",
    "first": "entity",
    "first_or_404": "entity",
    "one_or_404": "entity",
    "get": "entity",
    "get_or_404": "entity",
    "scalar": "value",
    "scalars": "entities",
    "count": "value",
    "paginate": "page",
    "yield_per": "entities",
    "delete": "value",
    "update": "value",
    "__iter__": "entities",
}
"""Methods of a query that run it, and what they give."""

RESULTS = _words(
    "scalars all first one one_or_none scalar scalar_one scalar_one_or_none fetchall fetchone fetchmany unique mappings partitions yield_per tuples "
    "freeze keys close rowcount columns"
)
"""Methods of a result."""

ONE = _words("first one one_or_none scalar scalar_one scalar_one_or_none fetchone first_or_404 one_or_404 get get_one get_or_404 fetch_one fetch_val")

FLASK_HELPERS = _words("get_or_404 first_or_404 one_or_404 paginate")
"""Methods of Flask-SQLAlchemy's extension that take a model or a statement."""

METHODS = BUILDERS | WRAPPERS | EXECUTORS | GETTERS | RESULTS | frozenset(RUNNERS) | FLASK_HELPERS | STATEMENTS | {"query", "merge"}
"""Last names of all callees that matter: the cheap question."""


def of_library(name: str) -> bool:
    """Whether a dotted name belongs to one of the libraries."""
    return name.partition(".")[0] in LIBRARIES


AGGREGATES = _words("count sum avg min max array_agg string_agg group_concat json_agg jsonb_agg json_object_agg jsonb_object_agg bool_and bool_or every "
                    "any_value mode percentile_cont percentile_disc stddev variance total json_arrayagg")  # fmt: skip
"""SQL functions that make one row of many."""

SQL_FUNCTIONS = _words(
    "cast try_cast type_coerce label distinct desc asc nulls_last nullslast nulls_first nullsfirst literal bindparam true false null extract collate tuple_ "
    "text literal_column column case any_ all_ over within_group nullif coalesce col lateral values"
)
"""Functions of SQLAlchemy that make expressions."""

OPERATORS = {
    "__eq__": "=",
    "__ne__": "<>",
    "in_": "in",
    "notin_": "not in",
    "not_in": "not in",
    "is_": "is",
    "is_not": "is not",
    "isnot": "is not",
    "like": "like",
    "not_like": "not like",
    "notlike": "not like",
    "ilike": "ilike",
    "not_ilike": "not ilike",
    "notilike": "not ilike",
    "is_distinct_from": "is distinct from",
    "is_not_distinct_from": "is not distinct from",
    "isnot_distinct_from": "is not distinct from",
    "regexp_match": "~",
    "has_key": "?",
    "has_any": "?|",
    "has_all": "?&",
    "contained_by": "<@",
    "overlap": "&&",
    "overlaps": "&&",
    "path_exists": "@?",
    "path_match": "@@",
    "bool_op": "",
    "op": "",
    "between": "between",
    "startswith": "like",
    "endswith": "like",
    "contains": "like",
    "icontains": "ilike",
    "istartswith": "ilike",
    "iendswith": "ilike",
    "match": "match",
    "any": "any",
    "has": "any",
    "any_": "",
    "all_": "",
    "eq": "=",
}
"""Methods of expressions that give a condition, and the operator they stand for."""

STARTERS = (
    STATEMENTS | frozenset(OPERATORS) | _words("and_ or_ not_ case aliased with_polymorphic any_ all_ lateral coalesce select_from func cast label values")
)
"""Calls that take a statement in as a part."""
