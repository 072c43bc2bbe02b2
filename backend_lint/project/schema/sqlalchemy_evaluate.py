"""Constants, displays and calls of checked code evaluated, without running it: what declarations and migrations are made of."""

from __future__ import annotations

from backend_lint.facts.python import Block, BlockKind
from backend_lint.project.schema.sqlalchemy_calls import MAX_COUNT, MAX_DEPTH, Calls
from backend_lint.project.schema.sqlalchemy_strings import call_method, formatted, percent, string_end
from backend_lint.project.schema.sqlalchemy_values import MAX_ITEMS, MAX_LENGTH, UNKNOWN, Frame, Nothing, Text, Value, number_of, string_of
from backend_lint.project.value_text import alternatives, call_ids, parse, split

_WORDS: dict[str, Value] = {"None": None, "True": True, "False": False}


class Values(Calls):
    """Evaluates value texts (see `facts.python`) of one project."""

    def evaluate(self, frame: Frame, text: str) -> Value:
        """The value of a text; `Text` or `UNKNOWN` for what is no constant."""
        if not text or text == "?":
            return UNKNOWN
        sign = text[0]
        if sign in "'\"" or (sign == "b" and text[1:2] in ("'", '"')):
            return string_of(text) if text[-1] != ")" else self._of_string(frame, text)
        if sign == "#" and text[1:].isdigit():
            return self.result(frame, int(text[1:]))
        if text in _WORDS:
            return _WORDS[text]
        if sign.isdigit() or (sign == "-" and text[1:2].isdigit()):
            return number_of(text)
        self._count += 1
        if self._depth > MAX_DEPTH or self._count > MAX_COUNT:
            return UNKNOWN
        self._depth += 1
        try:
            if sign == "[":
                return self._items(frame, text) if _closes(text) else self._path(frame, text)
            if sign == "{":
                return self._dict(frame, text)
            if text.startswith("f'"):
                return formatted(text, lambda inner: self.evaluate(frame, inner))
            if sign == "(":
                return self._operation(frame, text)
            return self._path(frame, text)
        finally:
            self._depth -= 1

    def _of_string(self, frame: Frame, text: str) -> Value:
        """A method of a constant string, written in line: ``'_'.join(x)``."""
        end = string_end(text)
        method, bracket, inner = text[end + 1 : -1].partition("(")
        subject = string_of(text[:end])
        if not isinstance(subject, str) or text[end : end + 1] != "." or not bracket or not method.isidentifier():
            return UNKNOWN
        positional, keywords = [], {}
        for part in split(inner):
            name, equals, value = part.partition("=")
            if equals and name.isidentifier() and not value.startswith("="):
                keywords[name] = self.evaluate(frame, value)
            else:
                positional.append(self.evaluate(frame, part))
        return call_method(subject, method, positional, keywords)

    @staticmethod
    def _counted(name: str, values: list[Value]) -> Value:
        """``zip``, ``enumerate`` and ``range`` as tuples."""
        if name == "range":
            numbers = [value for value in values if isinstance(value, int)]
            if len(numbers) != len(values) or not 1 <= len(numbers) <= 3 or (len(numbers) == 3 and not numbers[2]):
                return UNKNOWN
            found = range(*numbers)
            return tuple(found) if len(found[: MAX_ITEMS + 1]) <= MAX_ITEMS else UNKNOWN
        lists = [tuple(value) if isinstance(value, dict) else value for value in values if isinstance(value, tuple | dict)]
        if name == "zip":
            return tuple(zip(*lists, strict=False)) if lists and len(lists) == len(values) else UNKNOWN
        return tuple(enumerate(lists[0])) if len(lists) == 1 and len(values) == 1 else UNKNOWN

    def text(self, frame: Frame, text: str) -> str | None:
        """The string that a text stands for; None if it is no constant string."""
        value = self.evaluate(frame, text)
        return value if isinstance(value, str) else None

    def _items(self, frame: Frame, text: str) -> Value:
        inner = text[1:-1]
        if inner.startswith("*") and (looped := self._comprehension(frame, inner[1:])) is not None:
            return looped
        found: list[Value] = []
        for part in split(inner):
            if part == "...":
                return UNKNOWN
            if part.startswith("*"):
                several = self.evaluate(frame, part[1:])
                if not isinstance(several, tuple):
                    found.append(UNKNOWN)
                else:
                    found.extend(several)
            else:
                found.append(self.evaluate(frame, part))
        return tuple(found)

    def _comprehension(self, frame: Frame, inner: str) -> Value:
        """The items of ``[f(x) for x in (1, 2)]``, of a dictionary's pairs a dictionary; None if the text is no comprehension that can be followed."""
        body = self.project.modules[frame.path].bodies[frame.function]
        for number, block in enumerate(body.blocks):
            if block.kind is not BlockKind.COMPREHENSION or not block.subject or not block.target:
                continue
            if not self._mentions(frame, inner, (f"{block.subject}[]", *("%" + name for name in block.target.split(",")))):
                continue
            items = self.evaluate(frame, block.subject)
            items = tuple(items) if isinstance(items, dict) else items
            if not isinstance(items, tuple):
                return UNKNOWN
            tests = [test for _, test, at in body.conditions if at == number]
            pairs = split(inner, ":")
            found: list[Value] = []
            mapping: dict[Value, Value] = {}
            for item in items:
                around = Frame(frame.path, frame.function, {**frame.names, **loop_names(block, item)}, frame.owner)
                kept = [self.holds(around, test) for test in tests]
                if None in kept:
                    return UNKNOWN
                if all(kept) and len(pairs) == 2 and isinstance(key := self.evaluate(around, pairs[0]), str | int):
                    mapping[key] = self.evaluate(around, pairs[1])
                elif all(kept):
                    found.append(self.evaluate(around, inner))
            return mapping if len(pairs) == 2 else tuple(found)
        return None

    def holds(self, frame: Frame, text: str) -> bool | None:
        """Whether a condition holds; None if nobody can tell."""
        value = self.evaluate(frame, text)
        return bool(value) if value is None or isinstance(value, bool | int | str | tuple | dict) else None

    def _mentions(self, frame: Frame, inner: str, names: tuple[str, ...]) -> bool:
        if any(_holds_name(inner, name) for name in names):
            return True
        calls = self.project.modules[frame.path].bodies[frame.function].calls
        return any(
            _holds_name(text, name)
            for number in call_ids(inner)
            for text in (calls[number].callee, *calls[number].args, *(value for _, value in calls[number].keywords))
            for name in names
        )

    def _dict(self, frame: Frame, text: str) -> Value:
        found: dict[Value, Value] = {}
        for part in split(text[1:-1]):
            if part.startswith("**"):
                inner = self.evaluate(frame, part[2:])
                if not isinstance(inner, dict):
                    return UNKNOWN
                found.update(inner)
                continue
            left, colon, right = _pair(part)
            key = self.evaluate(frame, left)
            if not colon or not isinstance(key, str | int):
                return UNKNOWN
            found[key] = self.evaluate(frame, right)
        return found

    def _operation(self, frame: Frame, text: str) -> Value:
        if not _closes(text):
            return self._path(frame, text)
        options = alternatives(text)
        if len(options) > 1:
            values = [self.evaluate(frame, option) for option in options]
            if all(value == values[0] for value in values) or (isinstance(values[0], tuple | dict) and not any(values[1:])):
                return values[0]  # ``x or []`` is x
            return Text(frame, text)
        inner = text[1:-1]
        for sign in ("+", "%", "&", "-", "||"):
            parts = split(inner, sign) if sign != "||" else inner.split("||")
            if len(parts) == 2 and parts[0]:
                left = self.evaluate(frame, parts[0])
                if sign in ("&", "-", "||"):
                    right = self.evaluate(frame, parts[1]) if isinstance(left, tuple) else UNKNOWN
                    if isinstance(left, tuple) and isinstance(right, tuple):
                        return _combined(left, sign, right)
                    continue
                if isinstance(left, str):
                    right = self.evaluate(frame, parts[1])
                    if sign == "%":
                        return percent(left, right)
                    return left + right if isinstance(right, str) and len(left) + len(right) < MAX_LENGTH else UNKNOWN
                if isinstance(left, tuple) and sign == "+":
                    right = self.evaluate(frame, parts[1])
                    more = right if isinstance(right, tuple) else (UNKNOWN,)
                    return (*left, *more) if len(left) + len(more) < MAX_ITEMS else UNKNOWN
        return Text(frame, text)

    # -- names -------------------------------------------------------------------------------------

    def _path(self, frame: Frame, text: str) -> Value:
        names = frame.names
        if names and text in names:
            return names[text]
        parsed = parse(text)
        if parsed is None:
            return UNKNOWN if "..." in text else Text(frame, text)
        root, steps = parsed
        if steps[-2:] == (".__enter__", "()"):
            return self.evaluate(frame, text[: -len(".__enter__()")])
        if steps and steps[-1].startswith("("):
            return self._builtin(frame, root, steps, text)
        if names and len(steps) > 1 and (known := root + steps[0]) in names:
            value, steps = names[known], steps[1:]
        elif names and root in names:
            value = names[root]
        elif root[0] == "#":
            value = self.result(frame, int(root[1:]))
        elif root[0] == "%":
            value = self.local(frame, root)
        elif root[0] in "([{":
            value = self.evaluate(frame, root)
        elif self.root(frame.path, frame.function, root) is not None:
            return Text(frame, text)
        else:
            value = self.named(frame, root)
        for step in steps:
            value = self.step(value, step)
            if isinstance(value, Text | Nothing):
                return Text(frame, text)
        return Text(frame, text) if value is UNKNOWN else value

    def _builtin(self, frame: Frame, root: str, steps: tuple[str, ...], text: str) -> Value:
        inner = steps[-1][1:-1]
        if len(steps) == 1 and root in ("zip", "enumerate", "range"):
            return self._counted(root, [self.evaluate(frame, part) for part in split(inner)])
        if len(steps) == 1 and root in ("list", "tuple", "sorted", "set", "str", "dict", "reversed") and "=" not in inner:
            value = self.evaluate(frame, inner) if inner else UNKNOWN
            if root == "str":
                return str(value) if isinstance(value, str | int) else UNKNOWN
            if root == "dict" or isinstance(value, dict):
                return value
            if root == "sorted" and isinstance(value, tuple) and all(isinstance(one, str) for one in value):
                return tuple(sorted(str(one) for one in value))
            return (tuple(reversed(value)) if root == "reversed" else value) if isinstance(value, tuple) else UNKNOWN
        if len(steps) == 2 and steps[0][0] == "." and (receiver := self.text(frame, root)) is not None:
            return call_method(receiver, steps[0][1:], [self.evaluate(frame, part) for part in split(inner)])
        if len(steps) == 2 and steps[0] in (".items", ".keys", ".values"):
            return self.view(self.evaluate(frame, root), steps[0][1:])
        return Text(frame, text)


