"""PostgreSQL's spellings that sqlglot does not know, said in a way that it does: rare operators, and types in front of strings."""

from __future__ import annotations

from backend_lint.sql.parameters import Token

_OPERATORS = tuple("<<= >>= ~= <#> <+> <=> <<% %>> <% %> &<| |&> <<| |>> &< &> -|- <~> <%> <->> <<-> <<->> ^@".split())
"""Of addresses, geometry, ranges, vectors and trigrams."""
_BY_LENGTH = tuple(sorted(_OPERATORS, key=len, reverse=True))
_FIRST = frozenset("<>~%&|-^")
_TYPES = frozenset({"BOX", "CIRCLE", "LSEG", "PATH", "POLYGON", "LINE", "INET", "CIDR", "MACADDR", "TSQUERY", "TSVECTOR", "JSONPATH"})


def spelled(tokens: list[Token]) -> list[Token]:
    """The tokens with ``OPERATOR(<<=)`` for ``<<=`` and ``'(1,2)'::box`` for ``box '(1,2)'``."""
    out: list[Token] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.kind == "sign" and token.text[:1] in _FIRST:
            length, operator = _operator(tokens, position)
            if operator:
                out += [Token("word", "OPERATOR", "OPERATOR", False), *(Token("sign", sign, "", True) for sign in ("(", operator, ")"))]
                position += length
                continue
        if token.upper in _TYPES and _is_prefix(tokens, position):
            out += [tokens[position + 1], Token("sign", "::", "", True), Token("word", token.text, token.upper, True)]
            position += 2
            continue
        out.append(token)
        position += 1
    return out


def _is_prefix(tokens: list[Token], position: int) -> bool:
    """The type stands in front of a string, and is not the end of a cast or a name."""
    before, after = tokens[max(position - 1, 0)], tokens[position + 1 : position + 2]
    return bool(after) and after[0].kind == "string" and not after[0].glued and before.text not in ("::", ".") and before.upper != "AS"


def _operator(tokens: list[Token], position: int) -> tuple[int, str]:
    """How many tokens make up a rare operator here, and that operator; nothing if there is none."""
    run = ""
    ends: list[int] = []
    for token in tokens[position : position + 5]:
        if token.kind != "sign" or (run and not token.glued) or token.text in ("(", ")", "[", "]", ",", ";", ".", "::", ":", "?"):
            break
        run += token.text
        ends.append(len(run))
    for operator in _BY_LENGTH:
        if len(operator) in ends and run.startswith(operator):
            return ends.index(len(operator)) + 1, operator
    return 0, ""
