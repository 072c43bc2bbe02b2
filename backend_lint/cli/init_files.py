"""The files that ``init`` writes, each line of them explained where it stands. Actions are named by the commit that their version was."""

from __future__ import annotations

import json

from backend_lint import __version__
from backend_lint.cli.survey import Survey
from backend_lint.report.escape import visible

_CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683  # v4.2.2"
_PYTHON = "actions/setup-python@0b93645e9fea7318ecaed2b359559ac225c90a2b  # v5.3.0"
_SARIF = "github/codeql-action/upload-sarif@48ab28a6f5dbc2a99bf1e0131198dd8f1df78169  # v3.28.0"
_SHOWN = 12


def configuration(found: Survey, baseline: str) -> str:
    """``backend-lint.toml``; `baseline` is the name of the file with accepted findings, empty for none."""
    lines = ["# backend-lint reads this file. Every key has a default: `backend-lint --show-settings` lists them with where each value comes from.", "#"]
    # a name of the project could hold a line end, and with it a key
    lines += [visible(f"# detected: {one.what}: {one.value}{f' ({one.why})' if one.why else ''}") for one in found.found]
    lines += [
        "",
        "# an older backend-lint that does not know these keys says so instead of guessing",
        f'required-version = ">={__version__}"',
        "",
        "# how sure a rule must be to speak: default is meant to be right nine times in ten, strict three in four, all is everything there is",
        'profile = "default"',
        "",
        "# the least severity that fails a run: error, warning, info or never",
        'fail-on = "error"',
    ]
    if baseline:
        lines += [
            "",
            "# what was there on the first day: it is not reported again, and new findings are. `backend-lint baseline prune` drops what is mended",
            f'baseline = "{baseline}"',
        ]
    if found.dialect:
        lines += [
            "",
            "# the database whose planner, locks and index kinds are judged by",
            "[database]",
            f'dialect = "{found.dialect}"',
        ]
    if found.layers:
        lines += ["", "# layers were recognised; declare them, lowest first, to hold every import to them:", "# [layers]"]
        lines += [visible(f"# {json.dumps(name)} = {json.dumps(packages[:_SHOWN])}") for name, packages in found.layers[:_SHOWN]]
    return "\n".join(lines) + "\n"


def pre_commit() -> str:
    """``.pre-commit-config.yaml``."""
    return f"""\
# pre-commit runs this before each commit: `pre-commit install` switches it on, `pre-commit run --all-files` runs it now
repos:
  - repo: local
    hooks:
      - id: backend-lint
        name: backend-lint
        # names of changed files are handed over: rules that join files report what touches them
        entry: backend-lint check
        language: python
        additional_dependencies: ["backend-lint>={__version__}"]
        types_or: [python, sql, yaml, toml, ini, shell, dockerfile, terraform]
        # backend-lint parallelises inside, and its processes share one cache
        require_serial: true
"""


def github() -> str:
    """``.github/workflows/backend-lint.yml``."""
    return f"""\
# Checks every push, and of a pull request what it brings.
name: backend-lint
on:
  push:
    branches: [main, master]
  pull_request:
# a job that only reads needs no more than that; reports to code scanning need one permission more
permissions:
  contents: read
  security-events: write
jobs:
  backend-lint:
    runs-on: ubuntu-latest
    steps:
      # actions are named by commit: a tag can be moved
      - uses: {_CHECKOUT}
        with:
          # what is new is told by comparing with the base, which a shallow clone does not hold
          fetch-depth: 0
          persist-credentials: false
      - uses: {_PYTHON}
        with:
          python-version: "3.12"
      - run: python -I -m pip install "backend-lint>={__version__}"
      # a change cannot weaken what judges it: configuration and baseline are read from the base
      - if: github.event_name == 'pull_request'
        env:
          BASE: origin/${{{{ github.base_ref }}}}
        run: backend-lint --diff-base "$BASE" --config-from "$BASE" --output github=- --output sarif=backend-lint.sarif
      - if: github.event_name != 'pull_request'
        run: backend-lint --output github=- --output sarif=backend-lint.sarif
      # findings beside the code; forks have no permission to write there
      - if: always() && (github.event_name != 'pull_request' || github.event.pull_request.head.repo.full_name == github.repository)
        uses: {_SARIF}
        with:
          sarif_file: backend-lint.sarif
"""


def gitlab() -> str:
    """A job for GitLab."""
    return f"""\
# Checks every pipeline; findings stand in the merge request's code quality widget.
backend-lint:
  image: python:3.12-slim
  variables:
    # what is new is told by comparing with the target branch, which a shallow clone does not hold
    GIT_DEPTH: "0"
  before_script:
    - apt-get update -qq && apt-get install -y -qq --no-install-recommends git
    - python -I -m pip install --quiet "backend-lint>={__version__}"
  script:
    - |
      if [ -n "$CI_MERGE_REQUEST_DIFF_BASE_SHA" ]; then
        # a change cannot weaken what judges it: configuration and baseline are read from the base
        set -- --diff-base "$CI_MERGE_REQUEST_DIFF_BASE_SHA" --config-from "$CI_MERGE_REQUEST_DIFF_BASE_SHA"
      fi
      backend-lint "$@" --output gitlab=gl-code-quality-report.json --output text=-
  artifacts:
    # a failed job shows its findings too
    when: always
    reports:
      codequality: gl-code-quality-report.json
"""
