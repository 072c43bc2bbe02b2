"""The server itself: which message does what. Runs happen on a thread of their own, one at a time; a file on disk is never written."""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from backend_lint import __version__
from backend_lint.cli.options import Prepared
from backend_lint.config import ConfigError
from backend_lint.config_file import locate
from backend_lint.editor.actions import FIX_ALL, actions, document_edit, edits, fix_all, fixed
from backend_lint.editor.diagnostics import diagnostics, hover, place_of
from backend_lint.editor.places import lines_of, to_path, to_uri
from backend_lint.editor.session import Session
from backend_lint.engine.git import GitError
from backend_lint.engine.result import Reported

_HEADER = re.compile(rb"Content-Length: (\d{1,9})\r\n")
_MESSAGE_LIMIT = 100_000_000
_ELSEWHERE = 1000
"""Findings that are shown of files that are not open, worst first; those of open files are always shown."""
_PATIENCE = 1.0
"""Seconds of a run before somebody is told that it is at work."""
_ANSWER = 5.0
_KINDS = [types.CodeActionKind.QuickFix, FIX_ALL]


class Server(LanguageServer):
    """`prepare` gives settings and rules for a folder; `only_open` leaves out files that no editor has open."""

    def __init__(self, prepare: Callable[[Path], Prepared], only_open: bool) -> None:
        super().__init__("backend-lint", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.prepare = prepare
        self.only_open = only_open
        self.sessions: dict[Path, Session] = {}
        self.published: dict[Path, dict[str, tuple[Reported, ...]]] = {}
        self.wanted: set[Path] = set()
        self.running: asyncio.Task[None] | None = None
        self.worker = ThreadPoolExecutor(1, "backend-lint")
        self.told = ""
        self.tokens = itertools.count(1)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """A message that nobody understands is the sender's trouble: one line in the log, and the next one is read. An editor that is gone hears nothing."""
        if isinstance(error, BrokenPipeError):
            return
        logging.getLogger(__name__).warning("a message was not understood: %s", str(error)[:500])

    @property
    def encoding(self) -> str:
        return str(getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding) or "utf-16")

    def session_of(self, path: Path) -> Session:
        """The session of the project that a file lies in."""
        for root in sorted(self.sessions, key=lambda root: len(root.parts), reverse=True):
            if path.is_relative_to(root):
                return self.sessions[root]
        folder = path.parent
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent
        root = locate(folder, folder).root
        return self.sessions.setdefault(root, Session(root, lambda: self.prepare(root)))

    def document(self, uri: str) -> tuple[Session, str, str] | None:
        """Session, path in the project and text of an open document; None for one that is no file of a project."""
        path = to_path(uri)
        if path is None or uri not in self.workspace.text_documents:
            return None
        session = self.session_of(path)
        relative = session.relative(path)
        source = self.workspace.text_documents[uri].source
        return None if relative is None else (session, relative, source)

    def as_checked(self, uri: str) -> tuple[Session, str, str] | None:
        """Like `document`, but only if its text is the one that was checked: else no line number is to be trusted."""
        found = self.document(uri)
        return found if found is not None and found[0].texts.get(found[1]) == found[2] else None

    def opened(self, session: Session) -> dict[str, str]:
        """URIs of open documents of a project by their path."""
        found = {}
        for uri in list(self.workspace.text_documents):
            path = to_path(uri)
            if path is not None and path.is_relative_to(session.root) and (relative := session.relative(path)) is not None:
                found[relative] = uri
        return found

    def want(self, session: Session) -> None:
        """Has a project checked: now, or once more if it is being checked."""
        self.wanted.add(session.root)
        if self.running is None or self.running.done():
            self.running = asyncio.get_running_loop().create_task(self._check_wanted())

    async def _check_wanted(self) -> None:
        while self.wanted:
            session = self.sessions[self.wanted.pop()]
            loop = asyncio.get_running_loop()

            def shows(path: str, session: Session = session, loop: asyncio.AbstractEventLoop = loop) -> None:
                loop.call_soon_threadsafe(self.publish, session, path)

            checking = loop.run_in_executor(self.worker, session.check, list(self.opened(session)), shows)
            try:
                await self._patiently(checking)
            except (ConfigError, GitError, OSError) as error:
                self._tell(f"backend-lint: {error}")
                continue
            except Exception as error:
                logging.getLogger(__name__).exception("a run failed")
                self._tell(f"backend-lint: internal error: {type(error).__name__}: {error}")
                continue
            self.told = ""
            self.publish(session)
            await asyncio.get_running_loop().run_in_executor(self.worker, session.rest)

    async def _patiently(self, checking: asyncio.Future[None]) -> None:
        """Waits for a run; one that takes longer than a second shows that it is at work, in editors that can show it."""
        done, _ = await asyncio.wait([checking], timeout=_PATIENCE)
        window = self.client_capabilities.window
        if not done and window is not None and window.work_done_progress:
            token = f"backend-lint-{next(self.tokens)}"
            progress = self.work_done_progress
            try:
                await asyncio.wait_for(progress.create_async(token), _ANSWER)
            except Exception:  # an editor that refuses, or never answers, still gets its findings
                return await checking
            progress.begin(token, types.WorkDoneProgressBegin("backend-lint", message="reading the project", cancellable=False))
            await asyncio.wait([checking])
            progress.end(token, types.WorkDoneProgressEnd())
        await checking

    def _tell(self, message: str) -> None:
        """Shows an error, once for as long as it lasts."""
        if message != self.told:
            self.told = message
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, message[:2000]))

    def publish(self, session: Session, only: str | None = None) -> None:
        """Shows what the last run found, and takes away what it did not find again; of one file only if it is named."""
        opened = self.opened(session)
        shown = set(opened)
        if not self.only_open and only is None:
            shown |= set(_worst(session, opened))
        before = self.published.setdefault(session.root, {})
        # what somebody looks at comes first, and what is shown already is not sent again
        ordered = [only] if only is not None else sorted(shown | before.keys(), key=lambda path: (path not in opened, path))
        for path in ordered:
            found = session.shown(path) if path in shown else ()
            if path not in opened and before.get(path) == found:
                continue
            if path in opened:
                session.adopt(path)
            uri = opened.get(path) or to_uri(session.root / path)
            text = session.texts.get(path) if path in opened else session.on_disk(path) if found else None
            version = self.workspace.text_documents[uri].version if path in opened else None
            told = diagnostics(session, path, text, self.encoding) if found else []
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, told, version))
            before[path] = found
        self.published[session.root] = {path: found for path, found in before.items() if found}

    def at(self, session: Session, path: str, text: str, around: types.Range) -> list[Reported]:
        """The findings of a file that touch a range."""
        lines = lines_of(text)
        found = []
        for one in session.shown(path):
            place = place_of(one, lines, self.encoding)
            first, last = (place.start.line, place.start.character), (place.end.line, place.end.character)
            if first <= (around.end.line, around.end.character) and (around.start.line, around.start.character) <= last:
                found.append(one)
        return found


