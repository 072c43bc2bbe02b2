"""Docker Compose files, with or without a version."""

from __future__ import annotations

from backend_lint.duration import whole
from backend_lint.facts.deployment import Bound, EnvironmentFile, Manifest, Port, Quota, Workload
from backend_lint.readers.deployment.databases import of_image
from backend_lint.readers.deployment.draft import Draft
from backend_lint.readers.deployment.shell_words import split
from backend_lint.readers.deployment.tree import Node


def read_compose(documents: list[Node]) -> Manifest:
    """The facts of a Compose file."""
    draft = Draft("compose")
    for document in documents:
        for name, line, service in document.at("services").entries():
            if service.pairs is not None:
                _service(draft, name, line, service)
    return draft.finished()


def _command(draft: Draft, name: str, entrypoint: Node | None, command: Node | None, image: str) -> None:
    entry, rest = _words(entrypoint), _words(command)
    if entrypoint is not None and entry and (entry[0].endswith(".sh") or "entrypoint" in entry[0] or command is None):
        draft.words(entry, entrypoint.line, "compose:entrypoint", name)
        entry = []
    if command is not None and rest:
        if not entry and rest[0].startswith("-"):
            entry = [image.partition("@")[0].rpartition("/")[2].partition(":")[0] or "?"]
        if not entry and command.text is not None:
            draft.run(command, "compose:command", name, shell=False)
        else:
            draft.words([*entry, *rest], command.line, "compose:command", name)


def _words(node: Node | None) -> list[str]:
    """The words of a command; a text is split as a shell would, but read by none."""
    if node is None:
        return []
    if node.children is not None:
        return [child.plain() or "" for child in node.children]
    return [word for words in split((node.text or "")[:20_000]) for word in words]


def _mounts(service: Node) -> bool:
    """A file or folder is put into the container that may configure the server: only a named volume, or the folder of its data, surely does not."""
    for item in service.at("volumes").items():
        text = f"{item.at('source').text}:{item.at('target').text}" if item.pairs is not None else item.text or ""
        if "data" not in text or "conf" in text or "initdb" in text:
            return True
    return False


def _service(draft: Draft, name: str, line: int, service: Node) -> None:
    fields = service.fields()
    replicas = fields.get("scale") or service.at("deploy", "replicas")
    build = fields.get("build")
    context = "" if build is None else (build.text if build.text is not None else build.at("context").text) or ""
    image = fields["image"].text or "" if "image" in fields else ""
    policy = fields.get("restart") or service.at("deploy", "restart_policy", "condition")
    # a policy without a condition is "any"
    restarts = policy.text not in {"no", "none", "false"} if not policy.empty else not service.at("deploy", "restart_policy").empty
    draft.workloads.append(Workload(name, "service", line, whole(replicas.text), image=image, target=context, restarts=restarts))
    configured = bool({"command", "entrypoint", "extends", "configs", "env_file", "build"} & fields.keys()) or _mounts(service)
    draft.quotas.extend(of_image(image, line, name, configured=configured))
    _command(draft, name, fields.get("entrypoint"), fields.get("command"), image)
    if (environment := fields.get("environment")) is not None:
        draft.environment(environment, name)
    if (files := fields.get("env_file")) is not None:
        for item in files.items() or [files]:
            path = item.text if item.text is not None else item.at("path").text
            if path:
                draft.files.append(EnvironmentFile(path, item.line, name))
    for key in ("ports", "expose"):
        for item in fields[key].items() if key in fields else ():
            number = item.at("target").text if item.pairs is not None else (item.text or "").rpartition(":")[2].partition("/")[0]
            if number:
                draft.ports.append(Port(number, item.line, name))
    if (check := fields.get("healthcheck")) is not None:
        test = check.at("test")
        words = [child.text or "" for child in test.items()]
        target = " ".join(words[1:] if words[:1] in (["CMD"], ["CMD-SHELL"]) else words) or test.text or ""
        if target and target != "NONE":
            draft.probe("healthcheck", name, target, test.line, timeout=check.at("timeout").text)
    opened = service.at("ulimits", "nofile")
    # what a process may open is the soft limit
    if (most := whole((opened.at("soft").text if opened.pairs is not None else opened.text) or "")) is not None:
        draft.quotas.append(Quota("nofile", most, opened.line, name))
    if (grace := fields.get("stop_grace_period")) is not None:
        draft.deadline("stop-grace-period", Bound.SHUTDOWN, grace.plain(), grace.line, name)
