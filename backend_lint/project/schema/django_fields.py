"""What a call of a field class declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backend_lint.facts.python import Body, Call
from backend_lint.project.libraries.django_fields import INTERNAL, RELATIONS, SUBCLASSES, SWAPPABLE, VIRTUAL
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.django_state import SELF, USER, DjangoField
from backend_lint.project.schema.django_values import MISSING, Made, Named, Scope, Unknown, ValueReader
from backend_lint.project.value_text import constant_string, entries, split

_NULLED = {"NullBooleanField"}
_POSITIONAL = ("verbose_name", "name", "primary_key", "max_length", "unique", "blank", "null", "db_index")
_SPATIAL = frozenset(
    "PointField LineStringField PolygonField MultiPointField MultiLineStringField MultiPolygonField GeometryField GeometryCollectionField RasterField".split()
)
_NOT_STORED = frozenset(
    "blank choices db_column editable error_messages help_text limit_choices_to on_delete related_name related_query_name validators verbose_name to".split()
)
_MANAGER = "TaggableManager"
_SMALL_MAX = 3


class FieldClass:
    """A field class: `internal` type (empty if unknown), options that the class sets itself, `type` if it names its column type."""

    __slots__ = ("internal", "kind", "options", "type")

    def __init__(self, kind: str, internal: str, options: dict[str, Any], type_: str = "") -> None:
        self.kind = kind
        self.internal = internal
        self.options = options
        self.type = type_


class FieldReader:
    """Reads fields; what classes are is found out once."""

    def __init__(self, values: ValueReader) -> None:
        self.values = values
        self._classes: dict[str | tuple[str, int], FieldClass | None] = {}

    def class_of(self, made: Made) -> FieldClass | None:
        """The field class that is called; None if it is no field."""
        named = made.named
        if named.ref is not None and named.ref.kind is RefKind.CLASS:
            return self._project_class(named.ref)
        if named.ref is not None and named.ref.kind is RefKind.FUNCTION:
            return None
        return self._library_class(named.name)

    def _library_class(self, name: str) -> FieldClass | None:
        if name not in self._classes:
            last = name.rpartition(".")[2]
            found: FieldClass | None = None
            if last in RELATIONS or last in INTERNAL:
                found = FieldClass(last, last, {})
            elif last in SUBCLASSES:
                internal, options = SUBCLASSES[last]
                found = FieldClass(last, internal, dict(options))
            elif last in VIRTUAL:
                found = FieldClass(last, last, {})
            elif last == _MANAGER:
                found = FieldClass(last, "ManyToManyField", {"to": "taggit.tag", "through": "taggit.taggeditem"})
            elif last == "GeneratedField":
                found = FieldClass(last, "GeneratedField", {})
            elif last.endswith(("Field", "ForeignKey")) and "form" not in name and "serializers" not in name:
                found = FieldClass(last, "", {})
            self._classes[name] = found
        return self._classes[name]

    def _project_class(self, ref: Ref) -> FieldClass | None:
        key = ref.function
        if key in self._classes:
            return self._classes[key]
        self._classes[key] = None
        found = None
        classes = self.values.resolver.classes
        ancestors = classes.ancestors(ref.path, ref.index)
        for base in ancestors[1:]:
            if base.kind is RefKind.EXTERNAL:
                if base.name == "django.db.models.Field" or base.name.startswith("django.db.models.fields.Field"):
                    found = FieldClass(ref.name, "", {})
                    break
                if "form" not in base.name and (known := self._library_class(base.name)) is not None:
                    found = FieldClass(ref.name, known.internal, dict(known.options), known.type)
                    break
        if found is not None:
            found.kind = ref.name
            for base in reversed(ancestors):
                if base.kind is RefKind.CLASS:
                    found.options.update(self._own_options(base))
            internal = self._returned(ref, "get_internal_type")
            if internal:
                found.internal = internal if internal in INTERNAL or internal in RELATIONS else SUBCLASSES.get(internal, ("", {}))[0]
            elif internal is None:
                found.internal = ""
            if self._is_private(ref):
                found.internal = "Virtual"
            type_ = self._returned(ref, "db_type")
            if type_:
                found.type = type_
            elif type_ is None and found.internal not in RELATIONS:
                found.internal = ""
        self._classes[key] = found
        return found

    def _is_private(self, ref: Ref) -> bool:
        """The class adds itself to models without a column."""
        found = self.values.resolver.classes.find(ref, "contribute_to_class")
        if found is None or not isinstance(found[1], int):
            return False
        calls = self.values.modules[found[0].path].bodies[found[1]].calls
        return any(("private_only", "True") in call.keywords for call in calls)

    def _returned(self, ref: Ref, method: str) -> str | None:
        """The constant that a method returns, empty if the class has no such method, None if it is not constant."""
        found = self.values.resolver.classes.find(ref, method)
        if found is None or not isinstance(found[1], int):
            return ""
        returns = self.values.modules[found[0].path].bodies[found[1]].returns
        constants = {constant_string(one.value) or self._internal_of(one.value) for one in returns if one.value}
        return constants.pop() if len(constants) == 1 else None

    @staticmethod
    def _internal_of(value: str) -> str | None:
        """``TextField.__name__`` and ``super().get_internal_type()`` say nothing new or a class's own name."""
        head, _, last = value.rpartition(".")
        return head.rpartition(".")[2] if last == "__name__" else None

    def _own_options(self, ref: Ref) -> dict[str, Any]:
        """Options that ``__init__`` of a field class sets: ``kwargs["max_length"] = 9``, ``kwargs.setdefault``, arguments of ``super().__init__``, defaults."""
        module = self.values.modules[ref.path]
        methods = self.values.resolver.classes.members(ref.path, ref.index)[0]
        number = methods.get("__init__")
        if number is None:
            return {}
        body: Body = module.bodies[number]
        scope = Scope(ref.path, number)
        found: dict[str, Any] = {}
        for parameter in module.functions[number].parameters:
            if parameter.default:
                value = self.values.value(Scope(ref.path, 0), parameter.default)
                if isinstance(value, (int, str, bool)):
                    found[parameter.name] = value
        for assign in body.assigns:
            head, _, rest = assign.target.partition("[")
            if head == "%kwargs" and rest.endswith("]") and (name := constant_string(rest[:-1])):
                found[name] = self._constant(scope, assign.value)
        for call in body.calls:
            if call.callee == "%kwargs.setdefault" and len(call.args) > 1 and (name := constant_string(call.args[0])):
                found[name] = self._constant(scope, call.args[1])
            elif call.callee.endswith(".__init__"):
                if call.args and (target := constant_string(call.args[0])) is not None:
                    found["to"] = target  # of a key; other fields begin with a name for people
                for name, text in _passed(body, call):
                    if text != f"%{name}":
                        found[name] = self._constant(scope, text)
            elif call.callee == "%kwargs.update":
                for name, text in call.keywords:
                    found[name] = self._constant(scope, text)
        return {name: value for name, value in found.items() if value is not MISSING}

    def _constant(self, scope: Scope, text: str) -> Any:
        value = self.values.value(scope, text)
        if isinstance(value, Made) and value.fact.callee in ("%kwargs.get", "%kwargs.pop"):
            value = value.get("default", 1)
        return value if isinstance(value, (str, int, float, bool, type(None), list, Made)) else Unknown(text)

    # -- one field ---------------------------------------------------------------------------------

    def field(self, name: str, made: Made, app: str) -> DjangoField | None:
        """The field that a call declares; None if the callee is no field class. `app`: the label that targets without one mean."""
        class_ = self.class_of(made)
        if class_ is None:
            return None
        return self.build(name, class_, _Arguments(made, class_.options), app, made.scope.path, made.line)

    def library_field(self, name: str, kind: str, options: dict[str, Any], app: str) -> DjangoField | None:
        """A field of a library's model."""
        class_ = self._library_class(kind)
        if class_ is None:
            return None
        return self.build(name, class_, _Arguments(None, {**class_.options, **options}), app, "", 0)

    def build(self, name: str, class_: FieldClass, args: _Arguments, app: str, path: str, line: int) -> DjangoField:
        internal = class_.internal
        unknown = "" if internal or class_.type else f"what {class_.kind} is in a database"
        auto = internal.endswith("AutoField")
        index = args.flag("db_index", internal in ("SlugField", "ForeignKey", "OneToOneField")) is not False
        # django-autoslug asks for it by a query of its own
        unique = args.flag("unique", internal == "OneToOneField") is True and not args.given("unique_with")
        values: dict[str, Any] = {
            "null": True if internal in _NULLED else args.flag("null", False),
            "unique": unique,
            "index": index,
            "primary_key": args.flag("primary_key", False) is True,
            "max_length": args.number("max_length"),
            "closed": internal in ("BooleanField", "NullBooleanField") or args.given("choices"),
            "column": args.text("db_column"),
            "collation": args.text("db_collation"),
        }
        if internal == "DecimalField":
            values["digits"], values["places"] = args.number("max_digits", 2), args.number("decimal_places", 3)
        if internal in RELATIONS:
            values |= self._relation(internal, args, app)
        elif internal in ("GenericForeignKey", "GenericRelation"):
            values |= self._generic(internal, args, app)
        elif internal == "ArrayField":
            base = args.get("base_field", 0)
            values["base"] = self.field(name, base, app) if isinstance(base, Made) else None
            values["size"] = args.number("size", 1)
        elif internal == "GeneratedField":
            values["generated"] = values["null"] = True
            base = args.get("output_field")
            output = self.field(name, base, app) if isinstance(base, Made) else None
            if output is not None:
                internal = output.internal
                values |= {"max_length": output.max_length, "digits": output.digits, "places": output.places, "base": output.base}
            else:
                internal, unknown = "", "what a GeneratedField gives"
        elif internal in _SPATIAL:
            values["srid"] = args.number("srid", -1) or 4326
            values["geography"] = args.flag("geography", False) is True
            values["spatial_index"] = args.flag("spatial_index", True) is not False
            values["index"] = False
            values["dimensions"] = args.number("dim")
        elif internal in ("VectorField", "HalfVectorField"):
            values["dimensions"] = args.number("dimensions")
        if auto:
            values["null"] = False
        default = args.get("db_default")
        if default is not MISSING:
            values["default"] = default_text(default)
        if args.unpacked and not unknown:
            unknown = "arguments that are unpacked"
        values["signature"] = args.signature
        values["defaulted"] = args.get("default") is not MISSING
        return DjangoField(name=name, kind=class_.kind, internal=internal, type=class_.type, unknown=unknown, path=path, line=line, **values)

    def _relation(self, internal: str, args: _Arguments, app: str) -> dict[str, Any]:
        values: dict[str, Any] = {
            "to": self.label(args.get("to", 0), app),
            "constraint": args.flag("db_constraint", True) is not False,
            "related_query_name": args.text("related_query_name"),
        }
        name = args.get("related_name")
        values["related_name"] = name if isinstance(name, str) else None
        if internal == "ManyToManyField":
            through = args.get("through")
            values["through"] = self.label(through, app) if through is not MISSING and through is not None else ""
            fields = args.get("through_fields")
            values["through_fields"] = tuple(one for one in fields if isinstance(one, str)) if isinstance(fields, list) else ()
            values["table"] = args.text("db_table")
            values["symmetrical"] = args.flag("symmetrical", values["to"] == SELF) is True
            values["index"] = False
            return values
        values["to_field"] = args.text("to_field")
        values["parent_link"] = args.flag("parent_link", False) is True
        action = args.get("on_delete", 1)
        if isinstance(action, Made):
            values["on_delete"] = "set" if action.last == "SET" else action.last.lower()
        elif isinstance(action, Named):
            values["on_delete"] = action.last.lower().replace("_", " ")
        return values

    def _generic(self, internal: str, args: _Arguments, app: str) -> dict[str, Any]:
        if internal == "GenericForeignKey":
            return {"generic": (args.text("ct_field", 0) or "content_type", args.text("fk_field", 1) or "object_id")}
        return {
            "to": self.label(args.get("to", 0), app),
            "generic": (args.text("content_type_field") or "content_type", args.text("object_id_field") or "object_id"),
            "related_query_name": args.text("related_query_name"),
        }

    def label(self, value: Any, app: str) -> str:
        """The label of a target: a string, a class or a setting; empty if unknown. A class of the project is ``path:index`` until all models are known."""
        value = self.values.through(value) if isinstance(value, Made) else value
        if isinstance(value, str):
            if value == SELF:
                return SELF
            return value.lower() if "." in value else f"{app}.{value.lower()}"
        if isinstance(value, Named):
            if value.last == "AUTH_USER_MODEL":
                return USER
            if value.last in SWAPPABLE:
                return SWAPPABLE[value.last]
            if value.ref is not None and value.ref.kind is RefKind.CLASS:
                return f"{value.ref.path}:{value.ref.index}"
            return f"class {value.name}" if "." in value.name else ""
        if isinstance(value, Made):
            if value.last == "get_user_model":
                return USER
            if value.last in ("get_model", "get_registered_model") and (parts := [one for one in value.args if isinstance(one, str)]):
                return ".".join(parts).lower() if len(parts) < _SMALL_MAX else ""
            if value.last in ("gettext_lazy", "lazystr", "str") and value.args and isinstance(value.args[0], str):
                return self.label(value.args[0], app)
        return ""