def _worst(session: Session, opened: dict[str, str]) -> Iterator[str]:
    """Paths of files with findings, the worst first, until there are too many for an editor."""
    from backend_lint.report.wording import ORDER

    room = _ELSEWHERE
    found = {path: session.shown(path) for path in session.by_path if path not in opened and session.shown(path)}
    for path, ones in sorted(found.items(), key=lambda item: (min(ORDER[one.finding.severity] for one in item[1]), item[0])):
        room -= len(ones)
        if room < 0:
            return
        yield path


def make(prepare: Callable[[Path], Prepared], only_open: bool = False) -> Server:
    """A server with everything that it answers."""
    server = Server(prepare, only_open)

    @server.feature(types.INITIALIZED)
    def initialized(_: types.InitializedParams) -> None:
        for folder in server.workspace.folders.values():
            if (path := to_path(folder.uri)) is not None and path.is_dir():
                server.want(server.session_of(path / "_"))

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        if (found := server.document(params.text_document.uri)) is None:
            return
        session, path, _ = found
        if session.adopt(path) and session.root not in server.wanted:
            server.publish(session, only=path)
        else:
            server.want(session)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        if (found := server.document(params.text_document.uri)) is not None:
            session, path, _ = found
            if session.first(path):
                server.publish(session, only=path)
            server.want(session)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        path = to_path(params.text_document.uri)
        if path is not None and server.only_open:
            server.publish(server.session_of(path))

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_watched(params: types.DidChangeWatchedFilesParams) -> None:
        for path in filter(None, (to_path(change.uri) for change in params.changes)):
            server.want(server.session_of(path))

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hovered(params: types.HoverParams) -> types.Hover | None:
        found = server.as_checked(params.text_document.uri)
        reported = server.at(*found, types.Range(params.position, params.position)) if found is not None else []
        if found is None or not reported:
            return None
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, hover(found[0], reported)))

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=_KINDS, resolve_provider=True))
    def code_actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri = params.text_document.uri
        found = server.as_checked(uri)
        if found is None:
            return []
        session, path, text = found
        version = server.workspace.text_documents[uri].version
        lines = lines_of(text)
        all_of_file = dict(zip((id(one) for one in session.shown(path)), diagnostics(session, path, text, server.encoding), strict=True))
        reported = [(one, all_of_file[id(one)]) for one in server.at(session, path, "".join(lines), params.range)]
        offered = list(actions(session, path, uri, version, reported, text, _takes_snippets(server)))
        if (whole := fix_all(session, path, uri)) is not None:
            offered.append(whole)
        if params.context.only:
            offered = [one for one in offered if any(_is_kind(one.kind, kind) for kind in params.context.only)]
        return offered if _resolves(server) else [_resolved(server, one) for one in offered]

    @server.feature(types.CODE_ACTION_RESOLVE)
    def resolve(action: types.CodeAction) -> types.CodeAction:
        return _resolved(server, action)

    return server


