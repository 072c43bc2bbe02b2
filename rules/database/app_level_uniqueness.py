from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role, Severity
from backend_lint.facts.python import Call
from backend_lint.facts.route import EntryKind
from backend_lint.project import Project
from backend_lint.project.loading.reach import is_for_staff
from backend_lint.project.natural_keys import constants, constraint_on, is_natural_key
from backend_lint.project.registered import is_scheduled
from backend_lint.project.rival_keys import several_expected
from backend_lint.project.uniqueness import Taken, looks_before_inserts
from backend_lint.sql.keys import is_part_of_unique, may_be_unique, unique_within
from backend_lint.sql.selectivity import few_values


class AppLevelUniqueness(ProjectRule):
    """Code looks whether a row exists before it inserts one, and no constraint backs it.

    ## What it does

    Finds a lookup by equality whose outcome decides whether a row with the very same values is inserted, or refused with words such as "already exists",
    where no unique constraint, unique index or primary key of the table lies within the compared columns. Code that holds a lock is left alone, and so are
    commands and scheduled jobs, rows that are many by design, lookups that expect several, and those that are no key: names of persons, titles. Where a
    constraint does back it, a handler of requests that inserts what it did not find and does not expect the conflict is an information: the second fails.

    The default profile speaks where requests to known routes, or messages that something sends, insert the row that they did not find. `strict` adds lookups
    that end in a refusal only, or ask for a flag or a value written in the code as well, code of which it is not known who runs it, and the information.

    ## Why is this bad

    Two requests at the same time both see that there is none, and both insert. A double click on the button is enough.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Customer(models.Model):
        email = models.CharField(max_length=200, db_index=True)

        class Meta:
            app_label = "shop"


    def register(email: str) -> None:
        if not Customer.objects.filter(email=email).exists():
            Customer.objects.create(email=email)
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Customer(models.Model):
        email = models.CharField(max_length=200, unique=True)

        class Meta:
            app_label = "shop"


    def register(email: str) -> None:
        Customer.objects.get_or_create(email=email)
    ```

    ## When this is wrong

    Doubles do no harm, or only one process ever inserts.

    ## References

    - [PostgreSQL: unique constraints](https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-UNIQUE-CONSTRAINTS)
    """

    severity, precision, since = Severity.WARNING, "high", "0.2"
    fix = "patch"
    tags = ("database", "concurrency", "cwe:362")
    reads = frozenset({Role.MIGRATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for taken in looks_before_inserts(project):
            if may_be_unique(taken.table, taken.columns) or is_part_of_unique(taken.table, taken.columns):
                project.note_unknown(self.name)
            elif not taken.table.managed or _is_alone(project, taken):
                continue
            elif unique_within(taken.table, (*taken.columns, *taken.derived, *taken.settled), partial=True) is None:
                # a foreign key that is not unique says that a parent has several children
                key = is_natural_key(taken) and not any(key.columns == taken.columns for key in taken.table.foreign_keys)
                if key and self.shows(Profile.DEFAULT if _is_sure(project, taken) else Profile.STRICT):
                    yield self._finding(project, taken)
            elif not self.shows(Profile.STRICT):
                continue
            elif taken.make is not None and not taken.caught and _by_request(project, taken) and not project.answers.is_out(taken.site):
                yield self._collision(taken, taken.make)

    def _collision(self, taken: Taken, make: Call) -> Finding:
        names = ", ".join(f"`{column}`" for column in taken.columns)
        return self.finding(
            taken.site.path,
            taken.site,
            f"two requests at once both find no row of `{taken.table.name}` with this {names}, and the second insert fails; insert on conflict, or catch it",
            symbol=taken.site.symbol,
            evidence=(Evidence(taken.site.path, make.line, "inserts the row that was not found"),),
            severity=Severity.INFO,
        )

    def _finding(self, project: Project, taken: Taken) -> Finding:
        table, site = taken.table, taken.site
        entry = project.answers.reached_from(site)
        who = "messages" if entry is not None and entry.kind in (EntryKind.TASK, EntryKind.CONSUMER) else "requests"
        names = ", ".join(f"`{column}`" for column in taken.columns)
        evidence = [Evidence(site.path, taken.make.line, "inserts the row that was not found")] if taken.make is not None else []
        go = project.places.indexes_go(table)
        evidence.append(Evidence(go.path, go.line, constraint_on(project, taken)))
        return self.finding(
            site.path,
            site,
            f"two {who} at once both find no row of `{table.name}` with this {names}, and both insert; add a unique constraint",
            symbol=site.symbol,
            evidence=evidence,
        )


def _is_sure(project: Project, taken: Taken) -> bool:
    """Requests or messages come here two at a time, what is compared is all that tells one row from another, and nothing else inserts rows without a look."""
    alone = project.growing.made_in.get(taken.table.name, frozenset()) <= {(taken.site.path, taken.site.function)}
    entry = project.answers.reached_from(taken.site)
    if entry is not None and entry.kind is EntryKind.TASK:
        return False  # what fills tables from files or other services runs alone as a rule
    at_once = alone and project.answers.is_awaited(taken.site) and not is_for_staff(project, (taken.site.path, taken.site.function))
    kinds = any((column := taken.table.column(name)) is not None and few_values(column) for name in taken.columns)
    return at_once and taken.make is not None and not constants(taken.site.query) and not kinds and not several_expected(project, taken.table)


def _by_request(project: Project, taken: Taken) -> bool:
    entry = project.answers.reached_from(taken.site)
    return entry is not None and entry.kind in (EntryKind.ROUTE, EntryKind.WEBSOCKET)


def _is_alone(project: Project, taken: Taken) -> bool:
    """One process at a time does this, or none."""
    entry = project.answers.reached_from(taken.site)
    return project.answers.is_idle(taken.site.path, taken.site.function) or (entry is not None and is_scheduled(project, entry))
