"""Updates that are lost: a row is loaded, a value computed from what was loaded, and the row saved, while another request does the same.

At READ COMMITTED, the default of PostgreSQL, both read the old value and the second write undoes the first.
Source: https://www.postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED
"""

from __future__ import annotations

import bisect
import enum
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import Assign, BlockKind, Body, Call
from backend_lint.facts.route import EntryKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around, inside, is_deferred
from backend_lint.project.calls import Aspect, FunctionKey
from backend_lint.project.libraries import Effect
from backend_lint.project.loading.reach import is_aside
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import Field, Framework
from backend_lint.project.transactions.holders import Holder, Holders
from backend_lint.project.transactions.indexed import Indexed
from backend_lint.project.transactions.locks import Locks
from backend_lint.project.transactions.overwrites import OF_ONE
from backend_lint.project.transactions.race_advice import is_computable, owns
from backend_lint.project.transactions.rows import Origin, Row, RowsAtHand, written_fields
from backend_lint.project.transactions.unread import Unread
from backend_lint.project.value_text import alternatives, call_ids
from backend_lint.sql.keys import unique_within

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.schema.mapping import ClassKey

_OPERATORS = frozenset({"+", "-", "*", "/", "//", "||", "&", "**"})
_BEFORE, _AFTER = r"(?:\|\||[(+\-*/&])", r"(?:\|\||[+\-*/&])"
_VERSIONS = ("VersionField", "IntegerVersionField", "AutoIncVersionField")
_ATTEMPTS = lazy_regex(r"retr(?:y|ies)|attempt|tries|fail(?:ure|ed)?s?_count|error_count|failures$")
"""A row of a queue counts how often its one worker tried. What a request counts, as wrong passwords, is another matter."""
_STAMPS = lazy_regex(r"^(?:last_|date_)?(?:updated|modified|changed|touched|seen)")
"""When it was changed last: the later one is right."""
_CALCULATES = frozenset({"Decimal", "int", "float", "round", "max", "min", "abs", "sum", "timedelta", "quantize", "union", "difference"})
"""Calls whose result is a number, or a set, made of what they are given."""
_COMMITS = frozenset({"commit", "flush"})
_FARTHEST = 60
"""Calls behind an assignment among which the commit is looked for."""
_MOST_CHECKS = 12
_KEYS = ("pk", "id")
_MAKES = lazy_regex(r"(?:^|\.)(?:model|create|acreate|[A-Z]\w*)$")
_TELLS = lazy_regex(r"mail|notif|message|confirm|track|event|metric|log|histor|audit|activit", re.IGNORECASE)
"""Names of calls that tell somebody something, or note it down: twice is once too often, and no more."""
_TEXTS = ("TextField", "CharField", "Text", "String", "str")
_STAFF = lazy_regex(r"(?:^|/)\w*admin(?:\.py$|/)")
_PLACES = lazy_regex(r"^(?:\w+_)?(?:position|order|ordering|priority|rank|sort_key)$")
"""Columns that say where a row stands in a list: a wrong one is seen, and moved again."""


class Kind(enum.Enum):
    """How the update is lost."""

    COMPUTED = "computed"
    """``x.balance = x.balance - n``."""
    CHECKED = "checked"
    """``if x.status == A: ...; x.status = B``, and something is done that must be done once."""


class Race(msgspec.Struct, frozen=True):
    """An attribute of a row is written at `at`, from what `row` held when it was loaded; `save` writes it. `once`: what is done twice, of a check."""

    key: FunctionKey
    kind: Kind
    row: Row
    field: Field
    at: Assign
    save: Call | None
    once: Call | None = None
    mendable: bool = False
    """The old value is not asked for anywhere else, so that the database can compute the new one."""
    holder: Holder | None = None
    """Who has loaded the row, if the function is handed it."""
    minor: bool = False
    """What is lost is a place in a list, a remark or a count that nobody reads, a mail is sent twice, or it is staff who would have to do it at once."""


