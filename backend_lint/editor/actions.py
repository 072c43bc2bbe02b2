"""What an editor may do about a finding: apply its rule's fix, or silence it with a reason. Every edit is of the very text that was checked."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from lsprotocol import types

from backend_lint.editor.places import lines_of
from backend_lint.editor.session import Session
from backend_lint.engine.menders import hides_secret
from backend_lint.engine.result import Reported
from backend_lint.engine.suppress import PLACEHOLDER, read_suppressions, statement_of
from backend_lint.engine.triage import ENGINE_RULES
from backend_lint.facts.file import Kind
from backend_lint.readers import wanted

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.backend-lint"
_SIGNS = {Kind.SQL: "--"}


def fixed(session: Session, reported: Sequence[Reported], text: str) -> str | None:
    """The text with the fixes of these findings applied; None if no rule has one for any of them. What does not parse afterwards counts as none."""
    from backend_lint.engine.mend_file import CannotMendError, mend_file
    from backend_lint.source import UndecodableError, declared_encoding, decode

    rules = {name: rule for name, (rule, _) in session.menders().items()}
    wanted_ones = [one.finding for one in reported if one.finding.rule in rules and not hides_secret(one.finding)]
    if not wanted_ones:
        return None
    try:
        data = text.encode(declared_encoding(text[:2000].encode("ascii", "replace")) or "utf-8")
        after, applied = mend_file(data, wanted_ones, rules)
        return decode(after) if applied and after != data else None
    except (CannotMendError, UndecodableError, UnicodeError, LookupError):
        return None


def edits(before: str, after: str) -> list[types.TextEdit]:
    """Whole lines that are replaced: nobody needs to agree on columns."""
    old, new = lines_of(before), lines_of(after)
    found = []
    for what, first, last, start, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what != "equal":
            # an end behind the last line is the end of the text
            place = types.Range(types.Position(first, 0), types.Position(last, 0))
            found.append(types.TextEdit(place, "".join(new[start:end])))
    return found


def ignoring(reported: Reported, text: str) -> tuple[int, str] | None:
    """The line in front of which a comment silences the finding, from 0, and that comment with ``PLACEHOLDER`` as its reason; None if none would."""
    finding = reported.finding
    kind = wanted(finding.path)
    if kind is None or finding.rule in ENGINE_RULES:
        return None
    lines = lines_of(text)
    first = statement_of(text, finding.line, kind)
    if not 0 < first <= len(lines):
        return None
    head = lines[first - 1]
    ending = "\r\n" if head.endswith("\r\n") else "\r" if head.endswith("\r") else "\n"
    indent = head[: len(head) - len(head.lstrip(" \t"))]
    comment = f"{indent}{_SIGNS.get(kind, '#')} backend-lint: ignore[{finding.rule}] {PLACEHOLDER}{ending}"
    after = "".join([*lines[: first - 1], comment, *lines[first - 1 :]])
    for one in read_suppressions(after, kind):
        if one.line == first and finding.rule in one.rules and one.applies_to <= finding.line + 1 <= max(one.applies_to, one.applies_until):
            return first - 1, comment
    return None


def actions(
    session: Session, path: str, uri: str, version: int | None, reported: Sequence[tuple[Reported, types.Diagnostic]], text: str, snippets: bool
) -> Iterator[types.CodeAction]:
    """What can be done about findings of one file whose text is what was checked. Fixes are made when one is chosen: see `resolved`."""
    menders = session.menders()
    for one, diagnostic in reported:
        if one.finding.rule in menders and path.endswith(".py") and not hides_secret(one.finding):
            safe = menders[one.finding.rule][1]
            yield types.CodeAction(
                f"Fix: {one.finding.rule}{'' if safe else ' (may change what the code does)'}",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[diagnostic],
                is_preferred=safe or None,
                data={"uri": uri, "fingerprints": [one.fingerprint]},
            )
    for one, diagnostic in reported:
        if (place := ignoring(one, text)) is not None:
            yield types.CodeAction(
                f"Ignore {one.finding.rule} here, with a reason",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[diagnostic],
                edit=document_edit(uri, version, [_inserted(*place, snippets)]),
            )


def _inserted(line: int, comment: str, snippets: bool) -> types.TextEdit | types.SnippetTextEdit:
    place = types.Range(types.Position(line, 0), types.Position(line, 0))
    if not snippets:
        return types.TextEdit(place, comment)
    before, _, behind = comment.partition(PLACEHOLDER)
    escaped = before.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")
    return types.SnippetTextEdit(place, types.StringValue(value=f"{escaped}${{1:{PLACEHOLDER}}}{behind}"))


def fix_all(session: Session, path: str, uri: str) -> types.CodeAction | None:
    """One action for every safe fix of a file; None if it has none."""
    menders = session.menders()
    chosen = [one.fingerprint for one in session.shown(path) if menders.get(one.finding.rule, (None, False))[1] and not hides_secret(one.finding)]
    if not chosen or not path.endswith(".py"):
        return None
    return types.CodeAction("Apply the safe fixes of backend-lint", kind=FIX_ALL, data={"uri": uri, "fingerprints": chosen})


def document_edit(uri: str, version: int | None, changes: Sequence[types.TextEdit | types.SnippetTextEdit]) -> types.WorkspaceEdit:
    """Changes of one document at one version: an editor refuses them for another."""
    document = types.OptionalVersionedTextDocumentIdentifier(uri, version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, list(changes))])
