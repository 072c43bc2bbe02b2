"""What one Python file says, independent of every other file.

Values are short texts, so that facts stay small and comparable:

====================  ==========================================================================================
text                  meaning
====================  ==========================================================================================
``requests.get``      a name that is not local to the function (module level, imported or builtin), with attributes
``%db.execute``       a parameter, or a local whose value is not known
``#3``, ``#3.json``   the result of call 3 of the same function (an awaited call is its result)
``x[]``, ``x['k']``   an element of x: by iteration or unknown key, by constant key or index; ``x[:10]``, ``x[%a:]`` are slices
``x.__enter__()``     what ``with x as name`` binds
``'text'``, ``10``    a constant, as ``repr`` writes it; long strings other than SQL are cut after 200 characters
                      (where values are written into them, what stands between the places for these)
``f'a{%b}c'``         an f-string (``{%b!r}`` is ``{repr(%b)}``); ``str(%e)`` a call of a pure builtin, written in line
``[a,b]``, ``{'k':v}``  displays: lists, tuples and sets with brackets; at most 12 items, then ``...``; 400 on module level and of calls
``(a+b)``             an operation (``||`` is the operator of one stroke); ``(not a)``, ``(~a)``, ``(a if t else b)``, ``(a and b)``, ``(a<b)``
``?``                 anything else
====================  ==========================================================================================

A local that was bound to a value is written as that value, so ``r = requests.get(u)`` followed by ``r.json()`` calls ``#0.json``.
Lines and columns count from 1; columns count code points.
"""

from __future__ import annotations

import enum

import msgspec


class Fact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all facts: immutable, written as arrays."""


class Use(enum.IntEnum):
    """What becomes of a call's result."""

    OTHER = 0
    DROPPED = 1
    BOUND = 2
    RETURNED = 3
    ARGUMENT = 4
    CONTEXT = 5
    """The subject of a ``with`` statement."""
    ITERATED = 6
    YIELDED = 7
    RECEIVER = 8
    """An attribute or method of the result is used at once."""
    RAISED = 9


class BlockKind(enum.IntEnum):
    """Why a run of statements stands on its own."""

    BODY = 0
    FOR = 1
    WHILE = 2
    COMPREHENSION = 3
    TRY = 4
    HANDLER = 5
    ELSE = 6
    """The ``else`` of ``try``, ``for`` or ``while``."""
    FINALLY = 7
    WITH = 8
    IF = 9
    ORELSE = 10
    """The ``else`` of ``if``."""
    CASE = 11
    LAMBDA = 12


LOOPS = frozenset({BlockKind.FOR, BlockKind.WHILE, BlockKind.COMPREHENSION})


class Block(Fact, frozen=True):
    """A run of statements inside a function; `parent` is an index into `Body.blocks`, -1 for the body itself.

    `subject`: loop: what is iterated, or the condition of ``while``; with: the context value; if and case: the test; handler: the caught types.
    lambda: what it is called for each item of, if a builtin calls it (``sorted(rows, key=lambda row: row.name)``).
    `target`: the name that a loop or ``with`` binds; of a loop over tuples ``a,b``; the parameters of a lambda. `is_async`: ``async for`` or ``async with``.
    """

    kind: BlockKind
    parent: int
    line: int
    end_line: int
    subject: str = ""
    target: str = ""
    is_async: bool = False


