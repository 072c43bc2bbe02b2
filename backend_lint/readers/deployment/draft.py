"""Facts of one deployment file while they are being gathered: durations are read and secrets hidden here, in one place."""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.duration import seconds
from backend_lint.facts.deployment import Bound, Deadline, Disruption, EnvironmentFile, Manifest, Origin, Port, Probe, Process, Quota, Variable, Workload
from backend_lint.lazy_regex import lazy_regex
from backend_lint.readers.deployment.command import process, processes
from backend_lint.readers.deployment.tree import Node
from backend_lint.redaction import redacted, redacted_command

_NAME = lazy_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}")


class Draft:
    """Gathers the facts of one file. `source` is the prefix of where processes and variables come from, such as ``compose``."""

    def __init__(self, form: str) -> None:
        self.form = form
        self.processes: list[Process] = []
        self.deadlines: list[Deadline] = []
        self.variables: list[Variable] = []
        self.workloads: list[Workload] = []
        self.probes: list[Probe] = []
        self.ports: list[Port] = []
        self.files: list[EnvironmentFile] = []
        self.quotas: list[Quota] = []
        self.disruptions: list[Disruption] = []

    def finished(self) -> Manifest:
        """The facts, frozen."""
        return Manifest(
            self.form,
            tuple(self.processes),
            tuple(self.deadlines),
            tuple(self.variables),
            tuple(self.workloads),
            tuple(self.probes),
            tuple(self.ports),
            tuple(self.files),
            quotas=tuple(self.quotas),
            disruptions=tuple(self.disruptions),
        )

    def deadline(self, kind: str, bounds: Bound, text: str | None, line: int, unit: str = "", scale: float = 1.0, origin: Origin = Origin.WRITTEN) -> None:
        """A deadline written as `text` (None: set, but not known), in units of `scale` seconds. Zero and ``off`` mean no limit and give no fact."""
        value, assumed = seconds(text) if text is not None else (None, False)
        if value is not None:
            if value <= 0:
                return
            value *= scale
        self.deadlines.append(Deadline(kind, bounds, value, line, unit, (text or "")[:80], Origin.ASSUMED if assumed else origin))

    def variable(self, name: str, value: str | None, line: int, unit: str = "", source: str = "") -> None:
        """An environment variable, its value hidden if it is a secret. Names that no environment can hold are dropped."""
        if _NAME.fullmatch(name):
            self.variables.append(Variable(name, None if value is None else redacted(name, value)[:200], line, source or self.form, unit))

    def environment(self, node: Node, unit: str = "", source: str = "") -> None:
        """Variables of a mapping ``NAME: value`` or of a list of ``NAME=value``; a bare name is taken from the caller's environment."""
        if node.pairs is not None:
            for name, line, value in node.entries():
                self.variable(name, value.plain(), line, unit, source)
        for item in node.items():
            name, equals, value_text = (item.text or "").partition("=")
            self.variable(name.strip(), value_text if equals else None, item.line, unit, source)

    def named_environment(self, node: Node, unit: str, name_key: str = "name", value_key: str = "value") -> None:
        """Variables of a list of ``{name: NAME, value: VALUE}``; an entry without a value takes it from elsewhere."""
        for item in node.items():
            fields = item.fields()
            name = fields.get(name_key)
            value = fields.get(value_key)
            if name is not None and (text := name.plain()):
                self.variable(text, value.plain() if value is not None else None, name.line, unit)

    def run(self, node: Node, source: str, unit: str = "", *, shell: bool = True) -> None:
        """The processes of a command: a list of words, or a text that a shell reads unless `shell` is False."""
        if node.children is not None:
            words = [child.plain() or "?" for child in node.children]
            self.processes.extend(process(words, node.line, source, unit))
        elif node.text:
            self.processes.extend(processes(node.text, node.line, source, unit, shell=shell))

    def words(self, words: Iterable[str], line: int, source: str, unit: str = "") -> None:
        """The process of a list of words."""
        self.processes.extend(process(list(words), line, source, unit))

    def probe(self, kind: str, unit: str, target: str, line: int, port: str = "", timeout: str | None = None) -> None:
        """A health check."""
        self.probes.append(Probe(kind, unit, redacted_command(target)[:200], line, port, seconds(timeout)[0] if timeout else None))
