"""How the project tells coverage.py what to measure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class CoverageConfig(msgspec.Struct, frozen=True):
    """What a configuration file says. `path` is empty if there is none. `lines`: key, such as ``run.omit``, -> its line.

    None stands for what is not said. `source`: folders and packages that are measured, also those that pytest's ``addopts`` name by ``--cov``.
    """

    path: str = ""
    lines: Mapping[str, int] = {}
    branch: bool | None = None
    source: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    exclude: tuple[str, ...] | None = None
    exclude_also: tuple[str, ...] = ()
    partial: tuple[str, ...] | None = None
    partial_also: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    fail_under: float | None = None
