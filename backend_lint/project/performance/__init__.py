"""What was measured, joined with the code: endpoints with routes, statements with queries, connections with the servers that hold them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from backend_lint.facts.condition import Condition
from backend_lint.facts.performance import Measurements, Run

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.performance.capacity import Capacity, Holder
    from backend_lint.project.performance.databases import Demand, Limit
    from backend_lint.project.performance.endpoints import Endpoints
    from backend_lint.project.performance.prerequisites import Want
    from backend_lint.project.performance.regressions import Change
    from backend_lint.project.performance.statements import Timed


class Performance:
    """Answers for one project, each worked out when it is first asked for."""

    def __init__(self, project: Project, known: Measurements) -> None:
        self.project = project
        self.known = known

    @functools.cached_property
    def endpoints(self) -> Endpoints:
        """What load tests say of each route."""
        from backend_lint.project.performance.endpoints import mapped

        return mapped(self.known, self.project.routes)

    @functools.cached_property
    def timed(self) -> tuple[Timed, ...]:
        """The statements of the application, slowest first; places and causes are looked for where a statement is too slow."""
        from backend_lint.project.performance.statements import Statements, Timed, of_application

        times = sorted(of_application(self.known.statements, self.project), key=lambda one: (-max(one.mean_ms, one.p95_ms or 0.0), one.text))
        finder: Statements | None = None
        found = []
        for time in times:
            if max(time.mean_ms, time.p95_ms or 0.0) >= self.known.targets.query_ms:
                finder = finder or Statements(self.project)
                found.append(finder.timed(time))
            else:
                found.append(Timed(time, (), (), ()))
        return tuple(found)

    @functools.cached_property
    def holders(self) -> tuple[Holder, ...]:
        """The servers of production, the one that holds most connections first."""
        return self._capacity.holders()

    @functools.cached_property
    def _capacity(self) -> Capacity:
        from backend_lint.project.performance.capacity import Capacity

        return Capacity(self.project)

    @functools.cached_property
    def demand(self) -> Demand | None:
        """The connections that the servers of production open to their database, and how many it allows."""
        from backend_lint.project.performance.databases import demand

        return demand(self.project, self._capacity, self.holders)

    @functools.cached_property
    def pooler_overflow(self) -> tuple[Limit, Limit] | None:
        """A pooler that opens more connections than the database allows: both sides."""
        from backend_lint.project.performance.databases import pooler_overflow

        return pooler_overflow(self._capacity.manifests)

    @functools.cached_property
    def wants(self) -> tuple[Want, ...]:
        """What keeps the service from being up when one machine is not."""
        from backend_lint.project.performance.prerequisites import wants

        return wants(self.project)

    @functools.cached_property
    def changes(self) -> tuple[Change, ...]:
        """Endpoints beside their baseline."""
        from backend_lint.project.performance.regressions import changes

        return tuple(changes(self.endpoints.rows, self.known.baseline or {}, self.known.targets.min_requests))

    @functools.cached_property
    def runs(self) -> Mapping[str, Run]:
        """What a baseline keeps of the rows."""
        from backend_lint.project.performance.regressions import run_of

        found = {row.label: run_of(row) for row in self.endpoints.rows}
        return {label: run for label, run in sorted(found.items()) if run is not None}

    @functools.cached_property
    def verdicts(self) -> tuple[Condition, ...]:
        """What each target that is asked for comes to."""
        from backend_lint.project.performance.verdicts import verdicts

        return tuple(verdicts(self))