class Races:
    """Answers for one project."""

    def __init__(self, project: Project, locks: Locks, rows: RowsAtHand) -> None:
        self._project = project
        self._locks = locks
        self._rows = rows
        self._holders = Holders(project, locks, rows)
        self._unread = Unread(project)

    def all(self) -> Iterator[Race]:
        """Each once, in order of path and line."""
        if self._locks.is_serializable:
            return
        for module, index, _, body in self._project.functions():
            if module.role is not Role.APPLICATION or not index:
                continue
            key = module.path, index
            candidates = [assign for assign in body.assigns if self._may_race(assign)]
            if candidates and not is_aside(self._project, key) and self._project.entries.may_run_at_once(key):
                told: set[str] = set()
                for assign in candidates:
                    if (race := self._race(key, body, assign)) is not None and race.row.text not in told:
                        told.add(race.row.text)
                        yield race

    @staticmethod
    def _may_race(assign: Assign) -> bool:
        base, _, name = assign.target.rpartition(".")
        return bool(base) and name.isidentifier() and base[0] in "%#("

    def _race(self, key: FunctionKey, body: Body, assign: Assign) -> Race | None:
        base, _, name = assign.target.rpartition(".")
        computed = self._is_computed(body, assign)
        checks = [] if computed else list(_checks(self._project.transactions.indexed(key), assign))
        if (not computed and not checks) or is_deferred(body, assign.block):
            return None
        row = self._rows.row(key, base) or self._holders.handed_row(key, base)
        if row is None or row.origin is Origin.FRESH or self._is_versioned(row):
            return None
        field = row.model.fields.get(name)
        if field is None or (computed and (_STAMPS.search(name) or (_ATTEMPTS.search(name) and not self._is_asked_for(key)))):
            return None
        indexed = self._project.transactions.indexed(key)
        if any(value == "None" for name_of in _KEYS for value in indexed.values.get(f"{base}.{name_of}", ())):
            return None  # a copy, which is inserted
        before = indexed.before(assign.line)
        if self._locks.held(key, before) or self._stands_in_unique_key(row, field) or self._is_lone_job(key, body, assign, name):
            return None
        save = self._saved(key, body, row, name, before)
        if save is None or indexed.settled_before(assign, lambda text: self._comes_from(indexed, text, assign)):
            return None
        holder = self._holders.of(key, row, assign.block) if self._is_handed(row) else None
        if holder is None and row.origin is not Origin.LOADED:
            return None
        if computed:
            mendable = is_computable(indexed, assign, row, field)
            minor = _PLACES.search(name) is not None or field.kind.endswith(_TEXTS) or self._unread.is_never_read(key, row.model, name, assign)
            minor = minor or any(_STAFF.search(path) is not None for path in (key[0], holder.key[0] if holder is not None else ""))
            minor = minor or self._project.growing.is_by_clock(key)
            return Race(key, Kind.COMPUTED, row, field, assign, save, None, mendable, holder, minor)
        once = next((one for check in checks if (one := self._done_once(key, body, check, row, assign)) is not None), None)
        if once is None:
            return None
        minor = _TELLS.search(once.callee) is not None or (OF_ONE.search(row.model.name) is not None and self._is_of_task(key))
        return Race(key, Kind.CHECKED, row, field, assign, save, once, False, holder, minor)

    def _is_of_task(self, key: FunctionKey) -> bool:
        """A worker runs it, which was sent there for this row: a second one is only sent if the first is lost."""
        found = self._project.reached_from(key)
        return found is not None and found[0].kind is EntryKind.TASK

    def _is_asked_for(self, key: FunctionKey) -> bool:
        found = self._project.reached_from(key)
        return found is not None and found[0].kind in (EntryKind.ROUTE, EntryKind.WEBSOCKET)

    @staticmethod
    def _is_handed(row: Row) -> bool:
        return row.origin is Origin.SELF or (row.origin is Origin.GIVEN and row.text.lstrip("%").isidentifier())

    @staticmethod
    def _comes_from(indexed: Indexed, text: str, assign: Assign) -> bool:
        return any(own in part for part in indexed.made_of(text) for own in owns(assign))

    def _stands_in_unique_key(self, row: Row, field: Field) -> bool:
        """Two rows cannot have the same value: whoever comes second fails."""
        table = self._project.schema.table(row.model.table)
        return table is not None and any(index.unique and any(key.column == field.column for key in index.keys) for index in table.indexes)

    def _is_lone_job(self, key: FunctionKey, body: Body, assign: Assign, name: str) -> bool:
        """A job that goes through rows, and is the only one that writes the column: nobody else can be in between but itself."""
        if not any(block.kind is BlockKind.FOR for _, block in around(body, assign.block)):
            return False
        found = self._project.reached_from(key)
        if found is not None and found[0].kind is not EntryKind.TASK:
            return False
        return not any(
            module.role is Role.APPLICATION and index and (module.path, index) != key and _writes_column(body, name)
            for module, index, _, body in self._project.functions()
        )

    # -- computed ----------------------------------------------------------------------------------

    def _is_computed(self, body: Body, assign: Assign) -> bool:
        """The new value is computed from the old one of the same row."""
        if assign.augmented:
            return assign.operator in _OPERATORS
        return _is_derived(body, assign.value, owns(assign))

    def _is_versioned(self, row: Row) -> bool:
        """Whoever saves an old row is refused."""
        if any(field.kind.endswith(_VERSIONS) for field in row.model.fields.values()):
            return True
        if row.model.framework is not Framework.SQLALCHEMY:
            return False
        member = self._project.resolver.classes.find(Ref(RefKind.CLASS, "", *row.model.key), "__mapper_args__")
        return member is not None and (isinstance(member[1], int) or "version_id_col" in member[1].value)

    def _saved(self, key: FunctionKey, body: Body, row: Row, name: str, before: int) -> Call | None:
        """The call that writes the attribute back."""
        if row.model.framework is Framework.DJANGO:
            saves = self._project.transactions.indexed(key).saved_after(row.text, before)
            return next((call for _, call in saves if (fields := written_fields(call)) is None or name in fields), None)
        for call in body.calls[before + 1 : before + _FARTHEST]:
            base, _, method = call.callee.rpartition(".")
            if method in _COMMITS and base and ("session" in base.lower() or "db" in base.lower() or self._is_session(key, call)):
                return call
            if method in ("add", "merge") and not set(alternatives(row.text)).isdisjoint(call.args):
                return call
        return None

    def _is_session(self, key: FunctionKey, call: Call) -> bool:
        target = self._project.value(*key, call.callee)
        return target is not None and target.is_external and target.name.startswith(("sqlalchemy.", "sqlmodel."))

    # -- checked -----------------------------------------------------------------------------------

    def _done_once(self, key: FunctionKey, body: Body, check: int, row: Row, assign: Assign) -> Call | None:
        """What the check guards: a row is made, a task or mail sent, another service asked."""
        guarded = body.blocks[check].kind is BlockKind.IF and inside(body, assign.block, check)
        for edge in self._project.calls.edges(key):
            call = edge.call
            if guarded and not inside(body, call.block, check):
                continue
            if not guarded and (call.line <= body.blocks[check].end_line or not _same_way(body, call.block, assign.block)):
                continue
            if call.callee.endswith((".save", ".asave")) and not set(alternatives(row.text)).isdisjoint(alternatives(call.callee.rpartition(".")[0])):
                continue
            if call.callee.endswith((".create", ".acreate", ".bulk_create", ".abulk_create")) and self._is_once(key, edge.number, call):
                return None  # whoever comes second fails here
            if self._acts(edge.target, key, call) and not self._is_kept_apart(key, edge.number):
                return call
        return None

    def _is_kept_apart(self, key: FunctionKey, number: int) -> bool:
        """What is sent is a task that sees to it itself that it runs once at a time."""
        tasks = (one.task for one in self._project.transactions.dispatches.of(key) if one.edge.number == number)
        return any(task is not None and self._locks.is_kept_apart(task) for task in tasks)

    def _acts(self, target: Ref, key: FunctionKey, call: Call) -> bool:
        if target.is_external:
            if call.callee.rpartition(".")[2] in ("create", "acreate", "bulk_create"):
                return bool(self._project.calls.effect(target) & Effect.DATABASE_WRITE)
            return bool(self._project.calls.effect(target) & (Effect.QUEUE | Effect.MAIL))
        if target.kind is RefKind.FUNCTION and target.function != key:
            direct = self._project.calls.direct(target.function, Aspect.ALL)
            inner = self._project.calls.body(target.function).calls
            made = [number for number, one in enumerate(inner) if one.callee.endswith((".objects.create", ".objects.acreate"))]
            return bool(direct & (Effect.QUEUE | Effect.MAIL)) or any(not self._is_once(target.function, number, inner[number]) for number in made)
        return False

    def _is_once(self, key: FunctionKey, number: int, call: Call) -> bool:
        """A unique key keeps a second such row out."""
        if call.callee.endswith("bulk_create"):
            made = self._project.value(*key, call.callee.partition(".")[0])
            rows = [one for one in self._project.calls.body(key).calls[:number] if made is not None and self._project.value(*key, one.callee) == made]
            return made is not None and bool(rows) and all(self._fills_unique_key(made.function, one) for one in rows)
        model = self._project.loads.django.instance(*key, f"#{number}") if self._project.loads.uses_django else None
        return model is not None and self._fills_unique_key(model, call)

    def _fills_unique_key(self, model: ClassKey, call: Call) -> bool:
        mapped = self._project.schema.mapped.get(model)
        table = self._project.schema.table(mapped.table) if mapped is not None else None
        if mapped is None or table is None:
            return False
        names = {name for name, _ in call.keywords}
        given = {field.column for field in mapped.fields.values() if field.name in names} | names | {f"{name}_id" for name in names}
        return unique_within(table, given, partial=True) is not None


