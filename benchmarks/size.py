"""What an installation weighs: the files of backend-lint and of every distribution that it needs, in the environment of this interpreter.

usage: python benchmarks/size.py [DISTRIBUTION]
"""

from __future__ import annotations

import re
import sys
from importlib import metadata

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def closure(name: str) -> dict[str, int]:
    """Installed bytes of `name` and of what it needs without extras, by distribution. Raises PackageNotFoundError if `name` is not installed."""
    sizes: dict[str, int] = {}
    waiting = [name]
    while waiting:
        distribution = metadata.distribution(waiting.pop())
        key = distribution.metadata["Name"].lower().replace("_", "-")
        if key in sizes:
            continue
        sizes[key] = sum(path.stat().st_size for file in distribution.files or () if (path := distribution.locate_file(file)).is_file())  # type: ignore[attr-defined]
        for requirement in distribution.requires or ():
            needed, _, marker = requirement.partition(";")
            found = _NAME.match(needed.strip())
            if found and "extra" not in marker and _installed(found.group()):
                waiting.append(found.group())
    return sizes


def _installed(name: str) -> bool:
    # what is needed only on other platforms or Python versions is not here
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else "backend-lint"
    try:
        sizes = closure(name)
    except metadata.PackageNotFoundError:
        sys.stderr.write(f"{name} is not installed beside {sys.executable}\nusage: python benchmarks/size.py [DISTRIBUTION]\n")
        return 2
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        sys.stdout.write(f"{size / 1e6:8.2f} MB  {name}\n")
    sys.stdout.write(f"{sum(sizes.values()) / 1e6:8.2f} MB  in all\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
