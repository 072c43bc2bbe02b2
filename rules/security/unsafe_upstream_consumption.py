from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.upstream import upstream_uses

_WHAT = {
    "pickle": ("makes objects of any class", "who answers runs code here: take JSON, and check its fields"),
    "code": ("runs it as code", "who answers decides what happens here: take data, not code"),
    "command": ("makes it part of a command", "who answers runs commands here: give the arguments as a list, without a shell"),
    "template": ("makes it a template", "who answers runs code here: give it to a template of your own as a value"),
    "sql": ("puts it into the text of a statement", "who answers writes SQL here: give it as a parameter"),
}


class UnsafeUpstreamConsumption(ProjectRule):
    """What another service answers is trusted as if it were code of this one.

    ## What it does

    Follows answers of `requests`, `httpx` and `urllib` within a function, and reports where one is unpickled or loaded by an unsafe YAML loader, evaluated,
    made part of a shell command, of a template or of the text of a statement. Answers of this machine are left alone.

    ## Why is this bad

    The other service is broken into, its name is taken over, or somebody sits on the way. Whoever answers then runs code here.

    ## Example

    ```python
    import pickle

    import requests


    def rates():
        answer = requests.get("https://rates.example/today", timeout=5)
        return pickle.loads(answer.content)
    ```

    ## Use instead

    ```python
    import requests


    def rates():
        answer = requests.get("https://rates.example/today", timeout=5)
        answer.raise_for_status()
        return {name: float(rate) for name, rate in answer.json().items()}
    ```

    ## When this is wrong

    Where the answer is signed, and the signature is checked before it is used.

    ## References

    - [OWASP API10:2023](https://owasp.org/API-Security/editions/2023/en/0xaa-unsafe-consumption-of-apis/)
    - [CWE-502](https://cwe.mitre.org/data/definitions/502.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = Profile.STRICT
    tags = ("cwe:502", "owasp-api:10", "security")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in upstream_uses(project):
            does, cure = _WHAT[found.danger.value]
            message = f"`{found.call.callee}` {does}, and what it is given is what another service answered, {cure}"
            symbol = found.module.functions[found.function].name if found.function else ""
            asked = Evidence(found.module.path, found.asked.line, f"`{found.name}` asks here")
            yield self.finding(found.module.path, found.call, message, symbol=symbol, evidence=[asked])
