from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role, Severity
from backend_lint.facts.route import EntryKind
from backend_lint.project import Project
from backend_lint.project.loading.reach import is_for_staff
from backend_lint.project.natural_keys import constants, constraint_on, is_natural_key, outside_meta
from backend_lint.project.rival_keys import has_other_key, refused_by_other_key, several_expected
from backend_lint.project.schema.sizes import is_set_up
from backend_lint.project.uniqueness import Taken, get_or_creates
from backend_lint.sql.keys import may_be_unique, unique_within

_MOST_COLUMNS = 3
"""Who asks for more describes a row that is one of its kind by chance."""


class GetOrCreateWithoutUnique(ProjectRule):
    """`get_or_create` looks rows up by fields that nothing keeps unique.

    ## What it does

    Joins the lookups of `get_or_create` and `update_or_create` with the table's unique constraints, unique indexes and primary key, after all migrations. It
    reports where none of them lies within the lookups. A constraint with a condition counts, and so does a lookup by a one-to-one relation, and columns that
    every new row fills with the same default. Calls behind which somebody catches `MultipleObjectsReturned` are left alone, and so are commands, of which one
    runs at a time; lookups by a value that was made just before; calls behind a test that looks for the same rows; and lookups that are no key: names of
    persons, titles, long texts, names beside a slug that is unique. It is an error where requests or messages reach the call, and an information where only a
    scheduled job does, or nobody that is known: that is reported from the profile `strict` on, and so are tables that hold what somebody sets up, a second
    call for the same key, calls beside which the table has another unique key, others look for the same rows by other columns, or something catches
    `MultipleObjectsReturned` for the model. Where the call sets another unique column to what follows from the same values, nothing is wrong.

    ## Why is this bad

    Between the look and the insert another request does the same. Without a unique constraint both insert, and from then on every `get_or_create` of that
    row raises `MultipleObjectsReturned`: the error comes under load and stays. With the constraint the second insert fails, and Django fetches the first
    row.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Customer(models.Model):
        email = models.CharField(max_length=200, db_index=True)

        class Meta:
            app_label = "shop"


    def customer(email: str) -> Customer:
        found, _ = Customer.objects.get_or_create(email=email)
        return found
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Customer(models.Model):
        email = models.CharField(max_length=200, unique=True)

        class Meta:
            app_label = "shop"


    def customer(email: str) -> Customer:
        found, _ = Customer.objects.get_or_create(email=email)
        return found
    ```

    ## When this is wrong

    Only one process ever does this, or a lock around it keeps all others out.

    ## References

    - [Django: get_or_create](https://docs.djangoproject.com/en/stable/ref/models/querysets/#get-or-create)
    """

    severity, precision, since = Severity.ERROR, "very-high", "0.2"
    fix = "patch"
    tags = ("database", "concurrency", "cwe:362")
    reads = frozenset({Role.MIGRATION})

    def check(self, project: Project) -> Iterator[Finding]:
        found = list(get_or_creates(project))
        keyed, told = {(taken.table.name, frozenset(taken.columns)) for taken in found}, set[tuple[str, frozenset[str]]]()
        for taken in found:
            if not taken.columns or may_be_unique(taken.table, taken.columns):
                project.note_unknown(self.name)
            elif unique_within(taken.table, (*taken.columns, *taken.settled), partial=True) is not None or _means_more(taken) or not is_natural_key(taken):
                continue
            elif taken.table.managed and not by_hand(project, taken) and not refused_by_other_key(taken):
                keys = sum(name == taken.table.name for name, _ in keyed)
                at = taken.table.name, frozenset(taken.columns)
                if self.shows(Profile.DEFAULT if keys == 1 and at not in told and _is_sure(project, taken) else Profile.STRICT):
                    told.add(at)
                    yield self._finding(project, taken)

    def _finding(self, project: Project, taken: Taken) -> Finding:
        table, site = taken.table, taken.site
        names = ", ".join(f"`{column}`" for column in taken.columns)
        evidence = []
        for column in taken.columns:
            place = project.places.column(table, column)
            evidence.append(Evidence(place.path, place.line, f"`{table.name}.{column}` is not unique"))
        go = project.places.indexes_go(table)
        evidence.append(Evidence(go.path, go.line, constraint_on(project, taken)))
        entry = project.answers.reached_from(site)
        at_once = entry is not None and project.answers.is_awaited(site)
        who = "messages" if entry is not None and entry.kind in (EntryKind.TASK, EntryKind.CONSUMER) else "requests"
        outside = outside_meta(project, taken)
        if outside is not None:
            evidence.append(Evidence(*outside, "`unique_together` stands outside `class Meta` here, where Django does not read it"))
        add = "move its `unique_together` into `class Meta`, where Django reads it" if outside is not None else "add a unique constraint"
        return self.finding(
            site.path,
            site,
            f"two {who if at_once else 'runs'} at once both insert: {names} of `{table.name}` "
            f"{'is' if len(taken.columns) == 1 else 'together are'} not unique, and later calls find both and fail; {add}",
            symbol=site.symbol,
            evidence=evidence,
            severity=None if at_once else Severity.INFO,
        )


def _is_sure(project: Project, taken: Taken) -> bool:
    """Requests or messages come here two at a time, nothing else refuses the second row, and nobody is prepared to find two."""
    site = taken.site
    if len(set(taken.columns) - constants(site.query).keys()) > _MOST_COLUMNS:
        return False
    if not project.answers.is_awaited(site) or is_for_staff(project, (site.path, site.function)):
        return False
    return not is_set_up(taken.table) and not has_other_key(taken) and not several_expected(project, taken.table)


def by_hand(project: Project, taken: Taken) -> bool:
    """Somebody runs it, one at a time, or nobody does."""
    return project.answers.is_idle(taken.site.path, taken.site.function)


def _means_more(taken: Taken) -> bool:
    """The table's own key is wider: rows that are equal in these columns are several on purpose, and a narrower key would refuse them."""
    return any(index.unique and set(taken.columns) < {key.column for key in index.keys} for index in taken.table.indexes)
