"""Request and response models of handlers, as the annotations name them."""

from __future__ import annotations

from backend_lint.project.annotations import instance_of
from backend_lint.project.calls import FunctionKey
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import alternatives, parse, split
from backend_lint.project.web.values import Place, Values

_MODELS = ("pydantic.BaseModel", "pydantic.RootModel", "sqlmodel.SQLModel", "pydantic.v1.BaseModel")
_NO_MODELS = (
    "Response",
    "None",
    "Any",
    "StreamingResponse",
    "JSONResponse",
    "RedirectResponse",
    "HTMLResponse",
    "FileResponse",
    "PlainTextResponse",
    "TemplateResponse",
)


class Models:
    """Names the models of a handler."""

    def __init__(self, values: Values) -> None:
        self.values = values

    def request(self, key: FunctionKey) -> str:
        """The model of the body: the first parameter that is a pydantic model and not injected."""
        path, index = key
        head = self.values.modules[path].functions[index]
        for parameter in head.parameters:
            text = parameter.annotation
            call = self.values.call(Place(path, head.scope, parameter.default))
            if not text or (call is not None and call.callee.rpartition(".")[2] in ("Depends", "Security", "Query")) or "#" in text:
                continue
            if "#" in self.values.follow(Place(path, head.scope, text)).text:
                continue
            ref = instance_of(self.values.resolver, path, head.scope, text)
            held = ref.item if ref is not None and ref.item is not None else ref
            if held is not None and held.kind is RefKind.INSTANCE and any(self.values.resolver.classes.derives(held, name) for name in _MODELS):
                return shown(text)
        return ""

    def response(self, scope: Place, given: str, key: FunctionKey) -> str:
        """``response_model`` as it is given, else the return annotation."""
        if given:
            return shown(given) if given != "None" else ""
        text = self.values.modules[key[0]].functions[key[1]].returns
        return shown(text) if text and text.rpartition(".")[2] not in _NO_MODELS else ""


def shown(text: str) -> str:
    """An annotation as its author wrote it: without ``None``, with brackets as types have them."""
    options = [option for option in alternatives(text) if option != "None"]
    if len(options) != 1:
        return " | ".join(shown(option) for option in options)
    parsed = parse(options[0])
    if parsed is None or "#" in options[0]:
        return options[0] if "#" not in options[0] else ""
    if parsed.steps and parsed.steps[-1][0] == "[":
        base = options[0][: -len(parsed.steps[-1])]
        inner = parsed.steps[-1][1:-1]
        items = split(inner[1:-1] if inner[:1] == "[" else inner)
        if base.rpartition(".")[2] in ("Optional", "Annotated") and items:
            return shown(items[0])
        return f"{base.lstrip('%')}[{', '.join(shown(item) for item in items)}]"
    return options[0].lstrip("%")