def _resolved(server: Server, action: types.CodeAction) -> types.CodeAction:
    """The action with the edit that it promised; without one if the text is another by now, or the fix does not apply."""
    data = action.data if isinstance(action.data, dict) else {}
    uri, chosen = data.get("uri"), data.get("fingerprints")
    if action.edit is not None or not isinstance(uri, str) or not isinstance(chosen, list):
        return action
    found = server.as_checked(uri)
    if found is None:
        return action
    session, path, text = found
    after = fixed(session, [one for one in session.shown(path) if one.fingerprint in chosen], text)
    if after is not None:
        action.edit = document_edit(uri, server.workspace.text_documents[uri].version, edits(text, after))
    return action


def _is_kind(kind: types.CodeActionKind | str | None, wanted: types.CodeActionKind | str) -> bool:
    """Kinds are hierarchical: ``source`` asks for ``source.fixAll`` too."""
    one, asked = (str(getattr(part, "value", part) or "") for part in (kind, wanted))
    return asked == "" or one == asked or one.startswith(asked + ".")


def _resolves(server: Server) -> bool:
    text = server.client_capabilities.text_document
    support = text.code_action.resolve_support if text is not None and text.code_action is not None else None
    return support is not None and "edit" in support.properties


def _takes_snippets(server: Server) -> bool:
    workspace = server.client_capabilities.workspace
    edit = workspace.workspace_edit if workspace is not None else None
    return bool(edit is not None and edit.snippet_edit_support and edit.document_changes)


class Incoming:
    """What the editor sends, line by line, without what no reader could survive: endless lines and absurd lengths."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def readline(self) -> bytes:
        line = self.stream.readline(10_000)
        if not line.startswith(b"Content-Length"):
            return line
        match = _HEADER.fullmatch(line)
        return line if match is not None and int(match[1]) <= _MESSAGE_LIMIT else b"X-Not-Understood: 1\r\n"

    def read(self, size: int) -> bytes:
        return self.stream.read(size)
