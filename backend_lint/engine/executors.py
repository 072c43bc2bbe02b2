"""Reading on other machines: a Dask cluster behind the interface of `concurrent.futures.Executor`.

Only the command line names a cluster, never the configuration of the checked project: whoever runs the scheduler sees the sources and is believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from backend_lint.config import ConfigError

if TYPE_CHECKING:
    from backend_lint.engine.read_stage import Executor

INSTALL = "pip install 'backend-lint[dask]'"
_PROTOCOLS = {"dask": "tcp", "dask+tls": "tls"}
_ANSWER_SECONDS = 10
_RETRIES = 2
"""A worker that goes away is no fault of the batch that it had."""


@contextmanager
def executor_at(address: str) -> Iterator[Executor]:
    """The workers of the Dask scheduler at ``dask://HOST:PORT`` (``dask+tls://``: with Dask's own configuration of certificates). Raises ConfigError."""
    scheme, _, place = address.partition("://")
    host, _, port = place.rpartition(":")
    if scheme not in _PROTOCOLS or not host or not port.isdecimal():
        raise ConfigError(f"--executor {address}: it takes the address of a Dask scheduler, dask://HOST:PORT or dask+tls://HOST:PORT")
    try:
        from distributed import Client
    except ImportError:
        raise ConfigError(f"--executor {address} takes Dask, which is not installed: {INSTALL}") from None
    try:
        client = Client(f"{_PROTOCOLS[scheme]}://{place}", timeout=_ANSWER_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise ConfigError(f"--executor {address}: no Dask scheduler answers there: {reason}") from None
    with client:
        if not client.scheduler_info(n_workers=1).get("workers"):
            raise ConfigError(f"--executor {address}: the scheduler has no workers; start some with `dask worker tcp://{place}`")
        yield client.get_executor(pure=False, retries=_RETRIES)  # type: ignore[no-untyped-call]
