"""What a statement asks of a database, whoever wrote it: SQL text, Django's ORM or SQLAlchemy.

A query has relations (tables with an alias, numbered by position), a condition, an order and a limit. Conditions are trees of `And`, `Or`, `Not`,
`Comparison`, `Exists` and `Opaque`. What was not understood is `Opaque`, never left out: it is a conjunct that no index serves and that nobody may reason from.
"""

from __future__ import annotations

import enum

import msgspec

from backend_lint.facts.python import Fact


class TermKind(enum.IntEnum):
    """What one side of a comparison is."""

    COLUMN = 0
    """Column `column` of relation `relation`."""
    EXPRESSION = 1
    """`text`: canonical SQL over columns of relation `relation` alone, bare names (``lower(email)``, ``created::date``); `columns` names them."""
    CONSTANT = 2
    """`text`: the literal as SQL (``'a'``, ``5``, ``true``, ``null``)."""
    PARAMETER = 3
    """A value known only at run time; `type` if known. `text` may hold what is known of it: for LIKE ``x%``, with ``?`` for what is not."""
    OUTER = 4
    """A column of the query around this one (correlated): a parameter while this query runs. `relation`, `column` number the outer query's."""
    SUBQUERY = 5
    """Number `relation` of `Query.subqueries`; its first selected column."""
    MIXED = 6
    """An expression over several relations; `relation` is -1."""
    UNKNOWN = 7


class Term(Fact, frozen=True):
    """One side of a comparison, or a key of an order. `cast`: the type that a bare column is cast to (``col::text``), empty if it is not."""

    kind: TermKind
    relation: int = -1
    column: str = ""
    text: str = ""
    columns: tuple[str, ...] = ()
    type: str = ""
    cast: str = ""
    collation: str = ""


class Comparison(Fact, frozen=True, tag="comparison"):
    """``left operator right``. Operators are lower-case SQL:

    ``=  <>  <  <=  >  >=  in  not in  is null  is not null  is true  is false  is not true  is not false  is distinct from  is not distinct from
    like  not like  ilike  not ilike  ~  ~*  !~  !~*  similar to  @>  <@  &&  ?  ?|  ?&  @@  %  @?  <<  >>  <<=  >>=  ~=  <%  %>  ^@  overlaps``

    ``BETWEEN`` is two comparisons; a bare boolean column is ``is true``'s twin ``= true``. The side with a column stands left where one side alone has one.
    `values`: how many values an ``in`` list has, -1 if unknown; `right` holds the list as CONSTANT ``(1, 2)`` if all are constants, else PARAMETER.
    """

    left: Term
    operator: str
    right: Term
    values: int = -1


class And(Fact, frozen=True, tag="and"):
    """A conjunction."""

    parts: tuple[Predicate, ...]


class Or(Fact, frozen=True, tag="or"):
    """A disjunction."""

    parts: tuple[Predicate, ...]


class Not(Fact, frozen=True, tag="not"):
    """A negation that could not be pushed into the comparisons."""

    part: Predicate


class Exists(Fact, frozen=True, tag="exists"):
    """``EXISTS`` of subquery number `subquery`; `negated` for ``NOT EXISTS``."""

    subquery: int
    negated: bool = False


class Opaque(Fact, frozen=True, tag="opaque"):
    """A condition that was not understood. `text` says what stood there; `relations` may be restricted by it."""

    text: str
    relations: tuple[int, ...] = ()


Predicate = And | Or | Not | Exists | Comparison | Opaque


class Relation(Fact, frozen=True):
    """A table in a query. `table` is the database's name, empty if unknown or not a table (a function, a list of values); `subquery` is then its number or -1.

    `join`: ``""`` for the first and for a comma, ``inner``, ``left``, ``right``, ``full``, ``cross``. `on` holds the join condition; relations in it are
    numbers. `columns` are selected columns of a subquery relation by name, where it is no table. `given`: its rows are written in the statement or come
    with a parameter (VALUES, ``unnest(:ids)``), so that they are few. `fenced`: a common table expression that is computed on its own, so that no condition
    around it reaches into it.
    """

    table: str
    alias: str = ""
    join: str = ""
    on: Predicate | None = None
    subquery: int = -1
    lateral: bool = False
    given: bool = False
    fenced: bool = False


class OrderKey(Fact, frozen=True):
    """A key of ORDER BY. `nulls_first` is None for the dialect's default."""

    term: Term
    descending: bool = False
    nulls_first: bool | None = None


class Verb(enum.StrEnum):
    """What a statement does."""

    SELECT = "select"
    INSERT = "insert"
    UPSERT = "upsert"
    UPDATE = "update"
    DELETE = "delete"


class Rows(enum.StrEnum):
    """How many rows the code takes."""

    ONE = "one"
    """``get``, ``first``, ``fetchone``, ``scalar_one``, ``LIMIT 1``."""
    MANY = "many"
    NONE = "none"
    """Counts, existence, sums, writes."""
    UNKNOWN = "unknown"


class Query(Fact, frozen=True):
    """A statement. For UPDATE and DELETE relation 0 is the target.

    `limit`: None if there is none, -1 if its number is not known. `selected`: what is selected; empty for all columns or unknown. `written`: columns set by
    INSERT or UPDATE. `conflict`: columns of ON CONFLICT. `distinct`, `grouped`: the whole result is needed before the first row comes out, unless an index
    sorts. `combined`: further members of a UNION and CTEs stand in `subqueries` too; `members` numbers the former. `pushable`: a condition from around on
    one of these may be tested before rows are gathered (what all windows are partitioned by); None for what `group` says. `unknown`: what was not understood;
    empty if all was.
    """

    verb: Verb
    relations: tuple[Relation, ...] = ()
    where: Predicate | None = None
    order: tuple[OrderKey, ...] = ()
    limit: int | None = None
    offset: bool = False
    distinct: bool = False
    grouped: bool = False
    aggregate: bool = False
    group: tuple[Term, ...] = ()
    having: bool = False
    selected: tuple[Term, ...] = ()
    written: tuple[str, ...] = ()
    conflict: tuple[str, ...] = ()
    locks: bool = False
    combined: bool = False
    subqueries: tuple[Query, ...] = ()
    rows: Rows = Rows.UNKNOWN
    unknown: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """The name of each of `selected` in the result, empty if it has none."""
    members: tuple[int, ...] = ()
    pushable: tuple[Term, ...] | None = None


class QuerySource(enum.StrEnum):
    """Who wrote a query."""

    SQL = "sql"
    DJANGO = "django"
    SQLALCHEMY = "sqlalchemy"
    FILE = "file"


class Site(msgspec.Struct, frozen=True):
    """A query at its place in the code.

    `path`, `line`, `column`, `end_line`, `end_column`: where it is put together last (the call that filters or runs it). `function`: index in the module, -1
    for a file that is no Python. `symbol`: name of the function. `call`: index of that call in the body, -1 if none. `text`: the statement or the chain, on
    one line, at most 500 characters. `loop_depth`: loops and comprehensions around it in its function. `variants`: conditional parts were left out or
    put in: one `Site` for each way, at most 8, with the same place. `evaluated`: False for a queryset that this function does not run (it is
    returned or passed on). `offered`: the filter or order of a list that a client may ask for, empty for what the code asks itself.
    """

    query: Query
    source: QuerySource
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    function: int
    symbol: str
    call: int
    text: str
    loop_depth: int = 0
    evaluated: bool = True
    variant: int = 0
    offered: str = ""
