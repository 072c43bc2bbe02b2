from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.units_of_work import commits_outside


class CommitOutsideUnitOfWork(ProjectRule):
    """A function commits a session that the dependency commits which has handed it out.

    ## What it does

    Reports `commit()` on a session that was handed in, where a FastAPI dependency commits after the handler and at least four times as many functions write
    and leave the commit to it. Scripts, commands, migrations and tests are left out.

    ## Why is this bad

    The request was to be all or nothing. After this commit the first half stays when the second half fails, the locks that guarded it are given back, and
    the caller cannot undo what it has called.

    ## Example

    ```python
    from fastapi import Depends
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session, sessionmaker

    new_session = sessionmaker(create_engine("postgresql://db/shop"))


    def get_session():
        with new_session() as session:
            yield session
            session.commit()


    def handler(session: Session = Depends(get_session)):
        pay(session, 1)
    def order(session: Session, row):
        session.add(row)
    def parcel(session: Session, row):
        session.add(row)
    def invoice(session: Session, row):
        session.add(row)
    def coupon(session: Session, row):
        session.add(row)
    def review(session: Session, row):
        session.add(row)
    def pay(session: Session, row):
        session.add(row)
        session.commit()
    ```

    ## Use instead

    ```python
    from fastapi import Depends
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session, sessionmaker

    new_session = sessionmaker(create_engine("postgresql://db/shop"))


    def get_session():
        with new_session() as session:
            yield session
            session.commit()


    def handler(session: Session = Depends(get_session)):
        pay(session, 1)
    def pay(session: Session, row):
        session.add(row)
        session.flush()
    ```

    ## When this is wrong

    Where the first half must stay whatever comes after, such as a note of the attempt: use a session of its own for it.
    """

    severity = Severity.INFO
    precision = "medium"
    since = "0.2"
    profile = Profile.ALL
    automatic = True

    def check(self, project: Project) -> Iterator[Finding]:
        units = commits_outside(project)
        if units is None:
            return
        owner = project.calls.head(units.owner[0])
        for one in units.commits:
            head = project.calls.head(one.function)
            yield self.finding(
                one.function[0],
                one.call,
                f"`{head.name}` commits a session that `{owner.name}` commits at the end of the request, and {units.keeping} other functions leave that to it: "
                "what follows is no longer undone with it; flush instead",
                symbol=head.name,
                evidence=[Evidence(units.owner[0][0], units.owner[1], f"`{owner.name}` commits here what was done with the session it has handed out")],
            )
