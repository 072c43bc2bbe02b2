"""Locals of a function that is run abstractly: lists that grow, what an inspector answered when it was asked, which calls were made."""

from __future__ import annotations

from backend_lint.facts.python import Assign, Call
from backend_lint.project.schema.sqlalchemy_evaluate import Values
from backend_lint.project.schema.sqlalchemy_values import MAX_ITEMS, MAX_LENGTH, UNKNOWN, Frame, Made, Text, Value

_MUTATORS = frozenset({"append", "add", "extend", "update", "remove", "discard", "insert"})


def made(index: int) -> str:
    """The name under which it is kept that call `index` was made."""
    return f"!{index}"


def frozen(value: Value, names: dict[str, Value]) -> Value:
    """A value that later changes of the function's locals do not reach."""
    if isinstance(value, Made) and value.frame.names is names:
        frame = value.frame
        return Made(Frame(frame.path, frame.function, dict(names), frame.owner, frame.line), value.call, value.name, value.given, value.key)
    if isinstance(value, Text) and value.frame.names is names:
        return Text(Frame(value.frame.path, value.frame.function, dict(names), value.frame.owner, value.frame.line), value.text)
    if isinstance(value, tuple):
        return tuple(frozen(one, names) for one in value)
    if isinstance(value, dict):
        return {key: frozen(one, names) for key, one in value.items()}
    return value


def is_mutation(call: Call) -> bool:
    """Whether a call may be ``x.append(y)``, told by its name."""
    return call.callee.rpartition(".")[2] in _MUTATORS and (call.callee[:1] == "%" or call.callee.startswith(("set().", "list().", "dict().")))


def mutate(values: Values, frame: Frame, names: dict[str, Value], call: Call) -> bool:
    """Carry out ``x.append(y)`` on a local; False if the call is nothing like that."""
    receiver, _, method = call.callee.rpartition(".")
    if method not in _MUTATORS or not call.args or not (receiver[:1] == "%" or receiver in ("set()", "list()", "dict()")):
        return False
    held = names.get(receiver, UNKNOWN)
    if held is UNKNOWN:
        held = () if receiver in ("set()", "list()") else {} if receiver == "dict()" else values.evaluate(frame, receiver)
    argument = frozen(values.evaluate(frame, call.args[-1]), names)
    if isinstance(held, dict) and method == "update":
        names[receiver] = {**held, **argument} if isinstance(argument, dict) else UNKNOWN
        return True
    if not isinstance(held, tuple):
        return False
    if method in ("append", "add", "insert"):
        names[receiver] = (*held, argument)
    elif method in ("extend", "update"):
        names[receiver] = (*held, *argument) if isinstance(argument, tuple) and len(held) + len(argument) < MAX_ITEMS else UNKNOWN
    else:
        names[receiver] = tuple(one for one in held if one != argument)
    return True


def assign(values: Values, frame: Frame, names: dict[str, Value], found: Assign) -> None:
    """Carry out the assignments that texts do not follow: displays, ``+=``, ``x[key] = y``."""
    target = found.target
    if found.augmented:
        before, more = names.get(target, UNKNOWN), values.evaluate(frame, found.value)
        if before is UNKNOWN:
            before = values.evaluate(frame, target)
        if found.operator == "+" and isinstance(before, tuple) and isinstance(more, tuple) and len(before) + len(more) < MAX_ITEMS:
            names[target] = frozen((*before, *more), names)
        elif found.operator == "+" and isinstance(before, str) and isinstance(more, str) and len(before) + len(more) < MAX_LENGTH:
            names[target] = before + more
        else:
            names[target] = UNKNOWN
    elif target.endswith("]"):
        owner, _, key = target[:-1].partition("[")
        held, item = names.get(owner, UNKNOWN), values.evaluate(frame, key)
        held = values.evaluate(frame, owner) if held is UNKNOWN else held
        if isinstance(held, dict) and isinstance(item, str | int):
            names[owner] = {**held, item: frozen(values.evaluate(frame, found.value), names)}
    elif target[:1] == "%" and found.value[:1] in ("[", "{"):
        names.pop(target, None)
        names[target] = frozen(values.evaluate(frame, found.value), names)
