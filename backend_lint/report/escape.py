"""How checked text enters a report: one function a format. Nothing else in this package escapes anything."""

from __future__ import annotations

import re

from backend_lint.lazy_regex import lazy_regex

_INVISIBLE = lazy_regex(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]|[\U000e0000-\U000e007f]"
)
_MARKDOWN = lazy_regex(r"([\\`*_{}\[\]()#+\-.!|~:>])")


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code in (9, 10, 13):
        return {9: "\\t", 10: "\\n", 13: "\\r"}[code]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    """`text` on one line, every control, bidirectional, zero-width and undecodable character written out; valid in UTF-8 and in XML.

    >>> visible("a\\x1b[31m\\u202eb\\n\\udcff")
    'a\\\\x1b[31m\\\\u202eb\\\\n\\\\xff'
    """
    return text if text.isascii() and text.isprintable() else _INVISIBLE.sub(_shown, text)


def annotation(text: str) -> str:
    """The message of a GitHub workflow command. ``##[`` starts an old-style command anywhere in a line, so it is broken up."""
    lines = (visible(line) for line in text.split("\n"))
    return "%0A".join(line.replace("%", "%25").replace("##[", "## [") for line in lines)


def annotation_property(text: str) -> str:
    """A property (file, title) of a GitHub workflow command."""
    return annotation(text).replace(":", "%3A").replace(",", "%2C")


def uri(path: str) -> str:
    """A relative path as a URI reference, its bytes percent-encoded, without a leading ``./``.

    >>> uri("./shop/a b#1.py"), uri("x:y/\\udcff.py")
    ('shop/a%20b%231.py', 'x%3Ay/%FF.py')
    """
    from urllib.parse import quote_from_bytes

    relative = path.removeprefix("./")
    try:
        raw = relative.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that stands for no byte
        raw = relative.encode("utf-8", "surrogatepass")
    return quote_from_bytes(raw, safe="/")


def xml(text: str) -> str:
    """Character data and attribute values of XML; `text` may have several lines."""
    shown = "\n".join(visible(line) for line in text.split("\n"))
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def markdown(text: str) -> str:
    """Plain text inside Markdown: no markup, no HTML, no link; a mention notifies nobody."""
    shown = visible(text).replace("&", "&amp;").replace("<", "&lt;")
    return _MARKDOWN.sub(r"\\\1", shown).replace("@", "@\u200b")


def markdown_code(text: str) -> str:
    """`text` as a code span; the fence is longer than any run of backticks in it. ``|`` is written out: it would end a table's cell."""
    shown = visible(text).replace("|", "\\x7c")
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {shown} {fence}" if longest or not shown.strip() else f"{fence}{shown}{fence}"


def sarif_text(text: str) -> str:
    """A SARIF message: `text` with visible controls; brackets are escaped where they would read as an embedded link."""
    shown = "\n".join(visible(line) for line in text.split("\n"))
    return shown.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]") if "](" in shown else shown