_ON_DELETE = frozenset({"CASCADE", "PROTECT", "RESTRICT", "SET_NULL", "SET_DEFAULT", "DO_NOTHING"})


def _passed(body: Body, call: Call) -> Iterator[tuple[str, str]]:
    """The keywords of a call with those of a dictionary that is unpacked there, and made in the same function: ``super().__init__(**options)``."""
    for name, text in call.keywords:
        if name != "**":
            yield name, text
            continue
        made = [one.value for one in body.assigns if one.target == text] if text[:1] == "%" else [text]
        for value in made:
            if value[:5] == "dict(" and value[-1:] == ")":
                yield from ((key, item) for key, sign, item in (one.partition("=") for one in split(value[5:-1])) if sign and key.isidentifier())
            elif value[:1] == "{" and value[-1:] == "}":
                yield from entries(value)


class _Arguments:
    """Options of a field: those of the call before those of its class."""

    def __init__(self, made: Made | None, defaults: dict[str, Any]) -> None:
        self.made = made
        self.defaults = defaults
        self.unpacked = False

    @property
    def signature(self) -> str:
        """The arguments that matter to a database, targets of keys apart, as they are written."""
        if self.made is None:
            return ""
        kept = sorted(f"{key}={text}" for key, text in self.made.fact.keywords if key not in _NOT_STORED)
        return ",".join([*(text for text in self.made.fact.args if text[:1] not in "'\"" and text.rpartition(".")[2] not in _ON_DELETE), *kept])

    def get(self, name: str, position: int = -1) -> Any:
        if self.made is not None:
            found = self.made.get(name, position)
            if found is not MISSING:
                if isinstance(found, Unknown) and not any(key == name for key, _ in self.made.fact.keywords):
                    self.unpacked = True
                    return self.defaults.get(name, MISSING)
                return found
        return self.defaults.get(name, MISSING)

    def given(self, name: str) -> bool:
        value = self.get(name)
        return value is not MISSING and value is not None and value != []

    def flag(self, name: str, default: bool) -> bool | None:
        value = self.get(name)
        if value is MISSING:
            return default
        return bool(value) if isinstance(value, (bool, int, type(None))) else None

    def number(self, name: str, position: int = -1) -> int | None:
        value = self.get(name, position)
        if value is MISSING or value is None:
            return None
        return value if isinstance(value, int) else -1

    def text(self, name: str, position: int = -1) -> str:
        value = self.get(name, position)
        return value if isinstance(value, str) else ""


def default_text(value: Any) -> str:
    """``db_default`` as SQL; ``?`` for an expression that is not understood."""
    from backend_lint.sql.text import call, literal

    if isinstance(value, (str, int, float, bool)) or value is None:
        return literal(value)
    if isinstance(value, Made):
        if value.last == "Value" and value.args:
            return default_text(value.args[0])
        if value.last in ("Now", "Random", "RandomUUID"):
            return call({"Now": "statement_timestamp", "Random": "random", "RandomUUID": "gen_random_uuid"}[value.last])
    return "?"
