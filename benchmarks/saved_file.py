"""What somebody waits for who saves a file in an editor: from didSave to the diagnostics of that file, over the server's standard streams.

usage: python benchmarks/saved_file.py NAME=PROJECT ... [--saves N] [--seed N] [--save-results]

Each project is copied. Files of the application are drawn; in each a line is put above all others (rules see it: all places move), then a remark behind an
import (no rule sees it). `first` is when the first diagnostics of the text arrive, `whole` when the last do that it gets. Milliseconds are wall time; a machine
that does something else shows more, so CPU milliseconds of the server until the first stand beside them. Nothing of the project is run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lsprotocol import types
from pygls.lsp.client import LanguageClient
from results import save

_QUIET = 5.0
"""So long after the last diagnostics, and with the server idle, there are no more."""
_PATIENCE = 300
_IMPORT = re.compile(r"^((?:import|from) [\w ,.]+)$", re.MULTILINE)


class Client:
    def __init__(self, root: Path, cache: Path) -> None:
        self.root, self.cache = root, cache
        self.client = LanguageClient("benchmark", "1")
        self.arrived: list[tuple[float, float, types.PublishDiagnosticsParams]] = []

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            self.arrived.append((time.perf_counter(), self.cpu(), params))

    def cpu(self) -> float:
        """CPU seconds of the server so far."""
        times = Path(f"/proc/{self.client._server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    async def start(self) -> None:
        await self.client.start_io(sys.executable, "-m", "backend_lint", "lsp", "--isolated", "--only-open", "--cache-dir", str(self.cache), cwd=str(self.root))
        folders = [types.WorkspaceFolder(self.root.as_uri(), self.root.name)]
        await self.client.initialize_async(types.InitializeParams(types.ClientCapabilities(), root_uri=self.root.as_uri(), workspace_folders=folders))
        self.client.initialized(types.InitializedParams())

    async def quiet(self, uri: str) -> None:
        """Waits until diagnostics of a file have come and nothing is done any more."""
        deadline = time.monotonic() + _PATIENCE
        spent = -1.0
        while time.monotonic() < deadline:
            await asyncio.sleep(_QUIET / 5)
            used = self.cpu()
            if any(params.uri == uri for _, _, params in self.arrived) and used == spent:
                return
            spent = used
        raise TimeoutError(uri)

    async def saved(self, path: Path, text: str, version: int) -> tuple[float, float, float]:
        """Milliseconds to the first diagnostics and to the last, and of CPU to the first."""
        uri = path.as_uri()
        document = types.VersionedTextDocumentIdentifier(version, uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [types.TextDocumentContentChangeWholeDocument(text)]))
        path.write_bytes(text.encode())
        self.arrived.clear()
        started, used = time.perf_counter(), self.cpu()
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))
        await self.quiet(uri)
        found = [(at, cpu) for at, cpu, params in self.arrived if params.uri == uri and params.version == version]
        return 1000 * (found[0][0] - started), 1000 * (found[-1][0] - started), 1000 * (found[0][1] - used)


def remarked(text: str) -> str:
    """With a remark behind the first import that is written on one line; behind none if there is none."""
    return _IMPORT.sub(r"\1  # a remark", text, count=1)


async def measure(root: Path, cache: Path, saves: int, chance: random.Random) -> dict[str, list[tuple[float, float, float]]]:
    files = [path for path in sorted(root.rglob("*.py")) if 2_000 < path.stat().st_size < 300_000 and not {"tests", "test", "migrations"} & set(path.parts)]
    client = Client(root, cache)
    await client.start()
    found: dict[str, list[tuple[float, float, float]]] = {"seen": [], "not seen": []}
    try:
        for path in chance.sample(files, min(saves, len(files))):
            text = path.read_bytes().decode()
            client.arrived.clear()
            client.client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(path.as_uri(), "python", 1, text)))
            await client.quiet(path.as_uri())
            await asyncio.sleep(0.5)
            found["seen"].append(await client.saved(path, "\n" + text, 2))
            found["not seen"].append(await client.saved(path, "\n" + remarked(text), 3))
            client.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(path.as_uri())))
    finally:
        client.client._server.kill()
        await client.client._server.wait()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="+", metavar="NAME=PROJECT")
    parser.add_argument("--saves", type=int, default=10, help="how many files are saved")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save-results", action="store_true", help="write results/saved_file.json")
    args = parser.parse_args()
    measured = {}
    head = "| project | lines | edit | first, median | first, largest | first, CPU median | whole, median |"
    sys.stdout.write(f"{head}\n| --- | ---: | --- | ---: | ---: | ---: | ---: |\n")
    for named in args.projects:
        name, _, folder = named.partition("=")
        with tempfile.TemporaryDirectory(prefix="backend-lint-saves-") as scratch:
            root = Path(scratch).resolve() / "project"
            shutil.copytree(folder, root, symlinks=True)
            lines = sum(path.read_bytes().count(b"\n") for path in root.rglob("*.py") if path.is_file())
            found = asyncio.run(measure(root, Path(scratch) / "cache", args.saves, random.Random(args.seed)))
        for kind, ones in found.items():
            first, whole, cpu = (list(part) for part in zip(*ones, strict=True))
            row = [statistics.median(first), max(first), statistics.median(cpu), statistics.median(whole)]
            measured[f"{name}, {kind}"] = dict(zip(("first_ms", "largest_first_ms", "cpu_ms", "whole_ms"), (round(one, 1) for one in row), strict=True))
            sys.stdout.write(f"| {name} | {lines:,} | {kind} | " + " | ".join(f"{one:.0f} ms" for one in row) + " |\n")
            sys.stdout.flush()
    if args.save_results:
        save("saved_file", measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