def _writes_column(body: Body, name: str) -> bool:
    """The function writes the column of a row that it has not made itself."""
    own = f".{name}"
    made = {f"#{number}" for number, call in enumerate(body.calls) if _MAKES.search(call.callee)}
    return any(assign.target.endswith(own) and assign.target.removesuffix(own) not in made for assign in body.assigns) or any(
        word == name and call.callee.endswith((".update", ".aupdate", "update_or_create")) for call in body.calls for word, _ in call.keywords
    )


def _is_derived(body: Body, text: str, own: list[str], depth: int = 0) -> bool:
    """Whether a value is a calculation with one of `own`, itself or through functions that calculate."""
    if any(_computes(text, one) for one in own):
        return True
    for number in call_ids(text) if depth < 2 else ():
        call = body.calls[number] if number < len(body.calls) else None
        if call is None or call.callee.rpartition(".")[2] not in _CALCULATES:
            continue
        if any(_is_derived(body, argument, own, depth + 1) for argument in call.args):
            return True
        if not set(own).isdisjoint(call.args) and _computes(text, f"#{number}"):
            return True
    return False


def _computes(text: str, own: str) -> bool:
    """Whether `own` stands beside an operator in a value."""
    if own not in text:
        return False
    quoted = re.escape(own)
    return re.search(rf"(?:{_BEFORE}{quoted}{_AFTER}|{_AFTER}{quoted}(?![\w.\[(]))", text) is not None