def _closes(text: str) -> bool:
    parsed = parse(text)
    return parsed is not None and not parsed.steps


def _pair(text: str) -> tuple[str, str, str]:
    parts = split(text, ":")
    return (parts[0], ":", text[len(parts[0]) + 1 :]) if len(parts) > 1 else (text, "", "")


def _holds_name(text: str, name: str) -> bool:
    """Whether a name stands in a text as a whole."""
    at = text.find(name)
    while at >= 0:
        after = text[at + len(name) : at + len(name) + 1]
        if not (after.isalnum() or after == "_") or name.endswith("]"):
            return True
        at = text.find(name, at + 1)
    return False


def _combined(left: tuple[Value, ...], sign: str, right: tuple[Value, ...]) -> Value:
    """Sets that are met, joined or taken from each other."""
    if sign == "&":
        return tuple(one for one in left if one in right)
    return tuple(one for one in left if one not in right) if sign == "-" else (*left, *(one for one in right if one not in left))


def loop_names(block: Block, item: Value) -> dict[str, Value]:
    """What the texts of a loop's variables stand for while it is at an item."""
    targets = block.target.split(",")
    if len(targets) == 1:
        return {f"{block.subject}[]": item, "%" + targets[0]: item}
    items = item if isinstance(item, tuple) else ()
    names = {"%" + target: items[at] if at < len(items) else UNKNOWN for at, target in enumerate(targets)}
    if block.subject.startswith("enumerate(") and len(items) == 2:
        names[f"{split(block.subject[10:-1])[0]}[]"] = items[1]
    return names
