from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Profile, ProjectRule, Role
from backend_lint.facts.python import Call
from backend_lint.project import Effect, Project, Ref, RefKind, SourceModule
from backend_lint.project.failures import symbol_of

_THREADS = frozenset({"threading.Thread", "threading.Timer", "multiprocessing.Process"})
_LASTING = Effect.DATABASE | Effect.COMMIT | Effect.HTTP | Effect.MAIL


class UnhandledBackgroundFailure(ProjectRule):
    """Work runs in the background, and nobody hears when it fails.

    ## What it does

    Reports a function given to FastAPI's or Starlette's `BackgroundTasks`, to a `threading.Thread` or to a `Timer` that reaches a database, HTTP or mail, and
    has neither a `try` statement nor a decorator that could retry.

    ## Why is this bad

    The client was told that all went well. The work is gone after the first hiccup of the network, and nothing tries again.

    ## Example

    ```python
    import requests
    from fastapi import BackgroundTasks, FastAPI

    app = FastAPI()


    def announce(order):
        requests.post("https://partner.example/orders", json=order, timeout=5)


    @app.post("/orders")
    def place(order: dict, tasks: BackgroundTasks):
        tasks.add_task(announce, order)
        return order
    ```

    ## Use instead

    ```python
    import logging

    import requests
    from fastapi import BackgroundTasks, FastAPI

    app = FastAPI()
    logger = logging.getLogger(__name__)


    def announce(order):
        try:
            requests.post("https://partner.example/orders", json=order, timeout=5)
        except requests.RequestException:
            logger.exception("order %s was not announced", order["id"])


    @app.post("/orders")
    def place(order: dict, tasks: BackgroundTasks):
        tasks.add_task(announce, order)
        return order
    ```

    ## When this is wrong

    Where losing the work now and then is fine. Functions that hand the work to a broker are left alone.

    ## References

    - [Starlette: background tasks](https://www.starlette.io/background/)
    """

    severity, precision, since = "info", "high", "0.1"
    profile = Profile.ALL
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for module in project.modules.values():
            if module.role not in self.roles:
                continue
            for index, body in enumerate(module.bodies):
                for call in body.calls:
                    target = _started(project, module, index, call)
                    if target is None or target.kind is not RefKind.FUNCTION or _is_cared_for(project, target):
                        continue
                    if way := project.calls.reaches(target.function, _LASTING):
                        label = project.calls.label(target.function)
                        message = f"a failure of `{label}` in the background is lost: handle it there, or hand the work to a queue that retries"
                        yield self.finding(module.path, call, message, symbol=symbol_of(module.functions[index]), evidence=project.calls.evidence(way))


def _started(project: Project, module: SourceModule, index: int, call: Call) -> Ref | None:
    """The function that a call starts in the background."""
    last = call.callee.rpartition(".")[2]
    if last == "add_task" and call.args:
        owner = project.value(module.path, index, call.callee)
        if owner is not None and owner.is_external and owner.name.endswith("BackgroundTasks.add_task"):
            return project.value(module.path, index, call.args[0])
    elif last in ("Thread", "Timer", "Process"):
        owner = project.value(module.path, index, call.callee)
        if owner is not None and owner.name in _THREADS:
            given = dict(call.keywords).get("target" if last != "Timer" else "function") or (call.args[1] if len(call.args) > 1 else "")
            return project.value(module.path, index, given) if given else None
    return None


def _is_cared_for(project: Project, target: Ref) -> bool:
    """It handles failures itself, somebody wraps it, or it only hands the work on to a broker."""
    if project.calls.body(target.function).handlers or project.calls.head(target.function).decorators:
        return True
    return bool(project.calls.summary(target.function) & Effect.QUEUE)
