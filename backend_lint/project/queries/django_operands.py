"""Arguments of Django's ORM read from value texts: constants, lists, ``Q`` and ``F`` objects, querysets, through parameters, locals and names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import BlockKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around
from backend_lint.project.queries.django_alternatives import is_queryset
from backend_lint.project.queries.django_frames import Chain, Frame, handed_in, other_arguments, other_keywords
from backend_lint.project.queries.django_operations import key_and_value, operation
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import alternatives, constant_string, parse, split
from backend_lint.project.web.values import Place

if TYPE_CHECKING:
    from backend_lint.project.queries.django_chains import DjangoChains

Constant = str | int | float | bool | None
_WORDS: dict[str, Constant] = {"True": True, "False": False, "None": None}
_NUMBER = lazy_regex(r"-?\d+(\.\d+)?\Z")
_MAX_DEPTH = 14
_COLLECTIONS = frozenset({"list", "tuple", "set", "frozenset", "sorted"})
_CUT = "...'"
MOST_ITEMS = 60


class Given(NamedTuple):
    """A value text in the function that it belongs to."""

    frame: Frame
    text: str


class Literal(NamedTuple):
    """A constant."""

    value: Constant


class Items(NamedTuple):
    """A list, tuple or set. `complete`: these are all."""

    items: tuple[Given, ...]
    complete: bool


class Made(NamedTuple):
    """The result of a call that Django's ORM understands: ``Q(...)``, ``F("a")``, ``Lower("name")``. `name` is the class's own name."""

    name: str
    args: tuple[str, ...]
    keywords: tuple[tuple[str, str], ...]
    frame: Frame


class Operation(NamedTuple):
    """``a & b``, ``a || b``, ``a + b``, ``~a``, ``-a``."""

    sign: str
    parts: tuple[Given, ...]


class Querysets(NamedTuple):
    """A queryset."""

    chains: tuple[Chain, ...]


class Unknown(NamedTuple):
    """A value that only the run knows; `text` says what stood there."""

    text: str


Operand = Literal | Items | Made | Operation | Querysets | Unknown
Choose = Callable[[object, int], int]
"""Which of several ways to take; asked with what is chosen and the number of ways."""

ORM = ("django.db.models.", "django.contrib.postgres.", "django.contrib.gis.db.models.")
ORM_NAMES = frozenset(
    (
        "Q F Value OuterRef Exists Subquery Case When Func Cast Coalesce Concat Lower Upper Length Count Sum Avg Min Max StdDev Variance Now ExpressionWrapper "
        "Trunc TruncDate TruncDay TruncHour TruncMinute TruncMonth TruncQuarter TruncSecond TruncTime TruncWeek TruncYear Extract ExtractYear ExtractMonth "
        "ExtractDay ExtractWeekDay ExtractHour ExtractMinute ExtractSecond ExtractWeek ExtractQuarter ExtractIsoYear Greatest Least NullIf Abs Round Floor "
        "Ceil Substr Left Right Trim LTrim RTrim Replace StrIndex Reverse MD5 SHA1 SHA256 Window RowNumber Rank FilteredRelation Prefetch ArrayAgg StringAgg "
        "JSONBAgg BoolAnd BoolOr SearchVector SearchQuery SearchRank TrigramSimilarity TrigramDistance TrigramWordSimilarity ArraySubquery RawSQL Random Mod "
        "JSONObject KeyTextTransform KeyTransform Collate Chr Ord Power Sqrt LPad RPad Repeat ConcatPair Sign"
    ).split()
)


class Operands:
    """Reads values for one project."""

    def __init__(self, chains: DjangoChains) -> None:
        self.chains = chains
        self.resolver = chains.resolver
        self.modules = chains.modules
        self.choices = 0
        self._known: dict[Given, Operand] = {}

    def read(self, given: Given, choose: Choose, depth: int = 0) -> Operand:
        """What a value is. Answers that no choice was made for are kept."""
        known = self._known.get(given)
        if known is not None:
            return known
        before = self.choices
        found = self._read(given, choose, depth)
        if self.choices == before and depth == 0:
            self._known[given] = found
        return found

    def _choose(self, choose: Choose, key: object, ways: int) -> int:
        self.choices += 1
        return choose(key, ways)

    def _read(self, given: Given, choose: Choose, depth: int) -> Operand:
        frame, text = given
        if not text or depth > _MAX_DEPTH:
            return Unknown(text)
        first = text[0]
        if first in "'\"":
            value = constant_string(text)
            return Literal(value) if value is not None and not text.endswith(_CUT) else Unknown(text)
        if text in _WORDS:
            return Literal(_WORDS[text])
        if first.isdigit() or (first == "-" and text[1:2].isdigit()):
            return Literal(float(text) if "." in text else int(text)) if _NUMBER.match(text) else Unknown(text)
        if first == "[":
            return self._items(frame, text)
        if first == "-":
            return Operation("-", (Given(frame, text[1:]),))
        if first == "(":
            return self._bracketed(frame, text, choose, depth)
        if first in "{?*" or text.startswith(("f'", 'f"', "lambda", "b'")):
            return Unknown(text)
        if first == "#" and text[1:].isdigit():
            return self._called(frame, int(text[1:]), choose, depth)
        return self._followed(frame, text, choose, depth)

    def _querysets(self, frame: Frame, text: str) -> tuple[Chain, ...]:
        return tuple(chain for chain in self.chains.evaluate(frame, text) if is_queryset(chain))

    def _items(self, frame: Frame, text: str) -> Operand:
        found = []
        complete = True
        for item in split(text[1:-1]):
            if item in ("...", "") or item[0] == "*":
                complete = False
                continue
            found.append(Given(frame, item))
        return Items(tuple(found[:MOST_ITEMS]), complete and len(found) <= MOST_ITEMS)

    def _bracketed(self, frame: Frame, text: str, choose: Choose, depth: int) -> Operand:
        parts = operation(text)
        if parts is None:
            return Unknown(text)
        left, sign, right = parts
        if sign == "|":
            return self._one_of(tuple(Given(frame, one) for one in split(text[1:-1], "|") if one), choose, depth)
        if not left:
            return Operation(sign, (Given(frame, right),))
        if sign in ("||", "&", "^"):
            querysets = self._querysets(frame, text)
            if querysets:
                return Querysets(querysets)
        return Operation(sign, (Given(frame, left), Given(frame, right)))

    def _followed(self, frame: Frame, text: str, choose: Choose, depth: int) -> Operand:
        module = self.modules[frame.path]
        if text[0] == "%" and text[1:].isidentifier():
            given = handed_in(frame, module, text[1:])
            if given is not None:
                return self.read(Given(*given), choose, depth + 1)
            if not any(parameter.name == text[1:] for parameter in module.functions[frame.function].parameters):
                assigned = module.assigns_to(frame.function, text)
                if len(assigned) == 1 and not assigned[0].augmented and assigned[0].value not in ("", "?", text):
                    return self.read(Given(frame, assigned[0].value), choose, depth + 1)
        parsed = parse(text)
        if parsed is not None and parsed.root in _COLLECTIONS and len(parsed.steps) == 1 and parsed.steps[0][0] == "(":
            inner = split(parsed.steps[0][1:-1])
            operand = self.read(Given(frame, inner[0]), choose, depth + 1) if inner else Items((), True)
            # a queryset that was made a list has been asked: its rows are values
            return Unknown(text) if isinstance(operand, Querysets) else operand
        querysets = self._querysets(frame, text)
        if querysets:
            return Querysets(querysets)
        if parsed is None:
            return Unknown(text)
        if parsed.root[0] == "#" or any(step[0] != "." for step in parsed.steps):
            return Unknown(text)
        return self._constant(frame, text.removesuffix(".value"), choose, depth)

    def _constant(self, frame: Frame, text: str, choose: Choose, depth: int) -> Operand:
        """``Status.ACTIVE`` and other names that stand for a constant."""
        place = self.chains.objects.values.follow(Place(frame.path, frame.function, text))
        if place.text == text:
            return Unknown(text)
        inner = self.chains.frame(place.path, place.function)
        if place.text[:1] == "[" and "." in text and (first := next(iter(split(place.text[1:-1])), "")) and self._is_choice(frame, text):
            return self.read(Given(inner, first), choose, depth + 1)
        if place.text[:1] == "#":
            operand = self._called(inner, int(place.text[1:]), choose, depth) if place.text[1:].isdigit() else Unknown(text)
            return operand if not isinstance(operand, Unknown) else Unknown(text)
        return self.read(Given(inner, place.text), choose, depth + 1)

    def _is_choice(self, frame: Frame, text: str) -> bool:
        owner = self.resolver.value(frame.path, frame.function, text.rpartition(".")[0])
        if owner is None or owner.kind not in (RefKind.CLASS, RefKind.INSTANCE):
            return False
        return any(name.rpartition(".")[2] in ("TextChoices", "IntegerChoices", "Choices") for name in self.resolver.classes.external_names(owner))

    def _called(self, frame: Frame, number: int, choose: Choose, depth: int) -> Operand:
        call = self.modules[frame.path].bodies[frame.function].calls[number]
        name = call.callee.rpartition(".")[2]
        if name == "reduce" and call.args:
            return Made("reduce", call.args, call.keywords, frame)
        if (name in ORM_NAMES or name[:1].isupper()) and (made := self._orm_name(frame, call.callee, name)):
            return Made(made, call.args, call.keywords, frame)
        querysets = self._querysets(frame, f"#{number}")
        if querysets:
            return Querysets(querysets)
        if name in ("asc", "desc", "resolve_expression") and call.callee != name:
            return Made(name, (call.callee.rpartition(".")[0], *call.args), call.keywords, frame)
        target = self.resolver.value(frame.path, frame.function, call.callee)
        if target is not None and target.kind is RefKind.FUNCTION and frame.depth < 4:
            return self._returned(frame, number, target, choose, depth)
        return Unknown(f"#{number}")

    def _orm_name(self, frame: Frame, callee: str, name: str) -> str:
        ref = self.resolver.value(frame.path, frame.function, callee)
        if ref is None:
            return name if name in ORM_NAMES else ""
        if ref.kind is RefKind.EXTERNAL:
            return ref.name.rpartition(".")[2] if ref.name.startswith(ORM) else name if ref.name == name and name in ORM_NAMES else ""
        if ref.kind is RefKind.CLASS and any(one.startswith(ORM) for one in self.resolver.classes.external_names(ref)):
            return "" if self.chains.managers.is_model(ref.function) or self.chains.managers.is_manager(ref) else f"own.{ref.name}"
        return ""

    def _returned(self, frame: Frame, number: int, target: Ref, choose: Choose, depth: int) -> Operand:
        module = self.modules[target.path]
        head = module.functions[target.index]
        returned = [one.value for one in module.bodies[target.index].returns if one.value]
        if not returned or len(returned) > 4 or head.is_generator:
            return Unknown(f"#{number}")
        call = self.modules[frame.path].bodies[frame.function].calls[number]
        owner = target.receiver.function if target.receiver is not None and not target.receiver.is_external else None
        bound = head.owner >= 0 and "staticmethod" not in head.decorators
        inner = Frame(target.path, target.index, owner, (), frame, call, bound, frame.depth + 1)
        return self._one_of(tuple(Given(inner, one) for one in returned), choose, depth)

    def _one_of(self, options: tuple[Given, ...], choose: Choose, depth: int) -> Operand:
        """One of several values. Which constant it is matters to nobody; which condition or queryset does."""
        read = [self.read(option, choose, depth + 1) for option in options]
        telling = [one for one in read if not isinstance(one, (Unknown, Items)) and not (isinstance(one, Literal) and one.value is not None)]
        if len(read) == 1:
            return read[0]
        if not telling or (len(telling) == 1 and isinstance(telling[0], Literal)):
            return Unknown(options[0].text)
        if len(telling) < len(read) and all(isinstance(one, Unknown) for one in read if one not in telling):
            read = [*telling, Unknown(options[0].text)]
        return read[self._choose(choose, options, len(read))]

    # -- arguments ---------------------------------------------------------------------------------

    def arguments(self, frame: Frame, args: tuple[str, ...], choose: Choose) -> list[Given]:
        """Positional arguments with ``*args`` taken apart; what is not known of them is the text ``*?``."""
        found: list[Given] = []
        for arg in args:
            if arg[:1] != "*":
                found.append(Given(frame, arg))
                continue
            others = other_arguments(frame, self.modules[frame.path], arg[2:]) if arg[1:2] == "%" else None
            if others is not None:
                found += self.arguments(others[0], others[1], choose)
                continue
            inner = self._display(frame, arg[1:], choose)
            found += inner.items if inner is not None else ()
            if inner is None or not inner.complete:
                found.append(Given(frame, "*?"))
        return found

    def _display(self, frame: Frame, text: str, choose: Choose) -> Items | None:
        if text[:1] == "%" and text[1:].isidentifier():
            base, changes = self.history(frame, text)
            extended = any(call.callee in (f"{text}.append", f"{text}.extend") for call in self.modules[frame.path].bodies[frame.function].calls)
            if base is not None and base[:1] == "[":
                items = self._items(frame, base)
                return Items(items.items, items.complete and not changes and not extended) if isinstance(items, Items) else None
        operand = self.read(Given(frame, text), choose)
        return operand if isinstance(operand, Items) else None

    def keywords(self, frame: Frame, keywords: tuple[tuple[str, str], ...], choose: Choose, depth: int = 0) -> list[tuple[str, Given]]:
        """Keyword arguments with ``**name`` taken apart; the name ``**`` stands for what is not known of them."""
        found: list[tuple[str, Given]] = []
        for key, text in keywords:
            if key != "**":
                found.append((key, Given(frame, text)))
            elif depth > _MAX_DEPTH:
                found.append(("**", Given(frame, text)))
            else:
                found += self._unpacked(frame, text, choose, depth)
        return found

    def _unpacked(self, frame: Frame, text: str, choose: Choose, depth: int) -> list[tuple[str, Given]]:
        text = next((option for option in alternatives(text) if option[:1] == "%"), text)
        if text[:1] == "%" and text[1:].isidentifier():
            others = other_keywords(frame, self.modules[frame.path], text[1:])
            if others is not None:
                return self.keywords(others[0], others[1], choose, depth + 1)
            base, changes = self.history(frame, text)
            if base is not None:
                found = self._unpacked(frame, base, choose, depth + 1)
                for change, optional in changes:
                    if not optional or self._choose(choose, (frame, change), 2):
                        key, value = change
                        found = [(name, given) for name, given in found if name != key]
                        found.append((key or "**", Given(frame, value)))
                return found
            given = handed_in(frame, self.modules[frame.path], text[1:])
            if given is not None:
                return self._unpacked(given[0], given[1], choose, depth + 1)
        if text[:1] == "{" and text[-1:] == "}":
            found = []
            for part in split(text[1:-1]):
                if part[:2] == "**":
                    found += self._unpacked(frame, part[2:], choose, depth + 1)
                    continue
                name, value = key_and_value(part)
                found.append((name or "**", Given(frame, value)))
            return found
        if text.startswith("dict(") and text.endswith(")"):
            pairs = [part.partition("=") for part in split(text[5:-1])]
            return [(name if sign and name.isidentifier() else "**", Given(frame, value)) for name, sign, value in pairs]
        return [("**", Given(frame, text))]

    def history(self, frame: Frame, name: str) -> tuple[str | None, list[tuple[tuple[str, str], bool]]]:
        """How a local is built: its first value, and the changes after it, each with whether it may be left out.

        A change is ``(key, value)`` for ``name[key] = value`` (the key is empty if it is not constant) and ``(operator, value)`` for ``name |= value``.
        """
        body = self.modules[frame.path].bodies[frame.function]
        base: str | None = None
        block = 0
        changes: list[tuple[tuple[str, str], bool]] = []
        for assign in body.assigns:
            if assign.target == name:
                own = operation(assign.value) if assign.value[:1] == "(" else None
                if assign.operator:
                    changes.append(((assign.operator, assign.value), self._may_be_left_out(frame, assign.block, block)))
                elif own is not None and own[0] == name:
                    changes.append(((own[1], own[2]), self._may_be_left_out(frame, assign.block, block)))
                elif assign.value not in ("?", "") and (base is None or not self._may_be_left_out(frame, assign.block, block)):
                    base, block, changes = assign.value, assign.block, []
            elif assign.target.startswith(f"{name}[") and assign.target.endswith("]"):
                key = constant_string(assign.target[len(name) + 1 : -1]) or ""
                changes.append(((key, assign.value), self._may_be_left_out(frame, assign.block, block)))
        for call in body.calls:
            if call.callee == f"{name}.update" and base is not None:
                optional = self._may_be_left_out(frame, call.block, block)
                changes += [((key if key != "**" else "", value), optional) for key, value in call.keywords]
                for arg in call.args:
                    pairs = [key_and_value(part) for part in split(arg[1:-1])] if arg[:1] == "{" else [("", arg)]
                    changes += [((key, value), optional) for key, value in pairs]
        return base, changes

    def _may_be_left_out(self, frame: Frame, block: int, base: int) -> bool:
        body = self.modules[frame.path].bodies[frame.function]
        for index, found in around(body, block):
            if index == base:
                return False
            if found.kind in (BlockKind.IF, BlockKind.ORELSE, BlockKind.CASE, BlockKind.HANDLER):
                return True
        return False
