"""What a rule author imports: the kinds of rules, findings with their evidence, and fixes.

A rule is a class in a file of its own, ``rules/FAMILY/NAME.py``. Its name is the file's name with dashes, its family the folder's; neither is
typed again. Its docstring is its page. It is a pure function of what it is handed: no state between calls, no disk, no process.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from backend_lint.facts.file import Kind, Role

if TYPE_CHECKING:
    import libcst

    from backend_lint.facts.report import Report

__all__ = [
    "CstRule",
    "Edit",
    "Evidence",
    "File",
    "Finding",
    "Kind",
    "LocalRule",
    "Mends",
    "NodeRule",
    "Place",
    "Position",
    "Precision",
    "Profile",
    "ProjectRule",
    "ReportRule",
    "Role",
    "Rule",
    "Severity",
    "SqlRule",
]


class Severity(enum.StrEnum):
    """How bad it is when the finding is true."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Precision(enum.StrEnum):
    """How often a finding is true on real code: 95 %, 75 %, half."""

    VERY_HIGH = "very-high"
    HIGH = "high"
    MEDIUM = "medium"


class Profile(enum.StrEnum):
    """The smallest profile that holds the rule: `default` is measured at nine in ten, `strict` at three in four, `all` is opt-in."""

    DEFAULT = "default"
    STRICT = "strict"
    ALL = "all"


class Evidence(msgspec.Struct, frozen=True, order=True):
    """The other side of a join: a place and what is there. `line` is 1-based."""

    path: str
    line: int
    message: str


class Edit(msgspec.Struct, frozen=True):
    """A replacement of the text between two places; lines and columns 1-based, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


class Finding(msgspec.Struct, frozen=True):
    """One place that is wrong. Plain data: it is cached and sent between processes.

    `path` is relative to the project root; lines and columns are 1-based, columns count code points, `end_column` is exclusive.
    `symbol` is the qualified name of the enclosing function or class, empty on module level.
    """

    rule: str
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    severity: Severity
    symbol: str = ""
    evidence: tuple[Evidence, ...] = ()
    suggestion: str = ""


class Position(Protocol):
    """Anything with a place: facts have one, and so have most nodes of a syntax tree through `File.position`."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def end_line(self) -> int: ...
    @property
    def end_column(self) -> int: ...


class Place(NamedTuple):
    """A `Position` where no fact has the one that is to be shown."""

    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def at(cls, line: int, column: int = 1, length: int = 0) -> Place:
        """A point in a line, or the word of that length there."""
        return cls(line, column, line, column + length)


class File(Protocol):
    """What a `NodeRule` may ask of the file that is being read, while its tree is at hand."""

    path: str
    role: Role

    def position(self, node: ast.AST) -> Position:
        """The node's place in code points."""
        ...

    def dotted(self, node: ast.AST) -> str:
        """The qualified name an expression stands for, imports of this file resolved: ``requests.get``; empty if it has none."""
        ...

    @property
    def symbol(self) -> str:
        """The qualified name of the function or class being read; empty on module level."""
        ...

    @property
    def ancestors(self) -> tuple[ast.AST, ...]:
        """The statements around the node, outermost first."""
        ...


