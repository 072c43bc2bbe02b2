"""Pieces of a statement that are put in at run time, placed so that the rest can be parsed: what a hole may hold is judged by where it stands."""

from __future__ import annotations

from backend_lint.sql.parameters import CLAUSE, HOLE_NAME, KEYWORDS, OPERATOR, Token

_REGIONS = {
    **dict.fromkeys(("SELECT", "RETURNING"), "select"),
    **dict.fromkeys(("FROM", "JOIN", "UPDATE"), "from"),
    **dict.fromkeys(("WHERE", "ON", "HAVING", "AND", "OR"), "where"),
    **dict.fromkeys(("LIMIT", "OFFSET", "FETCH", "FOR"), "limit"),
    "USING": "from",
    "INTO": "into",
    "SET": "set",
    "GROUP": "group",
    "ORDER": "order",
    "VALUES": "values",
    "WITH": "with",
}
_ENDS_RELATIONS = frozenset("GROUP ORDER LIMIT OFFSET FETCH UNION INTERSECT EXCEPT HAVING RETURNING FOR".split())
_GOES_ON = frozenset("WHERE JOIN LEFT RIGHT INNER FULL CROSS NATURAL".split())
_STATEMENTS = frozenset("SELECT INSERT UPDATE DELETE WITH VALUES".split())
_ENDS_OPERAND = frozenset("ASC DESC".split())
_AND = Token("word", "AND", "AND", False)
_WHERE = Token("word", "WHERE", "WHERE", False)
_CLAUSE = Token("word", CLAUSE, CLAUSE, False)
_COMMA = Token("sign", ",", "", True)
_OPEN, _CLOSE = Token("sign", "(", "", False), Token("sign", ")", "", True)
_OPERATOR = (Token("word", "OPERATOR", "OPERATOR", False), Token("sign", "(", "", True), Token("word", OPERATOR, "", True), _CLOSE)


def placed(tokens: list[Token], notes: list[str]) -> list[Token]:
    """The tokens with each hole where the grammar takes it; `notes` gets what had to be left out."""
    out: list[Token] = []
    regions = [""]
    tokens = _merged(tokens)
    for position, token in enumerate(tokens):
        if token.kind == "sign" and token.text in ("(", "["):
            regions.append("")
        elif token.kind == "sign" and token.text in (")", "]") and len(regions) > 1:
            regions.pop()
        elif token.kind == "word" and token.upper in _REGIONS:
            regions[-1] = _REGIONS[token.upper]
        if token.kind in ("hole", "parameter", "list") and out and out[-1].upper == "VALUES":
            out += (_OPEN, token, _CLOSE)
        elif token.kind != "hole":
            out.append(token)
        else:
            following = tokens[position + 1] if position + 1 < len(tokens) else None
            out += _placed(token, out, following, regions, notes)
    return out


def _merged(tokens: list[Token]) -> list[Token]:
    """A hole that is a part of a name makes one name with it."""
    out: list[Token] = []
    for position, token in enumerate(tokens):
        before = out[-1] if out else None
        if before is None:
            out.append(token)
        elif token.kind == before.kind == "hole":
            if not token.glued and position + 1 < len(tokens) and tokens[position + 1].kind != "hole" and _starts_operand(tokens[position + 1]):
                out.append(token)  # a column and an operator
        elif token.glued and _is_part(before, token):
            out[-1] = Token("word", before.text + token.text, (before.text + token.text).upper(), before.glued)
        else:
            out.append(token)
    return out


def _is_part(before: Token, token: Token) -> bool:
    """A hole and letters beside it, unless these are a keyword: ``users_{x}``, not ``{where}GROUP BY``."""
    if before.kind not in ("hole", "word") or token.kind not in ("hole", "word", "number") or not (token.kind == "hole" or HOLE_NAME in before.text):
        return False
    return before.upper not in KEYWORDS and token.upper not in KEYWORDS


def _placed(token: Token, out: list[Token], following: Token | None, regions: list[str], notes: list[str]) -> tuple[Token, ...]:
    before = out[-1] if out else None
    if before is None:
        if following is None or following.upper not in _STATEMENTS:
            return (token,)
        notes.append("what stands before the statement is put in at run time")
        return ()
    region = regions[-1]
    if following is not None and following.text == "." and following.glued:
        return (token,)
    if not _ends_operand(before, out):
        return _before_operand(token, before, following, region, notes)
    follows = following.upper if following is not None else ""
    ends = following is None or following.text == ")" or follows in _ENDS_RELATIONS
    if region == "where":
        if following is not None and not ends and _starts_operand(following):
            return _OPERATOR
        return (_AND, _CLAUSE)
    if region in ("from", "set"):
        if ends:
            regions[-1] = "where"
            return (_WHERE, _CLAUSE)
        if region == "from" and follows in _GOES_ON:
            return (_COMMA, token)
        if region == "from" and (follows in ("ON", "USING") or (following is not None and following.text == ",")):
            return (token,)
    if region == "select" and (follows == "FROM" or (following is not None and following.text == ",")):
        return (token,)
    notes.append(f"a part behind {region or 'an expression'} is put in at run time")
    return ()


def _before_operand(token: Token, before: Token, following: Token | None, region: str, notes: list[str]) -> tuple[Token, ...]:
    """A hole where a value may stand; more than a value if one follows."""
    if following is None or following.kind == "hole" or following.text == "(" or not _starts_operand(following) or following.glued:
        return (token,)
    if region == "where" and before.upper in ("WHERE", "AND", "OR", "ON", "HAVING"):
        return (_CLAUSE, _AND)
    if region in ("select", "set") and (before.upper in ("SELECT", "DISTINCT", "SET") or before.text == ","):
        notes.append(f"a part behind {region} is put in at run time")
        return ()
    return (token,)


def _ends_operand(token: Token, out: list[Token]) -> bool:
    if token.kind == "word":
        return token.upper not in KEYWORDS or token.upper in _ENDS_OPERAND
    if token.kind != "sign":
        return True
    if token.text == "*":
        return len(out) > 1 and (out[-2].upper == "SELECT" or out[-2].text in (",", "."))
    return token.text in (")", "]")


def _starts_operand(token: Token) -> bool:
    return token.kind in ("string", "number", "quoted", "parameter", "list", "hole") or (token.kind == "word" and token.upper not in KEYWORDS)
