from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.persistence import handlers_with_queries


class PersistenceInRoute(ProjectRule):
    """A handler asks the database itself, where the others leave that to services or repositories.

    ## What it does

    Reports a handler that runs a query or commits, in a project with a layer of services or repositories that at least ten times as many handlers go
    through. Refreshing and closing a session do not count.

    ## Why is this bad

    Whoever changes the tables, or adds a rule to every write, looks into the layer that holds the queries, and misses the one that stands in a route. Jobs
    and commands cannot use it.

    ## Example

    ```python
    # path: shop/services/finder.py
    from sqlalchemy import select
    from sqlalchemy.orm import Session


    def find(session: Session, name: str):
        return session.scalars(select(name)).all()
    # path: shop/routes/all.py
    from fastapi import APIRouter
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from shop.services import finder

    router = APIRouter()


    @router.get("/orders")
    def orders(session: Session):
        return finder.find(session, "orders")
    @router.get("/customers")
    def customers(session: Session):
        return finder.find(session, "customers")
    @router.get("/invoices")
    def invoices(session: Session):
        return finder.find(session, "invoices")
    @router.get("/parcels")
    def parcels(session: Session):
        return finder.find(session, "parcels")
    @router.get("/refunds")
    def refunds(session: Session):
        return finder.find(session, "refunds")
    @router.get("/stock")
    def stock(session: Session):
        return finder.find(session, "stock")
    @router.get("/prices")
    def prices(session: Session):
        return finder.find(session, "prices")
    @router.get("/coupons")
    def coupons(session: Session):
        return finder.find(session, "coupons")
    @router.get("/reviews")
    def reviews(session: Session):
        return finder.find(session, "reviews")
    @router.get("/carts")
    def carts(session: Session):
        return finder.find(session, "carts")
    @router.get("/gone")
    def gone(session: Session):
        return session.scalars(select("gone")).all()
    ```

    ## Use instead

    ```python
    # path: shop/services/finder.py
    from sqlalchemy import select
    from sqlalchemy.orm import Session


    def find(session: Session, name: str):
        return session.scalars(select(name)).all()
    # path: shop/routes/all.py
    from fastapi import APIRouter
    from sqlalchemy.orm import Session

    from shop.services import finder

    router = APIRouter()


    @router.get("/gone")
    def gone(session: Session):
        return finder.find(session, "gone")
    ```

    ## When this is wrong

    Where the query belongs to the answer alone, such as the count of a health check. A handler that only ends the transaction of several services is shown
    in the strict profile: somebody has to.
    """

    severity = Severity.INFO
    precision = "high"
    since = "0.2"
    automatic = True

    def check(self, project: Project) -> Iterator[Finding]:
        for one, through in handlers_with_queries(project).direct:
            if one.ends and not self.shows(Profile.STRICT):
                continue
            path = one.handler[0]
            head = project.calls.head(one.handler)
            more = f" and {one.calls - 1} more" if one.calls > 1 else ""
            yield self.finding(
                path,
                one.edge.call,
                f"handler `{head.name}` goes to the database itself (`{one.edge.target.name.rpartition('.')[2]}`{more}), and {through} others leave "
                f"that to the layer below: {'end the transaction' if one.ends else 'move it'} there",
                symbol=head.name,
                evidence=[Evidence(one.other[0], one.service.call.line, f"`{project.calls.head(one.other).name}` calls `{one.service.target.name}`")],
            )
