"""Words in names: ``save`` in ``_save_all``, not in ``saved``."""

from __future__ import annotations

import re

from backend_lint.lazy_regex import lazy_regex


def words(listed: str) -> re.Pattern[str]:
    """A pattern to search a snake-case name with for one of the words, which are separated by blanks.

    >>> bool(words("save send").search("_save_all")), bool(words("save send").search("saved"))
    (True, False)
    """
    return lazy_regex(rf"(?:^|_)(?:{'|'.join(listed.split())})(?:$|_)", re.IGNORECASE)


def leading(listed: str) -> re.Pattern[str]:
    """A pattern for names whose first word is one of the listed ones.

    >>> bool(leading("is has").search("is_open")), bool(leading("is has").search("this_is"))
    (True, False)
    """
    return lazy_regex(rf"^_*(?:{'|'.join(listed.split())})(?:$|_)", re.IGNORECASE)
