"""What a file is for, told by its path and by cheap signs in its bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from backend_lint.facts.file import Role
from backend_lint.lazy_regex import lazy_regex

_TEST_FOLDERS = frozenset(
    "tests test testing unittests unit_tests integration_tests functional_tests e2e testutils test_utils test_helpers".split()
)
_MAYBE_TEST_FOLDERS = frozenset({"regression", "acceptance", "functional", "integration", "qa", "smoke"})
"""Names that application code may have as well: what is in the file decides."""
_TEST_NAMES = frozenset({"conftest.py", "factories.py", "tests.py", "test.py", "pytest_plugin.py"})
_SCRIPT_FOLDERS = frozenset({"scripts", "script", "bin", "docs", "examples", "samples", "benchmarks", "seeds"})
# Names that a package of an application may bear as well: they count at the top of the project only.
_TOP_SCRIPT_FOLDERS = frozenset(
    "tools automation doc example demo demos bench benchmark ci extras hack contrib dev development devtools etc evaluation evals qa load-tests loadtest "
    "documentation devel notebooks notebook "
    ".github .circleci".split()
)
_SCRIPT_NAMES = frozenset({"noxfile.py", "fabfile.py", "dodo.py", "duties.py", "manage.py", "seed.py", "seeds.py"})
_SETTINGS_NAMES = frozenset({"settings.py", "gunicorn.conf.py", "gunicorn_conf.py", "gunicorn_config.py", "celeryconfig.py", "uvicorn_conf.py"})
_ENVIRONMENT_NAMES = "__init__ base ci common core default defaults dev development docker local prod production stage staging test testing"
_ENVIRONMENTS = frozenset(_ENVIRONMENT_NAMES.split())
_SCHEMA_FOLDERS = frozenset(
    "migrations migration migrate migrator schema schemas ddl flyway liquibase initdb initdb.d docker-entrypoint-initdb.d drizzle dbmate goose "
    "changelogs".split()
)
_SCHEMA_NAMES = lazy_regex(
    r"(?:.*[._-])?(?:structure|schemas?|init(?:db|ialize|ial)?|ddl|migrations?|create[_-]?(?:db|tables?|schema)|tables|up|down)(?:[._-].*)?\.sql"
)
_NO_SCHEMA_FOLDERS = frozenset(
    "examples example samples sample demo demos docs doc benchmarks benchmark bench seeds snippets node_modules vendor".split()
)
_MIGRATION = lazy_regex(r"\d{3,5}_\w+\.py")
_GENERATED_SUFFIXES = ("_pb2.py", "_pb2_grpc.py")
_GENERATED = re.compile(rb"^(?:#|//|--|\"\"\"|''')[^\r\n]{0,200}(?:@generated\b|\bDO NOT EDIT\b|\b[Dd]o not edit\b|\bauto-?generated\b)", re.MULTILINE)
_TESTS_INSIDE = (b"def test", b"pytest", b"unittest", b"TestCase", b"doctest", b"fixture")
_ROUTES_INSIDE = (b"APIRouter(", b"Blueprint(", b"\n@router.", b"\n@app.", b"View):", b"ViewSet):", b"MethodView", b"RequestHandler):")
_PACKAGING_INSIDE = (b"setuptools", b"distutils", b"skbuild")


def role_of(path: str, data: bytes = b"") -> Role:
    """The role of the file at `path` (relative to the project root) with the bytes `data`; without them the name alone decides.

    A name alone may deceive: ``test_connection.py`` may be the command that tests a connection, ``setup.py`` the module that sets up tracing,
    ``settings.py`` the routes that change the settings of a user.
    Folders above the project root do not count: a project that lies in a folder called tests is no test.
    """
    folders = path.split("/")
    name = folders.pop()
    lowered = {folder.lower() for folder in folders}
    if name.endswith((".sql", ".prisma")):
        return _role_of_sql(name.lower(), lowered, data)
    if name.endswith(_GENERATED_SUFFIXES) or (data and _is_generated(data[:1000])):
        return Role.GENERATED
    if lowered & _TEST_FOLDERS or name in _TEST_NAMES or any(folder.endswith(("_tests", "-tests")) for folder in lowered):
        return Role.TEST
    maybe_test = lowered & _MAYBE_TEST_FOLDERS or any(folder.startswith(("test_", "tests_", "test-", "tests-")) for folder in lowered)
    if maybe_test and any(sign in data for sign in (*_TESTS_INSIDE, b"selenium", b"Test(")):
        return Role.TEST
    named_test = name.startswith("test_") or name.endswith(("_test.py", "_tests.py"))
    if named_test and (not data or any(sign in data for sign in _TESTS_INSIDE)):
        return Role.TEST
    if "migrations" in lowered and (_MIGRATION.fullmatch(name) or "versions" in lowered or folders[-1:] == ["migrations"]):
        return Role.MIGRATION
    if _MIGRATION.fullmatch(name) and folders and folders[-1].lower().endswith("_migrations"):
        return Role.MIGRATION
    if b"from alembic import op" in data or (lowered & {"migrations", "alembic"} and (lowered & _MIGRATION_PARTS or b"alembic" in data)):
        return Role.MIGRATION
    if "versions" in lowered and ("alembic" in lowered or "migration" in lowered):
        return Role.MIGRATION
    if "commands" in lowered and "management" in lowered:
        return Role.COMMAND
    if name == "setup.py" and (not data or any(sign in data for sign in _PACKAGING_INSIDE)):
        return Role.SCRIPT
    if lowered & _SCRIPT_FOLDERS or any(folder.startswith(".") for folder in folders) or name in _SCRIPT_NAMES:
        return Role.SCRIPT
    if folders and folders[0].lower() in _TOP_SCRIPT_FOLDERS:
        return Role.SCRIPT
    if name in _SETTINGS_NAMES and not any(sign in data for sign in _ROUTES_INSIDE):
        return Role.SETTINGS
    if folders[-1:] == ["settings"] and name.removesuffix(".py") in _ENVIRONMENTS:
        return Role.SETTINGS
    if name in {"cli.py", "__main__.py"} or "cli" in lowered:
        return Role.COMMAND
    return Role.APPLICATION


_MIGRATION_PARTS = {"shared", "helpers", "utils", "util", "lib", "operations"}
"""Folders with what several migrations use."""


def _role_of_sql(name: str, folders: set[str], data: bytes) -> Role:
    """A declaration of tables is a migration wherever it lies, so that nobody takes it for a query; fixtures and samples are none."""
    if folders & (_TEST_FOLDERS | {"fixtures", "testdata", "test-data", "test_data"}) or any(folder.endswith(("_tests", "-tests")) for folder in folders):
        return Role.TEST
    if name.startswith("test_"):
        return Role.TEST
    if folders & _NO_SCHEMA_FOLDERS:
        return Role.SCRIPT
    if folders & _SCHEMA_FOLDERS or _SCHEMA_NAMES.fullmatch(name) or name.endswith(".prisma") or re.match(r"[vubr]?\d|r__", name):
        return Role.MIGRATION
    return Role.MIGRATION if re.search(rb"\bcreate\s+(?:unlogged\s+)?table\b", data[:200_000], re.IGNORECASE) else Role.APPLICATION


def _is_generated(head: bytes) -> bool:
    lowered = head.lower()
    return (b"generated" in lowered or b"not edit" in lowered) and _GENERATED.search(head) is not None


def role_finder(overrides: Mapping[str, Sequence[str]]) -> Callable[[str, bytes], Role]:
    """`role_of`, with the globs of the configuration asked first."""
    if not overrides:
        return role_of
    from backend_lint.engine.globs import matcher

    asked = [(Role(role), matcher(globs)) for role, globs in overrides.items()]

    def find(path: str, data: bytes = b"") -> Role:
        for role, matches in asked:
            if matches(path):
                return role
        return role_of(path, data)

    return find
