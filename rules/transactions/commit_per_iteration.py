from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Severity
from backend_lint.project import Project


class CommitPerIteration(ProjectRule):
    """One operation commits once for each of its items.

    ## What it does

    Finds `commit()` in every round of a loop that writes, in code that a request reaches. Batches that commit under a condition, functions whose names say
    that they work in batches, jobs and commands are left alone: there a commit is a checkpoint.

    ## Why is this bad

    If the seventh of ten items fails, six are written and the caller is told that it failed. Repeating the request writes the six again. Each commit also
    waits for the disk.

    ## Example

    ```python
    from fastapi import FastAPI
    from sqlalchemy import create_engine
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

    app = FastAPI()
    engine = create_engine("postgresql+psycopg://db/shop")


    class Base(DeclarativeBase):
        pass


    class Line(Base):
        __tablename__ = "lines"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str]


    @app.post("/lines")
    def add_lines(texts: list[str]) -> None:
        with Session(engine) as session:
            for text in texts:
                session.add(Line(text=text))
                session.commit()
    ```

    ## Use instead

    ```python
    from fastapi import FastAPI
    from sqlalchemy import create_engine
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

    app = FastAPI()
    engine = create_engine("postgresql+psycopg://db/shop")


    class Base(DeclarativeBase):
        pass


    class Line(Base):
        __tablename__ = "lines"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str]


    @app.post("/lines")
    def add_lines(texts: list[str]) -> None:
        with Session(engine) as session:
            for text in texts:
                session.add(Line(text=text))
            session.commit()
    ```

    ## When this is wrong

    Each item is an operation of its own, and the answer says which of them were done.

    ## References

    - [SQLAlchemy: when do I construct a session, when do I commit it](https://docs.sqlalchemy.org/en/20/orm/session_basics.html)
    """

    severity, precision, since = Severity.INFO, "medium", "0.3"
    profile = "all"
    tags = ("database", "consistency", "performance")

    def check(self, project: Project) -> Iterator[Finding]:
        for one in project.transactions.loop_commits:
            yield self.finding(
                one.key[0],
                one.commit,
                "every round of the loop commits: if one fails, those before it stay written; commit once, after the loop",
                symbol=project.calls.head(one.key).name,
                evidence=(Evidence(one.key[0], one.write.line, "written here in each round"),),
            )
