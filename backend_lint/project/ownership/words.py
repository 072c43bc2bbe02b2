"""Words by which code asks whether a caller may do something."""

from __future__ import annotations

import re

from backend_lint.lazy_regex import lazy_regex

ASKS = lazy_regex(
    r"perm(?:s|it|itted|ission|issions)?(?![a-z])|permission|\brole|_role|roles?\b|polic(?:y|ies)|\bacl|rbac|abac|allow|can_\w|may_\w|\bcan\b|access|forbid|PermissionDenied"
    r"|\b403\b|authori[sz]|privileg|member|is_admin|is_staff|superuser|is_super|scope|_own\w*\(?$|is_own|belongs|ensure_|assert_|verify_|validate_(?:user|owner|access)|ownership"
    r"|is_mine|visible|restrict|protect|guard|secret|signature|hmac|\btoken",
    re.IGNORECASE,
)
"""Questions whether a caller may do something."""
WHO = lazy_regex(r"request\.(?:user|auth)\b|current_user|\bg\.\w*user|\.is_authenticated|get_jwt_identity|self\.user\b", re.IGNORECASE)
"""The caller, by the names that frameworks give him."""
MAKES = lazy_regex(
    r"^(?:create|acreate|save|asave|bulk_create|add|log\w*|info|debug|warning|error|exception|print|audit\w*|record\w*|send\w*|delay|apply_async|render\w*|Response"
    r"|JsonResponse|jsonify|notify\w*|track\w*|capture\w*|publish\w*|emit\w*|dispatch|enqueue|append|write|model_validate|setattr|TemplateResponse|make_response|format"
    r"|get_serializer|str|message|success|dumps|dict|list|extend|flash|delete|adelete|remove|soft_delete|hard_delete|update|destroy)$"
)
"""Calls that put a row and the caller together without deciding anything."""
_CREDENTIALS = lazy_regex(r"token|authori[sz]ation|signature|secret", re.IGNORECASE)
_RIGHTS = lazy_regex(r"perm|role|scope|member|admin|403|owner|forbid", re.IGNORECASE)


def is_of_credentials(text: str) -> bool:
    """Whether it speaks of the header or the token that tells who calls, and of nothing more."""
    return _CREDENTIALS.search(text) is not None and _RIGHTS.search(text) is None
