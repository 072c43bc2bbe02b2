"""``backend-lint check``: findings and the gate's verdict."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backend_lint.cli.options import Command, Prepared, choice_of_severity, prepare, project_options, read_stdin, working_directory
from backend_lint.cli.streams import say, terminal_width, transcript, wants_color, warn, write_file, write_report
from backend_lint.config import ConfigError, Settings, nearest
from backend_lint.config_keys import DIFF_MODES, FORMATS
from backend_lint.engine.result import Result

if TYPE_CHECKING:
    from backend_lint.engine.recording import Watch
    from backend_lint.engine.run import Elsewhere

_STDIN_LIMIT = 100_000_000


def _outputs(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, Path | None], ...]:
    found: list[tuple[str, Path | None]] = []
    for value in values:
        name, separator, path = value.partition("=")
        if not separator or not path:
            raise click.BadParameter(f"{value!r} is not FORMAT=PATH, such as sarif=report.sarif")
        if name not in FORMATS:
            raise click.BadParameter(f"{name!r} is none of {', '.join(FORMATS)}{nearest(name, FORMATS)}")
        found.append((name, None if path == "-" else Path(path)))
    return tuple(found)


_REPORTS = (
    click.option("--severity-threshold", type=choice_of_severity(), help="Show findings of at least this severity."),
    click.option("--fail-on", type=choice_of_severity("never"), help="The least severity that makes the exit code 1 (default: error)."),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 in spite of findings and a failed gate."),
    click.option("--diff-base", metavar="REF", help="Report only what is new since this git revision."),
    click.option("--diff-mode", type=click.Choice(DIFF_MODES), help="What counts as new: findings (default), changed lines or changed files."),
    click.option("--diff-file", type=click.Path(path_type=Path), help="Report only findings on lines that this unified diff adds; - for standard input."),
    click.option("--baseline", type=click.Path(path_type=Path), help="A file with accepted findings."),
    click.option("--format", "format_", type=click.Choice(FORMATS), help="The report on standard output (default: text)."),
    click.option("--output", callback=_outputs, multiple=True, metavar="FORMAT=PATH", help="One more report, to a file; repeatable."),
    click.option("--statistics", is_flag=True, help="Count findings and unanswered questions by rule, on standard error."),
    click.option("--timings", is_flag=True, help="CPU seconds of stages and rules, on standard error."),
    click.option("--show-fixes", is_flag=True, help="Show what `backend-lint fix` would change at each finding, as a difference."),
    click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the text report (default: auto, at a terminal)."),
)


def report_options(command: Command) -> Command:
    """Adds the options that say what is reported, and how."""
    for option in reversed(_REPORTS):
        command = option(command)
    return command


@click.command("check", short_help="Report findings and the gate's verdict (the default command).")
@project_options
@report_options
@click.option("--show-files", is_flag=True, help="List the files that would be checked, and stop.")
@click.option("--show-settings", is_flag=True, help="List every setting, its value and its origin, and stop.")
@click.option("--watch", is_flag=True, help="Report again whenever a file changes, until Ctrl-C.")
@click.option("--stdin-filename", metavar="PATH", help="Check standard input as if it were this file.")
@click.option("--executor", metavar="ADDRESS", help="Read files on a Dask cluster: dask://HOST:PORT.")
@click.option("--shard", metavar="N/M", help="Only read the N-th of M parts of the files, for `backend-lint merge`.")
@click.option("--shard-file", type=click.Path(path_type=Path), help="Where --shard writes (default: backend-lint-N-of-M.readings).")
@click.pass_context
def command(context: click.Context, /, **given: Any) -> int:
    """Report findings in PATHS (default: the project) and the gate's verdict.

    The whole project is always read, since rules join files; only findings in PATHS are reported. `-` is standard input.
    """
    rest = {"show_files": given["show_files"]}
    paths, stdin_name = _stdin(given)
    given["paths"] = paths
    fixes = given["show_fixes"]
    if given["watch"]:
        if stdin_name is not None or str(given["diff_file"]) == "-":
            raise ConfigError("--watch checks again and again, and standard input can be read once: name files")
        from backend_lint.cli.watch import watch

        return watch(lambda seen: report(*asked(given, rest), watch=seen, fixes=fixes), quiet=given["quiet"] > 0)
    prepared, cwd = asked(given, rest)
    prepared = prepared._replace(settings=_with_stdin(prepared.settings, cwd, stdin_name))
    if given["show_settings"]:
        from backend_lint.cli.show_settings import listing

        write_report(listing(prepared))
        return 0
    if given["show_files"]:
        return _show_files(prepared.settings)
    if given["shard"] is not None:
        from backend_lint.cli.merge import write_part

        return write_part(prepared, given["shard"], given["shard_file"], cwd)
    if given["shard_file"] is not None:
        raise ConfigError("--shard-file is where a part goes; name the part with --shard N/M")
    if given["executor"] is not None:
        from backend_lint.engine.executors import executor_at
        from backend_lint.engine.run import Elsewhere

        with executor_at(given["executor"]) as executor:
            return report(prepared, cwd, Elsewhere(executor), fixes=fixes)
    return report(prepared, cwd, fixes=fixes)


def asked(given: dict[str, Any], rest: dict[str, Any]) -> tuple[Prepared, Path]:
    """What the options of `project_options` and `report_options` ask for, and the working directory. Raises ConfigError."""
    rest = {**rest, **{name: given[name] for name in ("exit_zero", "statistics", "timings", "color")}}
    if given["output"] or given["format_"]:
        rest["formats"] = _formats(given["format_"], given["output"])
    cwd = working_directory()
    if given["diff_file"] is not None:
        rest["diff_file"] = given["diff_file"] if str(given["diff_file"]) == "-" else cwd / given["diff_file"]
    prepared = prepare(
        given,
        rest,
        severity_threshold=given["severity_threshold"],
        fail_on=given["fail_on"],
        diff_base=given["diff_base"],
        diff_mode=given["diff_mode"],
        baseline=None if given["baseline"] is None else cwd / given["baseline"],
    )
    if given["diff_mode"] is not None and prepared.settings.diff_base is None and prepared.settings.diff_file is None:
        raise ConfigError("--diff-mode says how to compare; name what to compare with by --diff-base or --diff-file")
    if given["isolated"] and given["config_from"] is not None:
        raise ConfigError("--isolated reads no configuration and --config-from reads one: leave one of them out")
    _refuse_contradictions(prepared.settings, cwd)
    return prepared, cwd


def report(prepared: Prepared, cwd: Path, elsewhere: Elsewhere | None = None, watch: Watch | None = None, fixes: bool = False) -> int:
    """Runs, judges, writes every report; returns the exit code. `watch` is told what the run looked at; `fixes`: suggestions are differences."""
    from backend_lint.engine.recording import Watch

    settings = prepared.settings
    watch = watch or Watch()
    watch.add(*prepared.loaded.files, *settings.rules_dir)
    if settings.config_from is not None or elsewhere is not None:
        watch.refuse()
    result = judged(prepared, watch, elsewhere)
    visible = _shown(result, settings)
    if fixes:
        from backend_lint.engine.previews import with_differences

        visible = with_differences(visible, settings, prepared.registry)
    for name, path in settings.formats:
        if path is not None:
            write_file(cwd / path, _render(name, visible, settings, False))
    color = wants_color(settings.color)
    for name, path in settings.formats:
        if path is None and not (settings.verbosity < 0 and name in ("text", "concise") and not (visible.findings or result.unchecked or not result.passed)):
            write_report(_render(name, visible, settings, color, terminal_width()))
    if settings.verbosity >= 0:
        for note in result.notes:
            warn(note)
    if settings.verbosity > 0:
        file = settings.config_file or "none, the defaults hold"
        warn(f"root {settings.root} ({prepared.loaded.place.reason}); configuration {file}; {len(result.cards)} rules; {result.files} files", "note")
        for missed in result.not_understood:
            warn(f"{missed.path}:{missed.line}: {missed.reason}", "not understood")
    if settings.statistics or settings.timings:
        from backend_lint.cli.statistics import statistics, timings

        if settings.statistics:
            say(statistics(result))
        if settings.timings:
            say(timings(result))
    code = 0 if result.passed or settings.exit_zero else 1
    if transcript.whole:
        watch.save(settings, prepared.registry, bytes(transcript.out), bytes(transcript.err), code)
    return code


def judged(prepared: Prepared, watch: Watch | None = None, elsewhere: Elsewhere | None = None) -> Result:
    """The result of a run with the gate's verdict."""
    from backend_lint.cli.progress import progress
    from backend_lint.engine.run import run
    from backend_lint.gate.conditions import evaluate

    with progress(prepared.settings.verbosity):
        result = run(prepared.settings, prepared.registry, watch, elsewhere)
    return evaluate(result, prepared.settings)


