"""The language server, asked by a real client over its standard streams: what an editor shows, what it can do, and what it survives."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from editor_client import Editor, applied, run
from lsprotocol import types

CLIENT = "import requests\n\n\ndef fetch(url):\n    label = '😀'; return requests.get(url)\n"
API = """from fastapi import FastAPI

from shop import orders

app = FastAPI()


@app.post('/pay')
async def pay(order: int):
    return orders.settle(order)
"""
ORDERS = "import requests\n\n\ndef settle(order):\n    return requests.post('https://bank.example', json={'order': order}, timeout=5)\n"
FIXED = "requests.get(url, timeout=10)"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "backend-lint.toml").write_text("profile = 'strict'\n")
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "client.py").write_text(CLIENT)
    (tmp_path / "shop" / "api.py").write_text(API)
    (tmp_path / "shop" / "orders.py").write_text(ORDERS)
    return tmp_path


def snapshot(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_findings_are_shown_when_a_file_is_opened_and_go_when_it_is_saved_without_them(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        answer = await editor.start()
        assert answer.server_info is not None and answer.server_info.name == "backend-lint"
        editor.open("shop/client.py")
        await editor.until(lambda: editor.rules("shop/client.py") == ["outbound-call-without-timeout"])
        (found,) = editor.found("shop/client.py")
        assert (found.source, found.severity) == ("backend-lint", types.DiagnosticSeverity.Warning)
        # the emoji is one code point and two units of UTF-16
        start = CLIENT.splitlines()[4].index("requests") + 1
        assert (found.range.start.line, found.range.start.character) == (4, start), found.range
        editor.save("shop/client.py", CLIENT.replace("requests.get(url)", FIXED))
        await editor.until(lambda: editor.rules("shop/client.py") == [])
        assert await editor.stop() == 0

    run(scenario, project)


def test_a_saved_file_has_a_first_answer_before_the_whole_one(project: Path) -> None:
    """What stood on lines that only moved is moved at once; what stood on edited lines, and what is new, comes when the rules were asked."""
    path = "shop/api.py"

    async def scenario(editor: Editor) -> list[tuple[int | None, list[int]]]:
        await editor.start()
        editor.open(path)
        await editor.until(lambda: editor.rules(path) == ["blocking-call-in-async"])
        version, moved = editor.version, "# a remark\n\n" + API
        editor.save(path, moved)
        await editor.until(lambda: editor.shown[editor.uri(path)].version == version + 1)
        edited = moved.replace("settle(order)", "settle(order)  # at the bank")
        editor.published.clear()
        editor.save(path, edited + "\n\n@app.post('/more')\nasync def more(order: int):\n    return orders.settle(order + 1)\n")
        await editor.until(lambda: editor.rules(path) == ["blocking-call-in-async"] * 2)
        await editor.hover(path, 11, 12)
        assert await editor.stop() == 0
        return [(one.version, [each.range.start.line for each in one.diagnostics]) for one in editor.published if one.uri == editor.uri(path)]

    published = run(scenario, project)
    assert [lines for version, lines in published if version][-1] == [11, 16]
    assert [] in [lines for _, lines in published[:-1]], published


def test_a_first_answer_moves_what_is_shown(project: Path) -> None:
    """Also while a run is on its way, which has read the file as it was: its answer does not take the place of the newer one."""
    path = "shop/api.py"
    saves = 6

    async def scenario(editor: Editor) -> list[list[int]]:
        await editor.start()
        editor.open(path)
        await editor.until(lambda: editor.rules(path) == ["blocking-call-in-async"])
        (line,) = (one.range.start.line for one in editor.found(path))
        text = API
        for number in range(1, saves + 1):
            text = "# a remark\n" + text
            editor.save(path, text)
            await editor.until(lambda number=number: [one.range.start.line for one in editor.found(path)] == [line + number])  # type: ignore[misc]
        assert await editor.stop() == 0
        return [[one.range.start.line for one in each.diagnostics] for each in editor.published if each.uri == editor.uri(path) and each.diagnostics]

    shown = run(scenario, project)
    assert shown == sorted(shown) and len({tuple(one) for one in shown}) == saves + 1, shown


@pytest.mark.parametrize(("encoding", "shift"), [("utf-8", 3), ("utf-32", 0)])
def test_columns_are_counted_as_the_editor_counts_them(encoding: str, shift: int, project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        await editor.start(encodings=[encoding])
        editor.open("shop/client.py")
        await editor.until(lambda: bool(editor.found("shop/client.py")))
        assert editor.found("shop/client.py")[0].range.start.character == CLIENT.splitlines()[4].index("requests") + shift

    run(scenario, project)


def test_the_other_side_of_a_join_is_related_information_and_its_file_is_shown_unopened(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        await editor.start()
        # nothing is open: the finding in api.py comes all the same, with the way to orders.py
        await editor.until(lambda: "blocking-call-in-async" in editor.rules("shop/api.py"))
        found = next(one for one in editor.found("shop/api.py") if one.code == "blocking-call-in-async")
        related = [(one.location.uri, one.location.range.start.line, one.message) for one in found.related_information or []]
        assert (editor.uri("shop/orders.py"), 4, "settle() calls requests.post") in related
        # what is mended in the other file takes the finding away from this one
        editor.open("shop/orders.py")
        editor.save("shop/orders.py", ORDERS.replace("requests.post", "print"))
        await editor.until(lambda: "blocking-call-in-async" not in editor.rules("shop/api.py"))

    run(scenario, project)


def test_only_open_files_if_so_asked(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        await editor.start("--only-open")
        editor.open("shop/client.py")
        await editor.until(lambda: bool(editor.found("shop/client.py")))
        assert not editor.found("shop/api.py")

    run(scenario, project)


def test_hovering_shows_the_rules_page(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        await editor.start()
        editor.open("shop/client.py")
        await editor.until(lambda: bool(editor.found("shop/client.py")))
        text = await editor.hover("shop/client.py", 4, 30)
        assert text is not None
        assert "### outbound-call-without-timeout" in text and "## Why is this bad" in text and "## When this is wrong" in text
        assert await editor.hover("shop/client.py", 0, 0) is None

    run(scenario, project)


@pytest.mark.parametrize("resolves", [True, False])
def test_a_fix_is_offered_and_changes_the_editors_text_only(resolves: bool, project: Path) -> None:
    before = snapshot(project)

    async def scenario(editor: Editor) -> None:
        await editor.start(resolves=resolves)
        editor.open("shop/client.py")
        await editor.until(lambda: bool(editor.found("shop/client.py")))
        offered = await editor.actions("shop/client.py", 4)
        fix = next(one for one in offered if one.title.startswith("Fix"))
        assert "may change what the code does" in fix.title and not fix.is_preferred, "an unsafe fix must say so and is never the preferred one"
        assert (fix.edit is None) == resolves
        fix = await editor.resolved(fix) if resolves else fix
        assert applied(fix, CLIENT) == CLIENT.replace("requests.get(url)", FIXED)
        assert not await editor.actions("shop/client.py", 0, only=["quickfix"]), "nothing is found on the first line"
        assert await editor.actions("shop/client.py", 4, only=["refactor"]) == []

    run(scenario, project)
    assert snapshot(project) == before


def test_all_safe_fixes_of_a_file_at_once(project: Path) -> None:
    text = """import logging

