from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Evidence, Finding, Mends, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.loading.advice import loaders
from backend_lint.project.loading.async_reads import AsyncRead, async_reads
from backend_lint.project.loading.edits import with_option
from backend_lint.project.loading.places import declared

if TYPE_CHECKING:
    import libcst

_GIVES = "this query gives the"


class AsyncImplicitLazyLoad(ProjectRule, Mends):
    """A relationship is read that an asynchronous session has not loaded: it fails with MissingGreenlet.

    ## What it does

    Finds objects that an awaited SQLAlchemy query gave and of which a relationship is read, in the same function, a property or a function that they are
    handed to, where neither the statement's options nor the mapping load it. Relationships that `refresh` loads by name are left alone, and so are those to
    one object whose class the session may have loaded already.

    The fix adds the option to a `select(...)` or `get(...)` that stands in the statement that is awaited. It is unsafe: the relationship is then loaded also
    where it is not read in the end.

    ## Why is this bad

    Lazy loading sends a query at the moment the attribute is read. In async code nobody awaits it there, so SQLAlchemy raises `MissingGreenlet`: the request
    fails with a 500, and only where the object was not loaded by chance before.

    ## Example

    ```python
    from sqlalchemy import ForeignKey, select
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


    class Base(DeclarativeBase):
        pass


    class User(Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)
        orders: Mapped[list["Order"]] = relationship()


    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


    async def order_ids(db: AsyncSession, user_id: int) -> list[int]:
        user = (await db.execute(select(User).where(User.id == user_id))).scalar_one()
        return [order.id for order in user.orders]
    ```

    ## Use instead

    ```python
    from sqlalchemy import ForeignKey, select
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload


    class Base(DeclarativeBase):
        pass


    class User(Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)
        orders: Mapped[list["Order"]] = relationship()


    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


    async def order_ids(db: AsyncSession, user_id: int) -> list[int]:
        statement = select(User).where(User.id == user_id).options(selectinload(User.orders))
        user = (await db.execute(statement)).scalar_one()
        return [order.id for order in user.orders]
    ```

    ## When this is wrong

    The session has loaded the relationship of this very object before, in a way that the function does not show.

    ## References

    - [SQLAlchemy: preventing implicit IO when using AsyncSession](https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#asyncio-orm-avoid-lazyloads)
    - [sqlalchemy/sqlalchemy#9627](https://github.com/sqlalchemy/sqlalchemy/discussions/9627)
    """

    severity, precision, since = Severity.ERROR, "high", "0.1"
    profile = "strict"
    automatic = True
    fix = "unsafe"
    mends, around = ("SimpleStatementLine",), True
    tags = ("async", "database", "availability")

    def check(self, project: Project) -> Iterator[Finding]:
        for found in async_reads(project, self.roles):
            yield self._finding(project, found)

    def _finding(self, project: Project, found: AsyncRead) -> Finding:
        read, mapped = found.read, project.schema.mapped
        path = ".".join(read.path)
        owner = mapped[read.owner]
        evidence = [Evidence(place.path, place.line, f"{place.text} reads {path}") for place in read.trail[1:]]
        evidence.append(Evidence(found.key[0], found.query.line, f"{_GIVES} {mapped[found.model].name}, without `{path}`"))
        evidence += declared(project, read)
        loader = "selectinload" if read.many else "joinedload"
        option = f".options({loader}({owner.name}.{read.relation.name}))"
        return self.finding(
            found.key[0],
            read.trail[0],
            f"`{path}` of `{mapped[found.model].name}` is not loaded and an AsyncSession cannot load it here (MissingGreenlet); "
            f"add `{option}` to the query",
            symbol=project.calls.head(found.key).name,
            evidence=tuple(dict.fromkeys(evidence)),
            suggestion=option if len(read.path) == 1 else "",
        )

    def lines(self, finding: Finding) -> tuple[int, int]:
        line = next(one.line for one in finding.evidence if one.message.startswith(_GIVES))
        return line, line

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        model = finding.suggestion.partition("load(")[2].partition(".")[0]
        return with_option(node, model, finding.suggestion) if model else None

    def imports_for(self, finding: Finding) -> tuple[str, ...]:
        return loaders(finding.suggestion)
