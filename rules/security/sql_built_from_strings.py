from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Evidence, Finding, Mends, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.failures import symbol_of
from backend_lint.project.taint.edits import placeholder_of, with_parameters

if TYPE_CHECKING:
    import libcst


class SqlBuiltFromStrings(ProjectRule, Mends):
    """A value is written into the text of an SQL statement.

    ## What it does

    Puts together what f-strings, `+`, `%`, `format` and locals that grow make of a statement that is handed to a database, and reports values in it that
    come from a request, through whatever locals, attributes and calls. Only texts that are statements count. Values whose source is not known are the
    business of `unchecked-sink-value`. The profile `strict` reports values that `format` was to write into a text with `%s`, which it leaves as it is.

    The fix hands the values over as parameters where the statement is put together in the call of a driver's or Django's cursor, and each value stands in
    quotation marks or behind an operator. It is unsafe: a number that was written as text may want a cast.

    ## Why is this bad

    A quotation mark in the value ends the string: the rest of it runs as SQL, and whoever sends it reads and changes any row.

    ## Example

    ```python
    from django.db import connection


    def find(request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM shop_order WHERE code = '%s'" % request.GET["code"])
            return cursor.fetchone()
    ```

    ## Use instead

    ```python
    from django.db import connection


    def find(request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM shop_order WHERE code = %s", [request.GET["code"]])
            return cursor.fetchone()
    ```

    ## When this is wrong

    Where the value was checked in a way that is not seen. Membership tests, validators, numbers, UUIDs, `sql.Identifier` and names of tables and columns
    that do not come from a request are left alone.

    ## References

    - [CWE-89](https://cwe.mitre.org/data/definitions/89.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = Profile.DEFAULT
    fix = "unsafe"
    mends = ("Call",)
    tags = ("cwe:89", "owasp-api:8", "security")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[tuple[str, int, int]] = set()
        for found in project.taint.statements:
            path, function = found.key
            place = (path, found.call.line, function)
            if found.trail is not None and place not in seen and (not found.is_dropped or self.shows(Profile.STRICT)):
                seen.add(place)
                evidence = [Evidence(step.path, step.line, step.text) for step in (*found.trail.steps, *found.run)]
                symbol = symbol_of(project.modules[path].functions[function])
                message = f"`{found.value}` of the request is written into the statement, which lets the caller run SQL: hand it over as a parameter"
                if found.is_dropped:
                    message = f"`format` does not write `{found.value}` of the request into `%s`, `%` would let the caller run SQL: hand it over as a parameter"
                ref = project.value(path, function, found.call.callee)
                sign = placeholder_of(ref.name) if ref is not None and ref.is_external else ""
                cure = f'execute("... {sign} ...", [...])' if sign else ""
                yield self.finding(path, found.call, message, symbol=symbol, evidence=evidence, suggestion=cure)

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        return with_parameters(node, "?" if " ? " in finding.suggestion else "%s") if finding.suggestion else None