def _shown(result: Result, settings: Settings) -> Result:
    from backend_lint.gate.conditions import shown

    return shown(result, settings)


def _render(name: str, result: Result, settings: Settings, color: bool, terminal: int = 0) -> str:
    from backend_lint.report import render

    if name != "html":
        return render(name, result, settings, color, terminal=terminal)
    from backend_lint.engine.run import read_model
    from backend_lint.report.page_model import about

    return render(name, result, settings, color, about=lambda: about(read_model(settings)[0], result))


def _formats(name: str | None, outputs: tuple[tuple[str, Path | None], ...]) -> tuple[tuple[str, Path | None], ...]:
    if any(path is None for _, path in outputs):
        if name is not None or sum(path is None for _, path in outputs) > 1:
            raise click.UsageError("standard output takes one report; give the others a file with --output FORMAT=PATH")
        return outputs
    return ((name or "text", None), *outputs)


def _stdin(given: dict[str, Any]) -> tuple[tuple[str, ...], str | None]:
    """The paths, and the name of standard input if that is what is checked."""
    paths: tuple[str, ...] = given["paths"]
    if "-" not in paths and given["stdin_filename"] is None:
        return paths, None
    if [path for path in paths if path != "-"]:
        raise click.UsageError("standard input is checked alone: name no other path beside -")
    if given["diff_file"] == Path("-"):
        raise click.UsageError("--diff-file - and - both want standard input")
    return (), given["stdin_filename"] or "stdin.py"


