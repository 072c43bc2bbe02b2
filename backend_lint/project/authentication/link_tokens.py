"""Signed tokens in links (password resets, confirmations, invitations) that are accepted however old they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.environments import for_development
from backend_lint.project.authentication.library_calls import LibraryCall, calls_to
from backend_lint.project.authentication.reached import texts
from backend_lint.project.web.values import argument, keyword

if TYPE_CHECKING:
    from backend_lint.project import Project

_TIMED = {
    "itsdangerous.URLSafeTimedSerializer.loads": 1,
    "itsdangerous.TimedSerializer.loads": 1,
    "itsdangerous.TimestampSigner.unsign": 1,
    "itsdangerous.url_safe.URLSafeTimedSerializer.loads": 1,
    "django.core.signing.TimestampSigner.unsign": 1,
    "django.core.signing.loads": 4,
}
"""What reads a token with its age, and the position of `max_age`."""
_UNTIMED = ("itsdangerous.URLSafeSerializer.loads", "itsdangerous.url_safe.URLSafeSerializer.loads", "django.core.signing.Signer.unsign")
"""What reads a token that does not know its age."""
_LETS_IN = lazy_regex(
    r"reset|forgot|recover|magic|log_?in|sign_?in|invit|activat|confirm|verif(?:y|ication|ied)?_?-?(?:e?mail|account|user|address)", re.IGNORECASE
)
_MEANT_TO_STAY = lazy_regex(
    r"unsubscri|opt_?out|newsletter|feed|calendar|ical|tracking|pixel|download|share|cursor|next|state|cookie|session|remember|csrf", re.IGNORECASE
)
"""What is to work for ever, or ends in another way."""
_LOOKS_AT_AGE = lazy_regex(r"expir|max_age|timestamp|created|issued|timedelta|\btotal_seconds|\bage\b|used|consum|last_login|\.password\b", re.IGNORECASE)
"""Somebody compares the age himself, or sees to it that a token works once."""


def endless_links(project: Project) -> Iterator[LibraryCall]:
    """Calls that read such a token without looking at its age."""
    for found in calls_to(project, (*_TIMED, *_UNTIMED)):
        body = found.module.bodies[found.function]
        about = f"{found.module.path.rpartition('/')[2]} {found.symbol} {' '.join(found.call.args)} {found.call.target}"
        salt = next((text for call in body.calls for name, text in call.keywords if name == "salt"), "")
        if for_development(found.module.path) or not _LETS_IN.search(f"{about} {salt}") or _MEANT_TO_STAY.search(f"{about} {salt}"):
            continue
        if found.name in _TIMED and (argument(found.call, _TIMED[found.name], "max_age") not in ("", "None") or keyword(found.call, "return_timestamp")):
            continue
        if not any(_LOOKS_AT_AGE.search(text) for text in texts(body)):
            yield found