log = logging.getLogger(__name__)


def work(job):
    try:
        job()
    except Exception as error:
        log.error('failed')  # so be it
"""
    (project / "shop" / "job.py").write_text(text)

    async def scenario(editor: Editor) -> tuple[list[object], list[types.CodeAction]]:
        await editor.start("--select", "log-without-traceback")
        editor.open("shop/job.py")
        await editor.until(lambda: editor.uri("shop/job.py") in editor.shown)
        offered = await editor.actions("shop/job.py", 0, only=["source.fixAll"])
        return editor.rules("shop/job.py"), [await editor.resolved(one) for one in offered]

    rules, offered = run(scenario, project)
    assert rules == ["log-without-traceback"]
    assert [one.kind for one in offered] == ["source.fixAll.backend-lint"]
    assert applied(offered[0], text) == text.replace("log.error", "log.exception")


def test_ignoring_needs_a_reason(project: Path) -> None:
    text = CLIENT.replace("requests.get(url)", "requests.get(\n        url,\n    )")
    (project / "shop" / "client.py").write_text(text)

    async def scenario(editor: Editor) -> None:
        await editor.start()
        editor.open("shop/client.py")
        await editor.until(lambda: bool(editor.found("shop/client.py")))
        offered = await editor.actions("shop/client.py", 5)
        ignore = next(one for one in offered if one.title.startswith("Ignore"))
        after = applied(ignore, text)
        assert "    # backend-lint: ignore[outbound-call-without-timeout] say why\n    label" in after
        # what the editor wrote is no reason yet, and the tool says so until somebody gives one
        editor.save("shop/client.py", after)
        await editor.until(lambda: editor.rules("shop/client.py") == ["suppression-without-reason"])
        editor.save("shop/client.py", after.replace("say why", "the caller's deadline bounds it"))
        await editor.until(lambda: editor.rules("shop/client.py") == [])

    run(scenario, project)


def test_the_reason_is_a_place_to_type_in_where_the_editor_can(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        await editor.start(snippets=True)
        editor.open("shop/client.py")
        await editor.until(lambda: bool(editor.found("shop/client.py")))
        ignore = next(one for one in await editor.actions("shop/client.py", 4) if one.title.startswith("Ignore"))
        assert ignore.edit is not None and ignore.edit.document_changes is not None
        change = ignore.edit.document_changes[0]
        assert isinstance(change, types.TextDocumentEdit) and isinstance(change.edits[0], types.SnippetTextEdit)
        assert "ignore[outbound-call-without-timeout] ${1:say why}" in change.edits[0].snippet.value

    run(scenario, project)


def test_nothing_is_offered_for_text_that_was_not_checked(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        await editor.start()
        editor.open("shop/client.py")
        await editor.until(lambda: bool(editor.found("shop/client.py")))
        fix = next(one for one in await editor.actions("shop/client.py", 4) if one.title.startswith("Fix"))
        editor.type("shop/client.py", "# one line more\n" + CLIENT)
        assert await editor.actions("shop/client.py", 4) == []
        assert (await editor.resolved(fix)).edit is None, "an edit of other text would hit the wrong line"
        assert await editor.hover("shop/client.py", 4, 30) is None
        editor.type("shop/client.py", CLIENT)
        assert await editor.actions("shop/client.py", 4)

    run(scenario, project)


SLOW = '''
import ast, time
from backend_lint.api import NodeRule

class Slow(NodeRule[ast.Call]):
    """A call, looked at for long.

    ## What it does

    Waits.

    ## Why is this bad

    It is not.

    ## Example

    x()

    ## Use instead

    Nothing.

    ## When this is wrong

    Always.
    """

    severity, precision, since = "info", "high", "0.1"
    nodes = (ast.Call,)

    def visit(self, node, file):
        time.sleep(0.7)
        return iter(())
'''


def test_a_long_run_shows_that_it_is_at_work(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    rules = tmp_path_factory.mktemp("rules")
    (rules / "house").mkdir()
    (rules / "house" / "slow.py").write_text(SLOW)

    async def scenario(editor: Editor) -> None:
        await editor.start("--rules-dir", str(rules), "--extend-select", "slow")
        editor.open("shop/client.py")
        await editor.until(lambda: bool(editor.found("shop/client.py")) and "end" in editor.progress)
        assert editor.progress[:3] == ["create", "begin", "end"]

    run(scenario, project)


def test_a_broken_configuration_is_said_and_the_next_run_sees_it_mended(project: Path) -> None:
    (project / "backend-lint.toml").write_text("profil = 'strict'\n")

    async def scenario(editor: Editor) -> None:
        await editor.start()
        editor.open("shop/client.py")
        await editor.until(lambda: bool(editor.told))
        assert "profil" in editor.told[0] and "did you mean 'profile'" in editor.told[0]
        editor.save("shop/client.py", CLIENT)
        await asyncio.sleep(0.5)
        assert len(editor.told) == 1, "the same complaint once"
        (project / "backend-lint.toml").write_text("profile = 'strict'\n")
        editor.save("shop/client.py", CLIENT)
        await editor.until(lambda: bool(editor.found("shop/client.py")))

    run(scenario, project)


def test_a_file_that_is_no_python_any_more_and_one_outside_do_no_harm(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "alone.py"
    outside.write_text(CLIENT)

    async def scenario(editor: Editor) -> None:
        await editor.start()
        editor.client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(outside.as_uri(), "python", 1, CLIENT)))
        editor.client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem("untitled:Untitled-1", "python", 1, CLIENT)))
        editor.client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem("file:///gone/%00%ff.py", "python", 1, CLIENT)))
        editor.open("shop/client.py")
        await editor.until(lambda: bool(editor.found("shop/client.py")) and outside.as_uri() in editor.shown)
        editor.save("shop/client.py", "def broken(:\n")
        await editor.until(lambda: editor.rules("shop/client.py") == [])
        editor.save("shop/client.py", CLIENT)
        await editor.until(lambda: bool(editor.found("shop/client.py")))

    run(scenario, project)


# -- nonsense: bytes written by hand -------------------------------------------------------------------


def framed(*messages: object) -> bytes:
    bodies = [message if isinstance(message, bytes) else json.dumps(message).encode() for message in messages]
    return b"".join(b"Content-Length: %d\r\n\r\n" % len(body) + body for body in bodies)


NONSENSE = [
    b"GET / HTTP/1.1\r\nHost: editor\r\n\r\n",
    b"Content-Length: 99999999999999999999\r\n\r\n",
    b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    b"Content-Length: -5\r\n\r\n",
    b"Content-Length: 0\r\n\r\n",
    b"x" * 100_000 + b"\r\n",
    bytes(range(128, 256)) + b"\r\n",
    framed(b"{"),
    framed(b"\xff\xfe\x00"),
    framed(b"[" * 50_000),
    framed([], 7, "text", None, {}),
    framed({"jsonrpc": "1.0", "method": "initialize"}),
    framed({"jsonrpc": "2.0", "id": 90, "method": "no/such/method", "params": {"a": 1}}),
    framed({"jsonrpc": "2.0", "id": 91, "method": "textDocument/hover", "params": {"textDocument": 5, "position": "here"}}),
    framed({"jsonrpc": "2.0", "id": 92, "method": "textDocument/hover", "params": {"textDocument": {"uri": "file:///"}, "position": {"line": -1e99}}}),
    framed({"jsonrpc": "2.0", "id": 93, "method": "codeAction/resolve", "params": {"title": "x", "data": {"uri": 5, "fingerprints": "all"}}}),
    framed({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": {"uri": "::", "languageId": "", "version": 0, "text": "\0"}}}),
    framed({"jsonrpc": "2.0", "method": "textDocument/didSave", "params": {"textDocument": {"uri": "file:///never/opened.py"}}}),
    framed({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"textDocument": {"uri": "file:///x.py", "version": 1}, "contentChanges": "no"}}),
    framed({"jsonrpc": "2.0", "id": "z", "result": "an answer nobody asked for"}),
]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=range(len(NONSENSE)))
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_nonsense_is_survived(nonsense: bytes, first: bool, project: Path) -> None:
    before = snapshot(project)
    greeting = framed({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"processId": None, "rootUri": project.as_uri(), "capabilities": {}}})
    farewell = framed({"jsonrpc": "2.0", "id": 2, "method": "shutdown"}, {"jsonrpc": "2.0", "method": "exit"})
    sent = nonsense + greeting + farewell if first else greeting + nonsense + farewell
    command = [sys.executable, "-m", "backend_lint", "lsp", "--no-cache"]
    done = subprocess.run(command, cwd=project, input=sent, capture_output=True, timeout=60)
    answers = [json.loads(body) for body in bodies(done.stdout)]
    assert {one.get("id") for one in answers} >= {1, 2}, (answers, done.stderr.decode()[-2000:])
    assert "serverInfo" in next(one["result"] for one in answers if one.get("id") == 1)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr, done.stderr.decode()[-3000:]
    assert snapshot(project) == before


def bodies(stream: bytes) -> list[bytes]:
    """Every message of a stream; fails if anything else is in it."""
    found = []
    while stream:
        head, _, rest = stream.partition(b"\r\n\r\n")
        lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")]
        assert len(lengths) == 1, head[:200]
        found.append(rest[: lengths[0]])
        stream = rest[lengths[0] :]
    return found


GREETING = framed({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}})


@pytest.mark.parametrize("sent", [b"", b"Content-Length: 50\r\n\r\n{", GREETING])
def test_an_editor_that_goes_away_takes_the_server_with_it(sent: bytes, project: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "backend_lint", "lsp"], cwd=project, input=sent, capture_output=True, timeout=60)
    assert b"Traceback" not in done.stderr, done.stderr.decode()[-3000:]


def test_an_editor_that_closes_its_end_only_is_told_nothing(project: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "backend_lint", "lsp"], cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert server.stdin is not None and server.stdout is not None and server.stderr is not None
    with server:
        server.stdout.close()
        server.stdin.write(GREETING)
        server.stdin.close()
        assert server.stderr.read() == b""
        assert server.wait(60) == 0


def test_without_pygls_it_says_what_to_install(project: Path) -> None:
    code = "import sys\nsys.modules['pygls'] = None\nfrom backend_lint.cli.start import main\nsys.exit(main(['lsp']))"
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "backend-lint[lsp]" in done.stderr and "Traceback" not in done.stderr


def test_a_path_is_refused(project: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "backend_lint", "lsp", "shop"], cwd=project, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "name no path" in done.stderr
