"""``python -m backend_lint``."""

import os
import sys

if __name__ == "__main__":
    # the interpreter put the working directory first: a file there must not be imported in place of a library
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib costs start-up time
    except OSError:
        here = ""
    if sys.path and not sys.flags.safe_path and sys.path[0] in ("", here):
        import backend_lint

        home = os.path.dirname(os.path.dirname(os.path.abspath(backend_lint.__file__)))  # noqa: PTH100, PTH120
        if home == os.path.abspath(sys.path[0]):  # noqa: PTH100 - run from a clone: keep finding ourselves, after all else
            sys.path.append(home)
        del sys.path[0]
    from backend_lint.cli.start import main

    sys.exit(main())
