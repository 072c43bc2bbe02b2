"""``backend-lint clean``: removes cached results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from backend_lint.cli.options import prepare
from backend_lint.cli.streams import say
from backend_lint.config import ConfigError


@click.command("clean", short_help="Remove cached results.")
@click.option("--cache-dir", type=click.Path(file_okay=False, path_type=Path), help="Where results are kept, if not where they usually are.")
@click.option("--quiet", "-q", count=True, help="Say less.")
def command(**given: Any) -> int:
    """Remove what backend-lint keeps between runs, of all projects. Nothing but speed is lost."""
    from backend_lint.engine.cache import cache_dir

    settings = prepare(given).settings
    folder = cache_dir(settings)
    removed = _remove(folder)
    if settings.verbosity >= 0:
        say(f"backend-lint: removed {folder}" if removed else f"backend-lint: there is no cache in {folder}")
    return 0


def _remove(folder: Path) -> bool:
    """Whether there was a cache. A folder that does not bear our tag is somebody's work: ConfigError."""
    import shutil

    if not folder.is_dir() or not any(folder.iterdir()):
        return False
    try:
        ours = b"backend-lint" in (folder / "CACHEDIR.TAG").read_bytes()[:1000]
    except OSError:
        ours = False
    if not ours or folder.is_symlink():
        raise ConfigError(f"{folder} is no cache of backend-lint (no CACHEDIR.TAG of ours in it): nothing was removed")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be removed: {error.strerror or error}") from None
    return True
