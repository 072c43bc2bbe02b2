from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role, Severity
from backend_lint.facts.schema import Column, Table
from backend_lint.project import Project
from backend_lint.project.value_text import constant_string, parse
from backend_lint.sql.types import is_text

_NUMBERED = re.compile(r"^(.*?[a-z])_?([1-9])$")
_NOT_REPEATED = re.compile(
    r"(?:address|addr|street|line|md|sha|sha_|base|utf|ipv|ip_v|p|v|x|y|z|b|crc|blake|oauth|s|h|iso|iso_\w+|alpha|alpha_|column|col|field|param|arg|custom|"
    r"level|tier|step|lat|lon|color|colour|quarter|q|day|week|month)_?$"
)
_FEWEST = 3
_VALUE_COLUMNS = re.compile(r"^(?:value|val)_?(?:str|string|text|int|integer|float|number|numeric|bool|boolean|date|datetime|json|decimal|char)$")


class UnnormalisedColumns(ProjectRule):
    """One column, or a row of numbered columns, holds what should be rows of a table of their own.

    ## What it does

    Finds three shapes: at least three numbered columns of one type (`phone1`, `phone2`, `phone3`); a text column that the code fills with `",".join(...)`
    and takes apart with `.split(",")`; and a table of attributes with one value column a type (`value_string`, `value_int`, `value_date`).

    ## Why is this bad

    The database cannot index what stands inside a text, nor find a value that may be in any of three columns: each question reads every row. No foreign key
    and no constraint holds the single values, and the fourth one needs a migration.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Customer(models.Model):
        phone1 = models.CharField(max_length=30)
        phone2 = models.CharField(max_length=30)
        phone3 = models.CharField(max_length=30)

        class Meta:
            app_label = "shop"
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Customer(models.Model):
        class Meta:
            app_label = "shop"


    class Phone(models.Model):
        customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
        number = models.CharField(max_length=30)

        class Meta:
            app_label = "shop"
    ```

    ## When this is wrong

    The number of values is fixed by what they mean, such as the lines of an address, or nobody ever searches for one of them.

    ## References

    - [First normal form](https://en.wikipedia.org/wiki/First_normal_form)
    """

    severity, precision, since = Severity.INFO, "medium", "0.2"
    profile = Profile.STRICT
    tags = ("database", "design")
    roles = frozenset({Role.APPLICATION, Role.COMMAND, Role.SETTINGS, Role.MIGRATION})
    reads = frozenset({Role.MIGRATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for table in project.schema.tables.values():
            if not table.managed:
                continue
            yield from self._numbered(project, table)
            values = [column for column in table.columns if _VALUE_COLUMNS.match(column.name)]
            if len(values) >= _FEWEST and table.foreign_keys:
                names = ", ".join(f"`{column.name}`" for column in values)
                message = f"`{table.name}` keeps attributes as rows with one column a type ({names}): no constraint holds them; give them columns, or one jsonb"
                place = project.places.column(table, values[0].name)
                yield self.finding(place.path, place, message, symbol=place.symbol)
        yield from self._lists(project)

    def _numbered(self, project: Project, table: Table) -> Iterator[Finding]:
        groups: dict[tuple[str, str], list[Column]] = {}
        for column in table.columns:
            match = _NUMBERED.match(column.name.lower())
            if match and not _NOT_REPEATED.search(match.group(1)):
                groups.setdefault((match.group(1), column.type), []).append(column)
        for (name, _), columns in groups.items():
            numbers = sorted(int(column.name[-1]) for column in columns)
            if len(columns) >= _FEWEST and numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] <= 1:
                place = project.places.column(table, columns[0].name)
                last = project.places.column(table, columns[-1].name)
                yield self.finding(
                    place.path,
                    place,
                    f"`{table.name}` repeats `{name}` in {len(columns)} columns: a search must ask each of them; give them a table of their own",
                    symbol=place.symbol,
                    evidence=(Evidence(last.path, last.line, f"`{columns[-1].name}` is the last of them"),),
                )

    def _lists(self, project: Project) -> Iterator[Finding]:
        joined: dict[tuple[str, str], Evidence] = {}
        split: dict[tuple[str, str], Evidence] = {}
        for module, index, _, body in project.functions():
            for assign in body.assigns:
                base, _, attribute = assign.target.rpartition(".")
                if ".join(" in assign.value and base and constant_string(assign.value.partition(".join(")[0]) in (",", ";", "|", ", "):
                    joined |= _of(project, module.path, index, base, attribute, Evidence(module.path, assign.line, "filled with join"))
            for call in body.calls:
                if call.callee.endswith(".split") and call.args and constant_string(call.args[0]) in (",", ";", "|", ", "):
                    base, _, attribute = call.callee[:-6].rpartition(".")
                    if base and parse(base) is not None:
                        split |= _of(project, module.path, index, base, attribute, Evidence(module.path, call.line, "taken apart with split"))
        for (name, column), filled in joined.items():
            if (name, column) in split:
                table = project.schema.tables[name]
                place = project.places.column(table, column)
                message = f"`{name}.{column}` keeps a list in one text: no index and no constraint reaches its values; use an array, or a table"
                yield self.finding(place.path, place, message, symbol=place.symbol, evidence=(filled, split[name, column]))


def _of(project: Project, path: str, function: int, base: str, attribute: str, evidence: Evidence) -> dict[tuple[str, str], Evidence]:
    """The text column that an attribute is, with the evidence for it."""
    mapped = project.schema.of(project.value(path, function, base))
    field = mapped.fields.get(attribute) if mapped is not None else None
    table = project.schema.table(mapped.table) if mapped is not None and field is not None else None
    column = table.column(field.column) if table is not None and field is not None else None
    return {(table.name, column.name): evidence} if table is not None and column is not None and is_text(column.type) else {}
