"""``backend-lint init``: writes a configuration with what was detected, and a gate that the project passes today."""

from __future__ import annotations

import click

from backend_lint import __version__
from backend_lint.cli.options import working_directory
from backend_lint.cli.streams import say
from backend_lint.config import ConfigError
from backend_lint.config_file import locate

_CONFIGURATION = """\
# https://pypi.org/project/backend-lint/ - every key has a default; `backend-lint --show-settings` lists them all
required-version = ">={version}"
profile = "default"
"""
_PRE_COMMIT = """\
repos:
  - repo: local
    hooks:
      - id: backend-lint-project
        name: backend-lint
        entry: backend-lint
        language: python
        additional_dependencies: ["backend-lint>={version}"]
        pass_filenames: false
        require_serial: true
"""
_WORKFLOW = """\
name: backend-lint
on: [push, pull_request]
permissions:
  contents: read
jobs:
  backend-lint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install "backend-lint>={version}"
      - run: backend-lint --format github
"""


@click.command("init", short_help="Write a configuration with what was detected and a gate that passes today.")
@click.option("--pre-commit", is_flag=True, help="Also .pre-commit-config.yaml.")
@click.option("--github", is_flag=True, help="Also .github/workflows/backend-lint.yml.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
def command(pre_commit: bool, github: bool, force: bool) -> int:
    """Write backend-lint.toml in the project root, with a gate that the project passes today and that new findings fail.

    Findings of today become the baseline, what tests execute today the floors of coverage. Files that are there stay as they are without --force.
    """
    from backend_lint.cli.baseline import DEFAULT, RATCHET
    from backend_lint.cli.detect import detect

    here = working_directory()
    place = locate(here, here)
    found = detect(place.root)
    head = "".join(f"# detected: {one.name}{'' if one.value == 'yes' else f' {one.value}'} ({one.why})\n" for one in found)
    files = {"backend-lint.toml": head + _CONFIGURATION}
    if pre_commit:
        files[".pre-commit-config.yaml"] = _PRE_COMMIT
    if github:
        files[".github/workflows/backend-lint.yml"] = _WORKFLOW
    there = [name for name in (*files, DEFAULT, RATCHET) if (place.root / name).exists()]
    if place.config_file is not None and place.config_file.name not in there:
        there.append(place.config_file.name)
    if there and not force:
        raise ConfigError(f"{', '.join(there)} in {place.root} would be replaced or overruled; --force does it")
    from backend_lint.cli.progress import progress
    from backend_lint.cli.propose_gate import propose_gate

    with progress(0):
        proposal = propose_gate(place.root, DEFAULT, RATCHET)
    files["backend-lint.toml"] += proposal.keys + proposal.tables
    for path in proposal.wrote:
        say(f"backend-lint: wrote {path}")
    for name, text in files.items():
        path = place.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{version}", __version__), encoding="utf-8")
        say(f"backend-lint: wrote {path}")
    for line in proposal.said:
        say(f"backend-lint: {line}")
    return 0
