from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Role
from backend_lint.project import FunctionKey, Project, RefKind
from backend_lint.project.failures import symbol_of
from backend_lint.project.taint.answers import SECRETS, answered, response_models
from backend_lint.project.taint.serializers import shapes


class ExcessiveDataExposure(ProjectRule):
    """A secret of a row is sent to the client.

    ## What it does

    Reports passwords, hashes of passwords, second factors, private keys and social security numbers in what is sent out: fields of model serializers that
    are not `write_only` (`fields = "__all__"` of a user model too), fields of the response models of FastAPI routes, and mappings with such a key that a
    handler answers with or that a `to_dict` or `json` method returns.

    ## Why is this bad

    The page shows none of it, but whoever looks at the answer does; a hash is then guessed without any limit.

    ## Example

    ```python
    from fastapi import FastAPI
    from pydantic import BaseModel

    app = FastAPI()


    class User(BaseModel):
        name: str
        hashed_password: str


    @app.get("/users/{name}", response_model=User)
    def user(name: str, store):
        return store.find(name)
    ```

    ## Use instead

    ```python
    from fastapi import FastAPI
    from pydantic import BaseModel

    app = FastAPI()


    class User(BaseModel):
        name: str


    @app.get("/users/{name}", response_model=User)
    def user(name: str, store):
        return store.find(name)
    ```

    ## When this is wrong

    Where the value is a new one that is shown once.

    ## References

    - [OWASP API3:2023](https://owasp.org/API-Security/editions/2023/en/0xa3-broken-object-property-level-authorization/)
    - [CWE-213](https://cwe.mitre.org/data/definitions/213.html)
    """

    severity, precision, since = "warning", "medium", "0.1"
    profile = Profile.ALL
    tags = ("cwe:213", "owasp-api:3", "security")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        yield from self._serializers(project)
        yield from self._of_routes(project)
        for module, index, function, body in project.functions():
            if module.role in self.roles:
                for at, name in answered(project, (module.path, index), body):
                    message = f"`{name}` goes out with the answer: leave it away"
                    yield self.finding(module.path, at, message, symbol=symbol_of(function))

    def _serializers(self, project: Project) -> Iterator[Finding]:
        for shape in shapes(project):
            hidden = shape.write_only | set(shape.exclude)
            if shape.kind != "serializer" or project.modules[shape.path].role not in self.roles or "*" in hidden:
                continue
            every = shape.fields == ("__all__",) or (not shape.fields and bool(shape.exclude))
            names = ["password"] if every and shape.is_user else [name for name in shape.fields if name in SECRETS]
            for name in names:
                if name not in hidden:
                    message = f"`{name}` can be read through this serializer: take it out, or make it `write_only`"
                    yield self.finding(shape.path, Place.at(shape.line, shape.column), message, symbol=shape.name)

    def _of_routes(self, project: Project) -> Iterator[Finding]:
        seen: set[FunctionKey] = set()
        for route in project.routes:
            for ref in response_models(project, route):
                for base in project.resolver.classes.ancestors(*ref.function):
                    if base.kind is not RefKind.CLASS or base.function in seen or project.modules[base.path].role not in self.roles:
                        continue
                    seen.add(base.function)
                    fact = project.resolver.class_at(base)
                    for attribute in fact.attributes:
                        if attribute.name in SECRETS and attribute.annotation and "Secret" not in attribute.annotation and "exclude" not in attribute.value:
                            message = f"`{attribute.name}` is part of the answer of `{route.method} {route.path}`: answer with a model without it"
                            evidence = [Evidence(route.declared_in, route.line, "answers with this model")]
                            yield self.finding(base.path, Place.at(attribute.line, attribute.column), message, symbol=fact.name, evidence=evidence)
