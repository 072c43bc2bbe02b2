"""What the fixture `run` of tests/cli is: starts the command with arguments, gives what it printed. Beside conftest.py, whose name other folders have too."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

Run = Callable[..., "subprocess.CompletedProcess[str]"]
