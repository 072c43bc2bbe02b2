"""``backend-lint init``: shows what a project is made of, and writes configuration, baseline, hook and CI jobs for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import click

from backend_lint.cli.baseline import DEFAULT, RATCHET
from backend_lint.cli.options import Prepared, prepare, working_directory
from backend_lint.cli.propose_gate import Proposal, propose_gate
from backend_lint.cli.streams import say, write_report
from backend_lint.cli.survey import Survey, survey
from backend_lint.config import ConfigError
from backend_lint.config_file import locate
from backend_lint.engine.coverage_ratchet import text as ratchet_text
from backend_lint.engine.result import Result

_HOOK = ".pre-commit-config.yaml"
_WORKFLOW = ".github/workflows/backend-lint.yml"
_PIPELINE = ".gitlab-ci.yml"
_INCLUDED = ".gitlab/backend-lint.yml"


class Planned(NamedTuple):
    """A file to write. `there`: somebody wrote one, which stays. `after` tells what is left to do."""

    path: str
    text: str
    why: str
    there: bool = False
    after: str = ""


@click.command("init", short_help="Show what a project is made of; write configuration, baseline, hook and CI jobs.")
@click.option("--pre-commit/--no-pre-commit", default=None, help="A hook for pre-commit (default: in a git repository).")
@click.option("--github/--no-github", default=None, help="A workflow for GitHub (default: if the project is there).")
@click.option("--gitlab/--no-gitlab", default=None, help="A job for GitLab (default: if the project is there).")
@click.option("--baseline/--no-baseline", default=True, help="Accept today's findings, so that only new ones are reported.")
@click.option("--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
def command(dry_run: bool, force: bool, **asked: Any) -> int:
    """Read the project, show what it is made of, and write backend-lint.toml in its root with a first baseline, a hook and CI jobs.

    Each file says in comments what its lines are for. Files that are there stay as they are without --force.
    """
    here = working_directory()
    place = locate(here, here)
    if place.config_file is not None and not force and not dry_run:
        raise ConfigError(f"{place.config_file} would be replaced or overruled; --force does it")
    if (kept := [name for name in (DEFAULT, RATCHET) if (place.root / name).exists()]) and not force and not dry_run:
        raise ConfigError(f"{' and '.join(kept)} in {place.root} would be replaced; --force does it")
    prepared = _prepared(place.root)
    found = survey(prepared)
    write_report(_shown(found))
    proposal = propose_gate(prepared.settings, prepared.registry, RATCHET)
    planned = _planned(place.root, found, proposal, asked, force)
    if dry_run:
        for one in planned:
            write_report(f"\n--- {one.path}{' (is there and would stay)' if one.there else ''}: {one.why}\n{one.text}")
        say("backend-lint: nothing was written")
        return 0
    for one in planned:
        if not one.there:
            _check(place.root, one.path)
    for one in planned:
        if one.there:
            say(f"backend-lint: {one.path} is there and stays as it is; {one.after or '--force replaces it'}")
            continue
        _write(place.root / one.path, one.text, proposal.result if one.path == DEFAULT else None)
        say(f"backend-lint: wrote {one.path}: {one.why}")
        if one.after:
            say(f"              {one.after}")
    hosted = {one.path for one in planned} & {_WORKFLOW, _PIPELINE, _INCLUDED}
    if not hosted and asked["github"] is None and asked["gitlab"] is None:
        say("backend-lint: where its jobs run is not known: --github or --gitlab writes one")
    return 0


def _prepared(root: Path) -> Prepared:
    """The defaults: what an old configuration left out is found again."""
    return prepare({"isolated": True}, folder=root)


def _shown(found: Survey) -> str:
    from backend_lint.report.escape import visible
    from backend_lint.report.wording import summary

    widths = max(len(one.what) for one in found.found), min(44, max(len(one.value) for one in found.found))
    lines = [f"  {one.what:<{widths[0]}}  {visible(one.value):<{widths[1]}}  {visible(one.why)}".rstrip() for one in found.found]
    return "found\n" + "\n".join(lines) + f"\n  {'findings':<{widths[0]}}  {summary(found.result)}\n"


def _planned(root: Path, found: Survey, proposal: Proposal, asked: dict[str, Any], force: bool) -> list[Planned]:
    from backend_lint.cli.init_files import configuration, github, gitlab, pre_commit
    from backend_lint.report.wording import plural

    accepts = bool(asked["baseline"] and proposal.result.findings)
    text = configuration(found, DEFAULT if accepts else "") + proposal.tables
    planned = [("backend-lint.toml", text, f"what is checked, each key explained{proposal.said}", "")]
    if accepts:
        planned.append((DEFAULT, "", f"{plural(len(proposal.result.findings), 'finding')} of today; only new ones are reported from here on", "commit it"))
    if proposal.below:
        why = f"what tests execute today of {plural(len(proposal.below), 'file')} below the floor; it may not fall"
        planned.append((RATCHET, ratchet_text(proposal.below), why, "commit it"))
    if asked["pre_commit"] or (asked["pre_commit"] is None and (root / ".git").exists()):
        planned.append((_HOOK, pre_commit(), "checks what a commit changes", "`pre-commit install` switches it on"))
    if asked["github"] or (asked["github"] is None and found.host == "github"):
        planned.append((_WORKFLOW, github(), "checks every push and pull request", ""))
    if asked["gitlab"] or (asked["gitlab"] is None and found.host == "gitlab"):
        own = not (root / _PIPELINE).exists()
        path, after = (_PIPELINE, "") if own else (_INCLUDED, f"put `include: [{{local: {_INCLUDED}}}]` into {_PIPELINE}")
        planned.append((path, gitlab(), "checks every pipeline", after))
    taken = [Planned(path, text, why, (root / path).exists() and not force, after) for path, text, why, after in planned]
    snippet = "--dry-run prints the hook to put into it"
    return [one._replace(after=snippet) if one.path == _HOOK and one.there else one for one in taken]


def _check(root: Path, name: str) -> None:
    """Raises ConfigError for a file that could not be written, before the first of them is."""
    path = root / name
    if path.is_symlink() or any(parent.is_symlink() for parent in (path.parent, path.parent.parent)):
        raise ConfigError(f"{path} is reached through a link; write to where it leads yourself. Nothing was written")
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; a file is to stand there. Nothing was written")
    for parent in path.parents:
        if parent == root or parent.is_dir():
            break
        if os.path.lexists(parent):
            raise ConfigError(f"{parent} is no folder, and {name} is to stand in it: move it away, or leave it out as `--help` says. Nothing was written")


def _write(path: Path, text: str, accepted: Result | None) -> None:
    """Writes a file, or the baseline with the findings that are `accepted`. Raises ConfigError."""
    from backend_lint.engine.baseline import create
    from backend_lint.engine.write import replace_file

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if accepted is not None:
            create(path, accepted)
        else:
            replace_file(path, text.encode("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
