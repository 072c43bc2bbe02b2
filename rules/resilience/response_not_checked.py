from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from backend_lint.api import Evidence, Finding, Mends, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.response_checks import unchecked_responses
from backend_lint.project.statement_edits import bound_call, with_first, with_next

if TYPE_CHECKING:
    import libcst


class ResponseNotChecked(ProjectRule, Mends):
    """The content of an HTTP response is used and nobody looks at its status.

    ## What it does

    Finds responses of `requests`, `httpx` and `aiohttp` whose body is read although neither `raise_for_status()` nor `status_code`, `ok` or the like is
    looked at in the function, nothing in the answer itself is tested, and the response is not handed on.

    The fix calls `raise_for_status()` where the response gets its name. A bad status then raises at once what says so, where an error page was read
    until now. It is unsafe: a caller that means to read the body of an error answer gets an exception. A response that has no name is left to you.

    ## Why is this bad

    An error page is a response too. Its body is parsed as if it were the answer: at best a confusing `KeyError` or JSON error far from the cause, at worst
    an error message that is stored as data.

    ## Example

    ```python
    import requests


    def rate(currency: str) -> float:
        response = requests.get(f"https://rates.example/{currency}", timeout=5)
        return response.json()["rate"]
    ```

    ## Use instead

    ```python
    import requests


    def rate(currency: str) -> float:
        response = requests.get(f"https://rates.example/{currency}", timeout=5)
        response.raise_for_status()
        return response.json()["rate"]
    ```

    ## When this is wrong

    The other side answers with a useful body whatever the status, and the caller knows how to read it.

    ## References

    - [requests: response status codes](https://requests.readthedocs.io/en/latest/user/quickstart/#response-status-codes)
    - [httpx: exceptions](https://www.python-httpx.org/quickstart/#exceptions)
    """

    severity, precision, since = Severity.INFO, "high", "0.1"
    profile = "strict"
    fix = "unsafe"
    mends = ("SimpleStatementLine", "With")
    tags = ("error-handling", "cwe:252")

    def check(self, project: Project) -> Iterator[Finding]:
        for found in unchecked_responses(project):
            module = project.modules[found.path]
            if module.role not in self.roles:
                continue
            yield self.finding(
                found.path,
                found.call,
                f"response of `{found.name}` is used without a look at its status; call `raise_for_status()` first",
                symbol=module.functions[found.function].name,
                evidence=(Evidence(found.path, found.used, "content is used here"),) if found.used != found.call.line else (),
                suggestion=f"{found.local}.raise_for_status()" if found.local else "",
            )

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | libcst.FlattenSentinel[Any] | None:
        name = finding.suggestion.partition(".")[0]
        if bound_call(node, name) is None:
            return None
        return with_next(node, finding.suggestion) or with_first(node, finding.suggestion)
