"""Shell text as words and commands. Linear, and it never raises."""

from __future__ import annotations

from collections.abc import Iterator


def split(text: str) -> list[list[str]]:
    """The simple commands of a shell line as lists of words, quotes removed, expansions such as ``${A:-30}`` left as written.

    >>> split('cd /app && exec gunicorn -b "0.0.0.0:$PORT" app:app')
    [['cd', '/app'], ['exec', 'gunicorn', '-b', '0.0.0.0:$PORT', 'app:app']]
    """
    commands: list[list[str]] = [[]]
    for word, operator in _words(text):
        if operator:
            if commands[-1]:
                commands.append([])
        else:
            commands[-1].append(word)
    return commands if commands[-1] else commands[:-1]


def _words(text: str) -> Iterator[tuple[str, bool]]:
    word: list[str] = []
    started = False
    index, end = 0, len(text)
    while index < end:
        char = text[index]
        if char == "\\" and index + 1 < end:
            if text[index + 1] != "\n":
                word.append(text[index + 1])
                started = True
            index += 2
            continue
        if char in "'\"":
            close = _closing_quote(text, index)
            word.append(text[index + 1 : close] if char == "'" else text[index + 1 : close].replace('\\"', '"').replace("\\\n", ""))
            started = True
            index = close + 1
            continue
        if char == "$" and index + 1 < end and text[index + 1] in "{(":
            close = _closing_bracket(text, index + 1)
            word.append(text[index : close + 1])
            started = True
            index = close + 1
            continue
        if char == "#" and not started:
            newline = text.find("\n", index)
            index = end if newline < 0 else newline
            continue
        if char in " \t\r":
            if started:
                yield "".join(word), False
                word, started = [], False
        elif char in ";&|\n()":
            if char == "&" and word and word[-1] in "<>":
                word.append(char)
                index += 1
                continue
            if started:
                yield "".join(word), False
                word, started = [], False
            yield char, True
        else:
            word.append(char)
            started = True
        index += 1
    if started:
        yield "".join(word), False


def _closing_quote(text: str, start: int) -> int:
    quote = text[start]
    index = start + 1
    while index < len(text):
        if text[index] == "\\" and quote == '"':
            index += 2
            continue
        if text[index] == quote:
            return index
        index += 1
    return len(text)


def _closing_bracket(text: str, start: int) -> int:
    opening = text[start]
    closing = "}" if opening == "{" else ")"
    depth = 0
    for index in range(start, min(len(text), start + 2000)):
        if text[index] == opening:
            depth += 1
        elif text[index] == closing:
            depth -= 1
            if depth == 0:
                return index
    return len(text) - 1
