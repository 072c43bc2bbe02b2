"""A real client: starts the server as an editor does and speaks to it over its standard streams."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.lsp.client import LanguageClient

Answer = TypeVar("Answer")
_PATIENCE = 60


class Editor:
    """Keeps the last diagnostics of each file, and what the server said to the user."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.client = LanguageClient("test-editor", "1")
        self.shown: dict[str, types.PublishDiagnosticsParams] = {}
        self.published: list[types.PublishDiagnosticsParams] = []
        self.told: list[str] = []
        self.arrived = asyncio.Event()
        self.version = 0

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            self.shown[params.uri] = params
            self.published.append(params)
            self.arrived.set()

        self.progress: list[str] = []

        @self.client.feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)
        def create(params: types.WorkDoneProgressCreateParams) -> None:
            self.progress.append("create")

        @self.client.feature(types.PROGRESS)
        def proceed(params: types.ProgressParams) -> None:
            self.progress.append(params.value["kind"] if isinstance(params.value, dict) else params.value.kind)
            self.arrived.set()

        @self.client.feature(types.WINDOW_SHOW_MESSAGE)
        def show(params: types.ShowMessageParams) -> None:
            self.told.append(params.message)
            self.arrived.set()

    async def start(self, *options: str, encodings: list[str] | None = None, resolves: bool = True, snippets: bool = False) -> types.InitializeResult:
        await self.client.start_io(sys.executable, "-m", "backend_lint", "lsp", "--no-cache", "--jobs", "1", *options, cwd=str(self.root))
        support = types.ClientCodeActionResolveOptions(properties=["edit"]) if resolves else None
        edit = types.WorkspaceEditClientCapabilities(document_changes=True, snippet_edit_support=snippets)
        capabilities = types.ClientCapabilities(
            general=types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind(one) for one in encodings or ["utf-16"]]),
            window=types.WindowClientCapabilities(work_done_progress=True),
            workspace=types.WorkspaceClientCapabilities(workspace_edit=edit),
            text_document=types.TextDocumentClientCapabilities(code_action=types.CodeActionClientCapabilities(resolve_support=support)),
        )
        folders = [types.WorkspaceFolder(self.root.as_uri(), self.root.name)]
        answer = await self.client.initialize_async(types.InitializeParams(capabilities, root_uri=self.root.as_uri(), workspace_folders=folders))
        self.client.initialized(types.InitializedParams())
        return answer

    async def stop(self) -> int | None:
        await asyncio.wait_for(self.client.shutdown_async(None), _PATIENCE)
        self.client.exit(None)
        await asyncio.wait_for(self.client._server.wait(), _PATIENCE)
        return self.client._server.returncode

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def open(self, path: str, text: str | None = None) -> None:
        source = (self.root / path).read_bytes().decode() if text is None else text
        self.version += 1
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(self.uri(path), "python", self.version, source)))

    def type(self, path: str, text: str) -> None:
        """The text in the editor becomes another; the file stays as it is."""
        self.version += 1
        document = types.VersionedTextDocumentIdentifier(self.version, self.uri(path))
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    def save(self, path: str, text: str) -> None:
        self.type(path, text)
        (self.root / path).write_bytes(text.encode())
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(self.uri(path))))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits for messages until something holds. Fails after a minute."""
        async with asyncio.timeout(_PATIENCE):
            while not holds():
                self.arrived.clear()
                await self.arrived.wait()

    def found(self, path: str) -> list[types.Diagnostic]:
        published = self.shown.get(self.uri(path))
        return list(published.diagnostics) if published is not None else []

    def rules(self, path: str) -> list[Any]:
        return [one.code for one in self.found(path)]

    async def actions(self, path: str, line: int, only: list[str] | None = None) -> list[types.CodeAction]:
        around = types.Range(types.Position(line, 0), types.Position(line, 200))
        context = types.CodeActionContext([], only=None if only is None else [types.CodeActionKind(one) if one == "quickfix" else one for one in only])
        asked = types.CodeActionParams(types.TextDocumentIdentifier(self.uri(path)), around, context)
        answer = await asyncio.wait_for(self.client.text_document_code_action_async(asked), _PATIENCE)
        return [one for one in answer or [] if isinstance(one, types.CodeAction)]

    async def resolved(self, action: types.CodeAction) -> types.CodeAction:
        return await asyncio.wait_for(self.client.code_action_resolve_async(action), _PATIENCE)

    async def hover(self, path: str, line: int, character: int) -> str | None:
        asked = types.HoverParams(types.TextDocumentIdentifier(self.uri(path)), types.Position(line, character))
        answer = await asyncio.wait_for(self.client.text_document_hover_async(asked), _PATIENCE)
        return answer.contents.value if answer is not None and isinstance(answer.contents, types.MarkupContent) else None


def applied(action: types.CodeAction, text: str) -> str:
    """The text after the action's edit, as an editor would have it."""
    assert action.edit is not None and action.edit.document_changes is not None
    (change,) = action.edit.document_changes
    assert isinstance(change, types.TextDocumentEdit)
    lines = text.splitlines(keepends=True)

    def offset(place: types.Position) -> int:
        return sum(map(len, lines[: place.line])) + place.character

    for edit in sorted(change.edits, key=lambda one: offset(one.range.start), reverse=True):
        assert isinstance(edit, types.TextEdit)
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text


def run(scenario: Callable[[Editor], Awaitable[Answer]], root: Path) -> Answer:
    """Plays a scenario with an editor that is ended whatever happens."""

    async def play() -> Answer:
        editor = Editor(root)
        try:
            return await scenario(editor)
        finally:
            server = getattr(editor.client, "_server", None)
            if server is not None and server.returncode is None:
                server.kill()
                await server.wait()

    # on a thread of its own: whatever another test left behind on this one, there is no event loop there
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, play()).result()
