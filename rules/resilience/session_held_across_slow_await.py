from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Severity
from backend_lint.project import Effect, Project
from backend_lint.project.event_loop import answers_request
from backend_lint.project.held_sessions import Held, held, is_async_session
from backend_lint.project.outliving_sessions import Outliving, outliving


class SessionHeldAcrossSlowAwait(ProjectRule):
    """A database connection stays checked out while something slow is awaited.

    ## What it does

    Finds async functions that run a statement on a session and then, before commit, rollback or close, await an HTTP request, a model, mail or a sleep,
    directly or through other functions of the project. It knows that a dependency which queried the same injected session has taken its connection
    already, that a commit gives it back, and that streamed responses and background tasks use the request's session after the handler has returned.

    ## Why is this bad

    A pool has some 15 connections. A provider that answers in 20 seconds instead of one keeps each of them for 20 seconds, idle in transaction:
    15 users later every other request of the service waits for a connection and times out, health checks included.

    ## Example

    ```python
    import httpx
    from fastapi import Depends, FastAPI
    from sqlalchemy import select
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

    app = FastAPI()
    new_session = async_sessionmaker(create_async_engine("postgresql+asyncpg://db/app"))
    client = httpx.AsyncClient(timeout=30)


    async def get_db():
        async with new_session() as session:
            yield session


    @app.post("/chat/{user}")
    async def chat(user: int, db: AsyncSession = Depends(get_db)):
        history = (await db.execute(select(user))).all()
        answer = await client.post("https://llm.example/complete", json={"history": len(history)})
        answer.raise_for_status()
        return answer.json()
    ```

    ## Use instead

    ```python
    import httpx
    from fastapi import FastAPI
    from sqlalchemy import select
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

    app = FastAPI()
    new_session = async_sessionmaker(create_async_engine("postgresql+asyncpg://db/app"))
    client = httpx.AsyncClient(timeout=30)


    @app.post("/chat/{user}")
    async def chat(user: int):
        async with new_session() as db:
            history = (await db.execute(select(user))).all()
        answer = await client.post("https://llm.example/complete", json={"history": len(history)})
        answer.raise_for_status()
        return answer.json()
    ```

    ## When this is wrong

    A consumer that takes one message after the other holds one connection, whoever waits: outside of requests this is shown in the strict profile only.
    The engine runs in autocommit with `NullPool` behind a transaction pooler, or a lock must be kept over the call on purpose.

    ## References

    - [SQLAlchemy: when a session takes and returns its connection](https://docs.sqlalchemy.org/en/20/orm/session_basics.html)
    - [fastapi/fastapi#3205](https://github.com/fastapi/fastapi/issues/3205)
    """

    severity, precision, since = Severity.WARNING, "high", "0.1"
    tags = ("async", "performance", "database")

    def check(self, project: Project) -> Iterator[Finding]:
        outlived = list(outliving(project))
        users = {one.user for one in outlived}
        for kept in held(project):
            if kept.function not in users and (answers_request(project, kept.function) or self.shows(Profile.STRICT)):
                yield self._kept(project, kept)
        for one in outlived:
            yield self._outlived(project, one)

    def _kept(self, project: Project, one: Held) -> Finding:
        path, index = one.function
        function = project.modules[path].functions[index]
        slow = one.way[-1].edge.target.name
        through = "" if len(one.way) == 1 else f" (through {project.calls.label(one.way[1].function)})"
        if one.taken is not None:
            since = Evidence(path, one.taken.line, "the session takes its connection from the pool here")
        else:
            assert one.provider is not None
            label = project.calls.label(one.provider)
            since = Evidence(one.provider[0], project.calls.head(one.provider).line, f"{label} has queried the same injected session")
        name = _name(one.session)
        cost = "enough sleepers drain" if one.way[-1].effect & Effect.SLEEP else "a slow answer drains"
        return self.finding(
            path,
            one.edge.call,
            f"{name} in {function.name} keeps its database connection while {slow} is awaited{through}, {cost} the pool for all requests; "
            "commit or close the session before, and open it again after",
            symbol=function.name,
            evidence=(since, *project.calls.evidence(one.way[1:])),
            suggestion=_cure(project, one),
        )

    def _outlived(self, project: Project, one: Outliving) -> Finding:
        path, index = one.function
        function = project.modules[path].functions[index]
        user, name = project.calls.label(one.user), _name(one.session)
        if one.streams:
            message = (
                f"{user} streams with the request's {name}: a connection is kept as long as the client reads, or used after its close; "
                "open a session inside the generator"
            )
        else:
            message = f"{user} gets the request's {name} but runs after the response, on a session that is held or closed; open a session inside the task"
        return self.finding(
            path,
            one.call,
            message,
            symbol=function.name,
            evidence=(Evidence(one.user[0], project.calls.head(one.user).line, f"{user} is defined here"),),
            suggestion="async with new_session() as session: ...",
        )


def _cure(project: Project, one: Held) -> str:
    name = _name(one.session)
    if name == "the session":
        return "end the session's block before the call"
    return f"{'await ' if is_async_session(project, one.function, one.session) else ''}{name}.commit()"


def _name(session: str) -> str:
    return session[1:] if session.startswith("%") else "the session"