def _checks(indexed: Indexed, assign: Assign) -> Iterator[int]:
    """The tests that decide by the attribute's old value whether it is written: around the assignment, or before it with a block that leaves."""
    if assign.value in ("?", "") or assign.augmented:
        return
    body = indexed.body
    own = owns(assign)
    for index, _ in around(body, assign.block):
        block = body.blocks[index]
        if block.kind not in (BlockKind.IF, BlockKind.WITH, BlockKind.TRY):
            break
        if block.kind is BlockKind.IF:
            if any(_asks(block.subject, one) for one in own) and f"not {own[0]}" not in block.subject and not _says_so_again(block.subject, own, assign):
                yield index
            break
    enclosing = set(_same_level(body, assign.block))
    last = bisect.bisect_left(indexed.leaving, assign.line, key=lambda index: body.blocks[index].line)
    for index in indexed.leaving[max(0, last - _MOST_CHECKS) : last]:
        block = body.blocks[index]
        asks = block.end_line < assign.line and block.parent in enclosing and any(_asks(block.subject, one) for one in own)
        if asks and not _says_so_again(block.subject, own, assign, leaves=True):
            yield index


_TEST = lazy_regex(r"\(?(?P<own>[^\s=!()]+) ?(?P<sign>==|!=) ?(?P<other>'[^']*'|\"[^\"]*\"|[\w.]+)\)?")


def _says_so_again(subject: str, own: list[str], assign: Assign, leaves: bool = False) -> bool:
    """The test says the same after the write as before it: whoever comes second passes it with or without a lock."""
    found = _TEST.fullmatch(subject)
    if found is None or found["own"] not in own:
        return False
    held = (assign.value == found["other"]) == (found["sign"] == "==")
    return held != leaves


def _same_level(body: Body, block: int) -> Iterator[int]:
    """The block, and those around it up to the next condition or loop."""
    for index, found in around(body, block):
        yield index
        if found.kind not in (BlockKind.WITH, BlockKind.TRY):
            return


def _asks(subject: str, own: str) -> bool:
    return own in subject and re.search(rf"{re.escape(own)}(?![\w.\[(])", subject) is not None


def _same_way(body: Body, block: int, other: int) -> bool:
    """The one runs whenever the other does, or the other way round."""
    return inside(body, block, other) or inside(body, other, block)