def _with_stdin(settings: Settings, cwd: Path, name: str | None) -> Settings:
    if name is None:
        return settings
    import os

    from msgspec.structs import replace

    path = Path(os.path.normpath(cwd / name))
    if not path.is_relative_to(settings.root):
        raise ConfigError(f"--stdin-filename {name} lies outside the project {settings.root}")
    data = read_stdin(min(settings.max_file_size, _STDIN_LIMIT))
    return replace(settings, stdin_filename=path.relative_to(settings.root).as_posix(), stdin=data)


def _refuse_contradictions(settings: Settings, cwd: Path) -> None:
    if settings.diff_base is not None and settings.diff_file is not None:
        raise ConfigError("--diff-base and --diff-file both say what is new: name one")
    for name, path in settings.formats:
        if path is not None and ((cwd / path).is_dir() or not (cwd / path).parent.is_dir()):
            reason = "is a folder" if (cwd / path).is_dir() else "lies in a folder that does not exist"
            raise ConfigError(f"--output {name}={path}: {path} {reason}")
        if path is not None and _leads_out(cwd / path, settings.root):
            raise ConfigError(f"--output {name}={path}: a symbolic link of the project leads out of it; remove it, or name another file")
    if settings.diff_file is not None and str(settings.diff_file) != "-" and not (cwd / settings.diff_file).exists():
        raise ConfigError(f"--diff-file {settings.diff_file}: no such file")


def _leads_out(path: Path, root: Path) -> bool:
    """A link that the checked repository may have put in the way of the report."""
    folder = path.parent.resolve()
    return path.is_symlink() and folder.is_relative_to(root.resolve()) and not path.resolve().is_relative_to(root.resolve())


def _show_files(settings: Settings) -> int:
    from backend_lint.engine.discover import asked_for, discover
    from backend_lint.report.escape import visible

    discovery = discover(settings)
    asked = asked_for(settings.paths)
    paths = [one.path for one in discovery.candidates if asked(one.path)]
    write_report("".join(f"{visible(path)}\n" for path in paths))
    for skipped in discovery.unchecked:
        if asked(skipped.path):
            warn(f"{skipped.path}: {skipped.reason}", "not checked")
    if not paths and settings.verbosity >= 0:
        warn("nothing to check: no file that a reader understands was found")
    sys.stdout.flush()
    return 0