class Rule:
    """The card that every rule carries. The registry validates it before anything runs.

    `profile`: the smallest profile that holds the rule. `automatic`: it speaks only where the project shows the evidence it needs.
    `fix`: ``none``, ``safe``, ``unsafe``, or ``patch`` (printed, never applied). `roles`: in which path roles it speaks.
    `reads`: further roles whose facts it needs. `options`: its settings with their defaults, read as ``self.option("name")``; a setting has the type
    of its default.
    """

    severity: ClassVar[Severity | str]
    precision: ClassVar[Precision | str]
    since: ClassVar[str]
    profile: ClassVar[Profile | str] = Profile.DEFAULT
    automatic: ClassVar[bool] = False
    fix: ClassVar[str] = "none"
    tags: ClassVar[tuple[str, ...]] = ()
    roles: ClassVar[frozenset[Role]] = frozenset({Role.APPLICATION, Role.COMMAND, Role.SETTINGS})
    reads: ClassVar[frozenset[Role]] = frozenset()
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.PYTHON,)
    options: ClassVar[Mapping[str, Any]] = {}

    name: str
    family: str
    asked: Profile = Profile.ALL
    """The profile that the run asks for; `all` for a rule that it selects."""

    def __init__(self, name: str, family: str, options: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.family = family
        self._options = {**self.options, **(options or {})}

    def shows(self, profile: Profile) -> bool:
        """Whether the run asks for findings as sure as those of `profile`: a rule that reports what is surer and what is less sure holds back the latter."""
        order = tuple(Profile)
        return order.index(profile) <= order.index(self.asked)

    def read_roles(self) -> frozenset[Role]:
        """The roles whose facts it needs for what the run asks of it."""
        return self.roles | self.reads

    def option(self, key: str) -> Any:
        """The configured value of one of `options`. Raises KeyError for a name that the card does not declare."""
        return self._options[key]

    def finding(
        self,
        path: str,
        at: Position,
        message: str,
        *,
        symbol: str = "",
        evidence: Iterable[Evidence] = (),
        suggestion: str = "",
        severity: Severity | None = None,
    ) -> Finding:
        """A finding of this rule. `message` is one lower-case line without a full stop: what is wrong, then what to do."""
        return Finding(
            rule=self.name,
            path=path,
            line=at.line,
            column=at.column,
            end_line=at.end_line,
            end_column=at.end_column,
            message=message,
            severity=severity or Severity(self.severity),
            symbol=symbol,
            evidence=tuple(evidence),
            suggestion=suggestion,
        )


Node = TypeVar("Node", bound=ast.AST)


class NodeRule(Rule, Generic[Node]):
    """Looks at single nodes of one file's syntax tree; its findings are cached with the file.

    `triggers`: it is asked only if one of these stands in the file's bytes; empty for always.
    """

    nodes: ClassVar[tuple[type[ast.AST], ...]]
    triggers: ClassVar[tuple[bytes, ...]] = ()

    def visit(self, node: Node, file: File) -> Iterator[Finding]:
        """The findings at one node, for each node whose type is in `nodes`."""
        raise NotImplementedError


class ProjectRule(Rule):
    """Reads the linked model: facts of all files, never source.

    `needs`: of what is only read where a rule asks, what it asks for: `facts.coverage.Measured`, `facts.architecture.Contract`.
    """

    needs: ClassVar[tuple[type, ...]] = ()

    def check(self, project: Any) -> Iterator[Finding]:
        """The findings in a linked `backend_lint.project.Project`."""
        raise NotImplementedError


class SqlRule(Rule):
    """Sees each SQL statement once, wherever it was written."""

    kinds: ClassVar[tuple[Kind, ...]] = (Kind.PYTHON, Kind.SQL)

    def statement(self, statement: Any, project: Any) -> Iterator[Finding]:
        """The findings of one `backend_lint.project.statements.Statement`."""
        raise NotImplementedError


class ReportRule(Rule):
    """Judges what another tool measured: coverage, load tests, query statistics.

    `reports`: where such reports lie, relative to the project root; each that is there is handed to `judge`.
    """

    reports: ClassVar[tuple[str, ...]]

    def judge(self, report: Report, project: Any) -> Iterator[Finding]:
        """The findings of one report. Its bytes come from the checked project: they are not to be trusted."""
        raise NotImplementedError


class CstRule(Rule):
    """Matches with LibCST; a file is parsed for it only where one of `triggers` stands in its bytes."""

    triggers: ClassVar[tuple[bytes, ...]]

    def visit_module(self, module: libcst.Module, file: File) -> Iterator[Finding]:
        """The findings of one parsed module."""
        raise NotImplementedError


LocalRule = NodeRule[Any] | CstRule
"""The rules that look at one file while it is read; their findings are cached with it."""


class Mends:
    """Mixed into a rule that has a fix.

    `mends`: names of the LibCST node classes that a finding of the rule stands on; the node whose position is the finding's is handed to `mend`.
    Of statements (``SimpleStatementLine``, ``With`` and their kind) it is the innermost one around the place where the finding begins.
    `around`: it is the innermost node of these classes that holds the lines of `lines`, wherever it begins.
    `imports`: what the replacement needs imported, ``module`` or ``module:name``; added to a file in which something was replaced.
    `spares`: modules whose import goes with its last use.
    """

    mends: ClassVar[tuple[str, ...]]
    around: ClassVar[bool] = False
    imports: ClassVar[tuple[str, ...]] = ()
    spares: ClassVar[tuple[str, ...]] = ()

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | libcst.FlattenSentinel[Any] | None:
        """The replacement of the node, or None if this one cannot be fixed. A statement may become several: ``FlattenSentinel``."""
        raise NotImplementedError

    def mend_block(self, block: libcst.IndentedBlock, lines: Sequence[tuple[int, int]], finding: Finding) -> libcst.IndentedBlock | None:
        """As `mend`, where the node is an ``IndentedBlock``: `lines` are the first and the last line of each of its statements."""
        raise NotImplementedError

    def lines(self, finding: Finding) -> tuple[int, int]:
        """The first and the last line of what the fix changes, if it is looked for `around` them."""
        return finding.line, finding.line

    def above(self, node: libcst.CSTNode, finding: Finding) -> libcst.BaseCompoundStatement | None:
        """A definition that the fix needs on module level, in front of the function or class that holds the finding; `node` as `mend` gets it."""
        return None

    def imports_for(self, finding: Finding) -> tuple[str, ...]:
        """What the fix of one finding needs imported, if not all of them need the same."""
        return self.imports
