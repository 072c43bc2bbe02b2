"""Whether hostile input can break a run: every item of the list in a real process, mutated files, what a run does to the machine, kills, full disks.

usage: python benchmarks/hostile.py [items] [mutations] [audit] [kills] [disks] [--files N] [--kills N] [--trees DIR ...] [--save]

Without names all are done. `audit` runs over DIRs (default: the packages of `packages.py`, downloaded). `--save` writes benchmarks/results/hostile.json.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
TREE = HERE.parent
sys.path.insert(0, str(HERE))

from hostile_items import CANARY, ITEMS, REFUSED  # noqa: E402

SECONDS = 60
BYTES = 3 << 30
_ENDS = (0, 1, 2)


class Outcome(NamedTuple):
    """`problems`: what went wrong, a line each; empty if nothing did."""

    name: str
    seconds: float
    problems: tuple[str, ...]


def command(*arguments: str) -> list[str]:
    """The tool in a process of its own. -P as for an installed script: the working directory is not on the path."""
    return [sys.executable, "-P", "-m", "backend_lint", *arguments]


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV")}
    return {**kept, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "PYTHONPATH": str(TREE), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", **more}


def _limited() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def call(root: Path, home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    """Raises TimeoutExpired."""
    return subprocess.run(
        command(*arguments),
        cwd=root,
        env=environment(home, **more),
        capture_output=True,
        timeout=SECONDS,
        check=False,
        preexec_fn=_limited,
        stdin=subprocess.DEVNULL,
    )


# the items


def item(name: str, formats: Sequence[str] = ("json", "text", "sarif", "github", "gitlab", "junit", "markdown", "concise", "jsonl")) -> Outcome:
    """One project of the list: the run ends in time with 0, 1 or 2, nothing of the project ran, no traceback, and the file beside is still reported."""
    problems = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        root, home = Path(folder, "project"), Path(folder, "home")
        root.mkdir()
        home.mkdir()
        ITEMS[name](root)
        (root / "canary.py").write_text(CANARY)
        before = _listing(root)
        for format_ in formats:
            options = ["check", "--format", format_, "--profile", "all", "--no-cache"]
            if (root / ".git").is_dir() and format_ == "json":
                options += ["--diff-base", "HEAD", "--diff-mode", "files"]
            try:
                done = call(root, home, *options)
            except subprocess.TimeoutExpired:
                problems.append(f"{format_}: no end within {SECONDS} s")
                break
            problems += [f"{format_}: {problem}" for problem in _told(name, format_, done)]
        if _listing(root) - before:
            problems.append(f"the run wrote {sorted(_listing(root) - before)[:3]}")
        if (root / "RAN").exists():
            problems.append("code of the project ran")
    return Outcome(name, time.monotonic() - started, tuple(problems))


def _told(name: str, format_: str, done: subprocess.CompletedProcess[bytes]) -> Iterator[str]:
    if done.returncode not in _ENDS:
        yield f"exit {done.returncode}"
    if b"Traceback" in done.stderr or b"internal error" in done.stderr:
        yield f"stderr: {done.stderr[-300:]!r}"
    if name in REFUSED:
        if done.returncode != 2 or b"pyproject.toml" not in done.stderr:
            yield f"exit {done.returncode} without the file's name: {done.stderr[:200]!r}"
        return
    if b"canary.py" not in done.stdout and b"canary" not in done.stdout:
        yield "the file beside is not reported"
    if format_ not in ("text", "concise") or done.stdout:
        if b"\x1b" in done.stdout or b"\x1b" in done.stderr:
            yield "an escape sequence of the project reached the terminal"
        if b"SECRET_OUTSIDE" in done.stdout:
            yield "a file outside the root was shown"
    if format_ in ("json", "sarif"):
        try:
            json.loads(done.stdout)
        except ValueError as error:
            yield f"no JSON: {error}"


def _listing(root: Path) -> set[str]:
    found = set()
    for folder, folders, files in os.walk(root):
        if ".git" in folders:
            folders.remove(".git")
        found |= {f"{folder}/{name}" for name in files + folders}
    return found


# mutated files


def mutations(files: int, seed: int = 1) -> Outcome:
    """Mutated samples through readers, model and all rules."""
    sys.path[:0] = [str(TREE), str(TREE / "tests")]
    import samples
    from mutations import mutated_projects

    from backend_lint.config import Settings
    from backend_lint.engine.run import check_contents

    projects = {
        str(one.path.relative_to(samples.FIXTURES)): {name: path.read_bytes() for path, name in samples.files(one.path) if not name.startswith("base/")}
        for one in samples.samples("bad", "good", "fixed")
    }
    settings = Settings(root=Path("/nonexistent"), profile="all", cache=False, jobs=1)
    started = time.monotonic()
    problems: list[str] = []
    done = 0
    for name, contents in mutated_projects(projects, seed):
        readings, judged = check_contents(settings, samples.registry(), contents)
        problems += [f"{name}: {one.reason}" for _, reading in readings.values() for one in reading.unchecked if " reader failed: " in one.reason]
        problems += [f"{name}: {failure}" for failure in judged.failures]
        done += len(contents)
        if done >= files:
            break
    return Outcome(f"{done} mutated files through readers, model and all rules", time.monotonic() - started, tuple(problems))


# what a run does to the machine

_HOOK = """
import os, sys
log = os.open(os.environ["AUDIT_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
root = os.environ["AUDIT_ROOT"]
TOUCHING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir",
    "os.link", "os.symlink", "os.chmod", "os.chown", "os.truncate", "os.utime", "shutil.rmtree", "shutil.copyfile"}

def note(*parts):
    os.write(log, ("\\t".join(map(str, parts)).replace("\\n", " ")[:2000] + "\\n").encode("utf-8", "surrogateescape"))

def inside(path):
    return path[:1] != "<" and os.path.abspath(path).startswith(root + os.sep)

def hook(event, arguments):
    if event == "open":
        path, _, flags = arguments
        if isinstance(path, (str, bytes)) and isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            note("write", os.path.abspath(os.fsdecode(path)))
    elif event in TOUCHING:
        note("write", os.path.abspath(os.fsdecode(arguments[0])) if isinstance(arguments[0], (str, bytes)) else arguments[0])
    elif event == "sqlite3.connect":
        note("write", os.path.abspath(os.fsdecode(arguments[0])))
    elif event in ("subprocess.Popen", "os.posix_spawn"):
        note("start", arguments[0], list(arguments[1]))
    elif event in ("os.system", "os.exec", "os.startfile", "pty.spawn", "ctypes.dlopen", "cpython.run_file"):
        note(event, arguments[:1])
    elif event.startswith(("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostby", "socket.sendto", "urllib", "http.", "ftplib", "smtplib")):
        note("socket", event, arguments[1:2])
    elif event == "exec" and inside(getattr(arguments[0], "co_filename", "<")):
        note("import", arguments[0].co_filename)
    elif event == "import" and arguments[1] and inside(str(arguments[1])):
        note("import", arguments[1])

sys.addaudithook(hook)
"""
_GIT = ("rev-parse", "merge-base", "ls-tree", "cat-file", "diff-tree", "ls-files")


def audit(root: Path) -> Outcome:
    """A run over a tree: no import from it, no socket, no process but git's plumbing, no write outside cache and named output."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        home, hook, log, out = Path(folder, "home"), Path(folder, "hook"), Path(folder, "log"), Path(folder, "out.sarif")
        home.mkdir()
        hook.mkdir()
        (hook / "sitecustomize.py").write_text(_HOOK)
        more = {"PYTHONPATH": f"{hook}{os.pathsep}{TREE}", "AUDIT_LOG": str(log), "AUDIT_ROOT": str(root.resolve())}
        arguments = ("check", "--isolated", "--profile", "all", "--exit-zero", "--format", "json", "--output", f"sarif={out}", "-j", "2")
        done = subprocess.run(command(*arguments), cwd=root, env=environment(home, **more), capture_output=True, timeout=900, check=False)
        problems = [] if done.returncode == 0 else [f"exit {done.returncode}: {done.stderr[-300:]!r}"]
        lines = log.read_text("utf-8", "surrogateescape").splitlines() if log.exists() else []
        if not lines:
            problems.append("the audit hook saw nothing: it proves nothing")
        allowed = (f"write\t{home}", f"write\t{out}", f"write\t{out.with_name('.' + out.name)}", "write\t/dev/null")
        for line in sorted(set(lines)):
            if line.startswith(allowed):
                continue
            kind, _, what = line.partition("\t")
            if kind == "start" and _is_plumbing(what):
                continue
            problems.append(line)
        return Outcome(f"audit of {root.name}: {len(lines)} events", time.monotonic() - started, tuple(problems[:20]))


def _is_plumbing(what: str) -> bool:
    path, _, arguments = what.partition("\t")
    return Path(path).is_absolute() and Path(path).name == "git" and "core.fsmonitor=false" in arguments and any(f"'{name}'" in arguments for name in _GIT)


# kills, crowds, disks


def _service(root: Path, files: int) -> None:
    (root / "app").mkdir(parents=True)
    for index in range(files):
        (root / "app" / f"m{index}.py").write_text(CANARY.replace("canary", f"canary_{index}") + f"# {index}\n" * 20)


def _report(root: Path, home: Path, *more: str) -> bytes:
    return call(root, home, "check", "--isolated", "--format", "json", *more).stdout


def kills(times: int, seed: int = 1) -> Outcome:
    """Runs that are killed at random points; the next one answers like one without a cache."""
    chance = random.Random(seed)
    started = time.monotonic()
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        root, home = Path(folder, "project"), Path(folder, "home")
        home.mkdir()
        _service(root, 120)
        expected = _report(root, home, "--no-cache")
        begun = time.monotonic()
        _report(root, home)
        whole = time.monotonic() - begun
        for number in range(times):
            (root / "app" / f"m{chance.randrange(120)}.py").touch()
            if chance.random() < 0.3:
                _forget(home)
            process = subprocess.Popen(
                command("check", "--isolated", "--format", "json"),
                cwd=root,
                env=environment(home),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            time.sleep(chance.random() * whole * 1.1)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if number % 4 == 3 and _report(root, home) != expected:
                problems.append(f"after kill {number} the report differs")
        if _report(root, home) != expected:
            problems.append("the last report differs")
    return Outcome(f"kill -9 at {times} random points", time.monotonic() - started, tuple(problems))


def _forget(home: Path) -> None:
    for path in (home / "cache").rglob("*"):
        if path.is_file():
            path.unlink()


def crowd(rounds: int, runs: int = 16) -> Outcome:
    """Many runs at once on one cache."""
    started = time.monotonic()
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        root, home = Path(folder, "project"), Path(folder, "home")
        home.mkdir()
        _service(root, 60)
        expected = _report(root, home, "--no-cache")
        for number in range(rounds):
            if number % 2:
                _forget(home)
            crowd = [
                subprocess.Popen(
                    command("check", "--isolated", "--format", "json"), cwd=root, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE
                )
                for _ in range(runs)
            ]
            for process in crowd:
                out, err = process.communicate(timeout=300)
                if out != expected or b"Traceback" in err:
                    problems.append(f"round {number}: another report, {err[-200:]!r}")
    return Outcome(f"{runs} runs at once on one cache, {rounds} times", time.monotonic() - started, tuple(problems))


def disks() -> Iterable[Outcome]:
    """A cache that cannot be written, and reports onto a full disk."""
    with tempfile.TemporaryDirectory() as folder:
        root, home = Path(folder, "project"), Path(folder, "home")
        home.mkdir()
        _service(root, 30)
        expected = _report(root, home, "--no-cache")
        for name, cache in (("a cache below a file", home / "file" / "cache"), ("a cache on a full device", Path("/dev/full"))):
            (home / "file").write_text("")
            started = time.monotonic()
            done = call(root, home, "check", "--isolated", "--format", "json", "--cache-dir", str(cache))
            problems = [] if done.stdout == expected and b"Traceback" not in done.stderr else [f"{done.stderr[-200:]!r}"]
            yield Outcome(name, time.monotonic() - started, tuple(problems))
        started = time.monotonic()
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                command("check", "--isolated", "--no-cache"), cwd=root, env=environment(home), stdout=full, stderr=subprocess.PIPE, timeout=SECONDS, check=False
            )
        problems = [] if done.returncode == 2 and b"Traceback" not in done.stderr and done.stderr else [f"exit {done.returncode}: {done.stderr[-200:]!r}"]
        yield Outcome("standard output on a full disk", time.monotonic() - started, tuple(problems))
        (home / "out.sarif").write_text("precious")
        started = time.monotonic()
        done = subprocess.run(
            command("check", "--isolated", "--output", f"sarif={home / 'out.sarif'}"),
            cwd=root,
            env=environment(home),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            preexec_fn=_small_files,
        )
        kept = (home / "out.sarif").read_text() == "precious"
        problems = (
            [] if done.returncode == 2 and kept and b"Traceback" not in done.stderr else [f"exit {done.returncode}, kept: {kept}: {done.stderr[-200:]!r}"]
        )
        yield Outcome("a report that does not fit on the disk leaves the old one", time.monotonic() - started, tuple(problems))


def _small_files() -> None:
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", metavar="NAME", help="items, mutations, audit, kills, disks; default: all")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--trees", type=Path, nargs="*")
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args()
    names = ("items", "mutations", "audit", "kills", "disks")
    if unknown := set(given.what) - set(names):
        parser.error(f"{', '.join(sorted(unknown))}: none of {', '.join(names)}")
    steps: dict[str, Callable[[], Iterable[Outcome]]] = {
        "items": lambda: map(item, ITEMS),
        "mutations": lambda: [mutations(given.files)],
        "audit": lambda: map(audit, given.trees if given.trees is not None else _packages()),
        "kills": lambda: (one for one in (kills(given.kills), crowd(given.rounds))),
        "disks": disks,
    }
    outcomes = []
    for name in given.what or names:
        for outcome in steps[name]():
            outcomes.append((name, outcome))
            sys.stdout.write(
                f"{'FAILED' if outcome.problems else 'ok':7} {outcome.seconds:7.1f} s  {outcome.name}\n"
                + "".join(f"          {one}\n" for one in outcome.problems[:8])
            )
            sys.stdout.flush()
    failed = sum(bool(outcome.problems) for _, outcome in outcomes)
    sys.stdout.write(f"{len(outcomes)} checks, {failed} failed\n")
    if given.save:
        from results import save

        save("hostile", {one.name: {"of": name, "failed": list(one.problems), "seconds": round(one.seconds, 1)} for name, one in outcomes})
    return 1 if failed else 0


def _packages() -> Iterable[Path]:
    from packages import fetch

    return fetch(Path(tempfile.gettempdir()) / "backend-lint-corpus").values()


if __name__ == "__main__":
    sys.exit(main())
