"""Who runs a loop: a request, a job, somebody at a terminal, the admin's own pages."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from backend_lint.api import Evidence, Role
from backend_lint.facts.python import BlockKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.entries import STARTED
from backend_lint.project.references import RefKind

if TYPE_CHECKING:
    from backend_lint.facts.python import Body
    from backend_lint.project import Project
    from backend_lint.project.schema.mapping import ClassKey

_ADMIN = ("django.contrib.admin.", "sqladmin.", "flask_admin.", "unfold.admin.", "import_export.", "reversion.admin.", "guardian.admin.")
_AT_A_TERMINAL = ("/commands.py", "/cli.py", "/manage.py", "/scripts.py")
_ONCE = lazy_regex(
    r"(?:^|/)(?:(?:\w+_)?migrations?|data_migrations|backfills?|populate\w*|fixes|import_\w+|(?:\w+_)?(?:seeds?|seeders?|fixtures?|factories)|seed_\w+|demos?|demo_\w+"
    r"|(?:\w+_)?(?:test|sample|demo|example|dummy|fake|mock|seed)_?data(?:_\w+)?)(?:/|\.py$)"
)
"""Code that runs once, or now and then, and what makes data for tests and shows."""
_ONCE_CALLED = lazy_regex(
    r"/management/commands/(?:\w*[_-])?(?:migrate|backfill|convert|fix|repair|normali[sz]e|merge|rename|import|load|create|populate|seed|reset|dump)[_-]\w"
)
"""Commands that somebody runs by hand, once."""
_OF_ONE = frozenset("put patch delete update partial_update destroy perform_update perform_destroy".split())
"""Handlers of requests for one thing that is changed or removed."""
_FOR_TESTS = lazy_regex(r"(?:^|/)(?:testing|tests?_?(?:utils?|helpers?|support))(?:/|\.py$)")
_NAMED_SO = lazy_regex(r"(?:^|[_.])(?:(?:post|pre)_migrate|backfill|seed)(?:_|$)")
"""Functions that run once with a migration, or fill a new database."""
_STAFF = lazy_regex(
    r"(?i:(?<![a-z])(?:is_?)?(?:admin|staff|superuser|manager)(?:_?(?:user|member))?(?:_?(?:required|only|permission)|$|\W))"
    r"|[a-z](?<!Or)(?:Admin|Staff|SuperUser|Superuser)(?:User|Member|Only|Permission)?s?(?:OrReadOnly|Only)?(?:Mixin)?$"
)
_NO_STAFF = r"\(not [%#\w.\[\]']*\bis_(?:staff|super_?user|(?:super|site|global)?_?admin)(?:\(\))?\)"
_STAFF_USER = lazy_regex(rf"{_NO_STAFF}|\({_NO_STAFF}(?: and {_NO_STAFF})+\)")
_CALLED = lazy_regex(r"#(\d+)(?![\w.\[])")
_REFUSAL = lazy_regex(r"403|[Ff]orbidden|FORBIDDEN|\bredirect$|Redirect|[Dd]enied|\babort$")
_STAFF_PATH = lazy_regex(r"(?:^|/)(?:\w+-)?(?:admin|administration|staff|superuser|backoffice)(?:/|$)", re.IGNORECASE)
_ASIDE = ("/conftest.py",)


def is_aside(project: Project, key: FunctionKey) -> bool:
    """Code whose cost nobody minds: the admin's pages, migrations outside of their usual folder."""
    return runs_once(project, key[0]) or _NAMED_SO.search(project.calls.head(key).name) is not None or _is_admin(project, key)


def runs_once(project: Project, path: str) -> bool:
    """Code that runs once, or now and then: migrations outside of their usual folder, seeds, fixtures, sample data, helpers of tests."""
    if ("/" + path).endswith(_ASIDE) or _is_migration(project, path):
        return True
    inner = path.removeprefix(project.main_folder)
    return any(one.search(path) and one.search(inner) for one in (_ONCE, _ONCE_CALLED, _FOR_TESTS))


def _is_admin(project: Project, key: FunctionKey) -> bool:
    """The admin's pages."""
    path, function = key
    if ("/" + path).endswith("/admin.py") or "/admin/" in "/" + path:
        return True
    scope = function
    module = project.modules[path]
    while scope > 0 and module.functions[scope].owner < 0:
        scope = module.functions[scope].scope
    if scope <= 0:
        return False
    names = [base.name for base in project.resolver.classes.ancestors(path, module.functions[scope].owner) if base.kind is RefKind.EXTERNAL]
    return any(name.startswith(_ADMIN) for name in names)


@functools.lru_cache(maxsize=4096)
def _migrates(module: str, member: str) -> bool:
    return module.partition(".")[0] == "alembic" or (module == "django.db" and member == "migrations")


def _is_migration(project: Project, path: str) -> bool:
    return any(_migrates(one.module, one.member) for one in project.modules[path].facts.imports)


def is_seldom(project: Project, key: FunctionKey) -> bool:
    """Nothing is known to run it, or only a request that changes or removes one thing."""
    found = project.reached_from(key)
    return found is None or found[0].name.rpartition(".")[2] in _OF_ONE


def is_for_staff(project: Project, key: FunctionKey, view: ClassKey | None = None) -> bool:
    """Only administrators get to the route that runs it: a guard, a decorator or the path says so. `view`: the class whose routes they are."""
    found = project.reached_from(key) if key[1] > 0 else None
    at = (found[0].module, found[0].function) if found is not None else key
    if at[1] > 0 and (any(_STAFF.search(text) for text in project.calls.head(at).decorators) or _turns_others_away(project.calls.body(at))):
        return True
    routes = [one for one in project.routes if (view is not None and one.owner == view) or (one.module, one.function) == at]
    return bool(routes) and all(_STAFF_PATH.search(one.path) or any(_STAFF.search(guard.name) for guard in one.guards) for one in routes)


def _turns_others_away(body: Body) -> bool:
    """``if not request.user.is_superuser: raise`` on the way to all that the handler does; all that is asked beside it are signs of staff too."""
    refused = {number for number, call in enumerate(body.calls) if any(map(_REFUSAL.search, (call.callee, *call.args, *dict(call.keywords).values())))}
    ends = {one.block for one in body.raises} | {one.block for one in body.returns if one.value in {f"#{number}" for number in refused}}
    for number, block in enumerate(body.blocks):
        if block.kind is BlockKind.IF and block.parent == 0 and number in ends:
            test = _CALLED.sub(lambda found: f"{body.calls[int(found.group(1))].callee}()", block.subject)
            if _STAFF_USER.fullmatch(test):
                return True
    return False


def reached_from(project: Project, key: FunctionKey) -> tuple[tuple[Evidence, ...], bool]:
    """Where the function is entered from, as evidence; and whether only somebody at a terminal waits for it."""
    found = project.reached_from(key)
    soft = project.modules[key[0]].role is not Role.APPLICATION or ("/" + key[0]).endswith(_AT_A_TERMINAL)
    if found is None:
        return (), soft
    entry, way = found
    if entry.hook:
        return (), soft  # of which handler is not known
    line = Evidence(entry.module, entry.line, f"reached from {entry.said}" if way else f"{entry.name} is a {entry.kind}")
    return (line,), soft or entry.kind in STARTED