class Call(Fact, frozen=True):
    """A call, in the order of evaluation. `block` is an index into `Body.blocks`.

    `args` hold values, ``*v`` for unpacking; a keyword named ``**`` is unpacked.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    callee: str
    args: tuple[str, ...]
    keywords: tuple[tuple[str, str], ...]
    block: int
    use: Use
    awaited: bool
    target: str = ""
    """The name, ``%local`` or attribute text that the result is bound to, if `use` is BOUND; the callee of the outer call is not recorded."""


class Handler(Fact, frozen=True):
    """An ``except`` clause. `block` is its own block, `protected` the block of the ``try`` body."""

    line: int
    column: int
    end_line: int
    end_column: int
    block: int
    protected: int
    types: tuple[str, ...]
    """Caught types as values; empty for a bare ``except``."""
    name: str
    """The name bound by ``as``, or an empty string."""
    uses_name: bool
    """The bound exception is read somewhere in the body."""
    raises: bool
    """Some path through the body raises."""
    shape: str
    """``pass``, ``continue``, ``break``, ``return`` or ``assign`` if the body is only that (docstrings and comments apart), else ``other``."""
    comment: bool
    """A comment of at least three words stands in the clause, or another linter was told that it drops on purpose: somebody decided."""


class Return(Fact, frozen=True):
    """A ``return`` (or the value of a lambda); `value` is empty for a bare one. `keys` are the constant keys of a returned dict display."""

    line: int
    column: int
    end_line: int
    end_column: int
    value: str
    block: int


class Raise(Fact, frozen=True):
    """A ``raise``; `value` is empty for a bare re-raise, `cause` is the value behind ``from`` (``None`` when suppressed)."""

    line: int
    column: int
    end_line: int
    end_column: int
    value: str
    cause: str
    block: int


class Yield(Fact, frozen=True):
    """A ``yield`` or ``yield from`` with its value."""

    line: int
    value: str
    block: int


class Assign(Fact, frozen=True):
    """A binding. `target` is ``%name`` in functions, ``name`` on module level, or an attribute or element text such as ``%self.client``."""

    line: int
    column: int
    target: str
    value: str
    annotation: str
    block: int
    augmented: bool = False
    operator: str = ""
    """Of an augmented assignment, as operations write it: ``+``, ``||``."""


class Body(Fact, frozen=True):
    """What happens inside one function, in the order of the text. `blocks[0]` is the body itself."""

    blocks: tuple[Block, ...]
    calls: tuple[Call, ...]
    handlers: tuple[Handler, ...] = ()
    returns: tuple[Return, ...] = ()
    raises: tuple[Raise, ...] = ()
    yields: tuple[Yield, ...] = ()
    assigns: tuple[Assign, ...] = ()
    awaits: tuple[tuple[int, str, int], ...] = ()
    """Suspension points that are not awaited calls: line, awaited value, block."""
    finally_returns: tuple[tuple[int, int, str], ...] = ()
    """Line, column and keyword of each return, break or continue that leaves a ``finally`` block and so drops the exception."""
    conditions: tuple[tuple[int, str, int], ...] = ()
    """Tests that open no block: of ``a if test else b``, ``assert`` and comprehensions; line, value, block."""
    reads: tuple[tuple[int, int, str, int], ...] = ()
    """Attributes of locals and results that are read, the longest of a chain, once a block: line and column of the last name, value, block. Callees are not."""
    breaks: tuple[tuple[int, int], ...] = ()
    """Line and block of each ``break``."""
    continues: tuple[tuple[int, int], ...] = ()
    """Line and block of each ``continue``."""
    sizes: tuple[tuple[int, int, int, int, str, int], ...] = ()
    """Where a value is only measured: line, column, end line and end column, text, block. The text is ``len(x)``, ``bool(x)`` for a name tested by ``if``,
    ``(#1>0)`` and ``(len(#1)==0)`` for a call's result, or the length of one, compared with 0 or 1."""


class ParameterKind(enum.IntEnum):
    POSITIONAL_ONLY = 0
    POSITIONAL_OR_KEYWORD = 1
    VAR_POSITIONAL = 2
    KEYWORD_ONLY = 3
    VAR_KEYWORD = 4


class Parameter(Fact, frozen=True):
    """A parameter; `annotation` and `default` are values, empty if absent."""

    name: str
    kind: ParameterKind
    annotation: str = ""
    default: str = ""


class Function(Fact, frozen=True):
    """The head of a function. `name` is its qualified name inside the module: ``View.get``, ``outer.<locals>.inner``; the module body is ``<module>``.

    `decorators` hold values (a decorator with arguments is ``#n`` of the body of function `scope`, the enclosing function, 0 for the module).
    `owner` is the index of the class it is defined in, -1 for none.
    """

    name: str
    line: int
    column: int
    end_line: int
    is_async: bool
    is_generator: bool
    owner: int
    scope: int
    decorators: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    returns: str
    doc: bool
    body_line: int


class Attribute(Fact, frozen=True):
    """An attribute of a class, set in its body (`function` is that of the enclosing scope) or through ``self`` in a method.

    `augmented`: the value is added to what was there (``operations += [...]``).
    """

    name: str
    function: int
    value: str
    annotation: str
    line: int
    column: int
    augmented: bool = False


class Class(Fact, frozen=True):
    """A class; `bases` and `decorators` are values in the scope of function `scope`; `methods` are indexes of functions."""

    name: str
    line: int
    column: int
    end_line: int
    scope: int
    bases: tuple[str, ...]
    keywords: tuple[tuple[str, str], ...]
    decorators: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    methods: tuple[int, ...]


class Import(Fact, frozen=True):
    """A name bound by an import.

    ``from .a import b as c`` is name ``c``, module ``a``, member ``b``, level 1; ``import a.b`` is name ``a``, module ``a.b``, member ``""``.
    """

    name: str
    module: str
    member: str
    level: int
    line: int
    function: int
    """Index of the function that imports; 0 on module level."""
    type_checking: bool
    aliased: bool = False


class Module(Fact, frozen=True):
    """The facts of one Python file. `bodies` holds a msgpack array of `Body`, one for each function in order, decoded when somebody asks."""

    lines: int
    imports: tuple[Import, ...]
    functions: tuple[Function, ...]
    classes: tuple[Class, ...]
    exports: tuple[str, ...]
    """``__all__`` if it is a display of constants."""
    features: tuple[str, ...]
    """Cheap questions answered in advance: ``async``, ``except``, ``finally-return``, ``await``, ``yield``, ``decorator``; ``private`` where a comment tells
    other linters that what is private elsewhere is used on purpose. Of a migration that Django has written ``django 5.2``, with the version that did."""
    bodies: msgspec.Raw
