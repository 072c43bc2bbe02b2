"""A run that stays: for an editor and for ``--watch``. Each answer is the one that a run on its own would give."""

from __future__ import annotations

import gc
from collections.abc import Collection
from typing import TYPE_CHECKING

from backend_lint.config import Settings
from backend_lint.engine.memory import Memory
from backend_lint.engine.result import Result
from backend_lint.engine.run import run

if TYPE_CHECKING:
    from backend_lint.engine.judge import SoFar
    from backend_lint.engine.memory import Told
    from backend_lint.registry import Registry


class Session:
    """One project under one set of settings, checked again and again; other settings, or a change of a configuration file, want a session of their own.

    Not for several threads at once. After a check the garbage collector waits for `rest`: call that when the answer is sent and nobody waits.
    """

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self.settings = settings
        self.registry = registry
        self._memory = Memory()
        self._collects = False

    def check(self, changed: Collection[str] | None = None, so_far: SoFar | None = None) -> Result:
        """What the rules say of the project as it lies on disk now. Raises what `run` raises.

        `changed`: paths relative to the root with `/`. It is a promise that nothing else was changed, made or removed since the last check, and saves
        the look for what was; without it all is looked at. `so_far` is told, on this thread, what rules said before all of them have been asked.
        """
        self.rest()
        if gc.isenabled():
            self._collects = True
            gc.disable()
        self._memory.changed = changed
        self._memory.so_far = so_far
        try:
            return run(self.settings, self.registry, memory=self._memory)
        except BaseException:
            self._memory = Memory()
            raise

    @property
    def told(self) -> Told | None:
        """What the last check rests on, for `first_answer`; None before it and after one that raised."""
        return self._memory.told

    def rest(self) -> None:
        """Frees what the last check left and lets the collector run again. It takes a moment in a large project; the next check does it otherwise."""
        if self._collects:
            self._collects = False
            gc.collect()
            gc.enable()
