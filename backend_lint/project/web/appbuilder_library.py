"""What the classes of Flask-AppBuilder themselves expose: data, with one look-up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Provided(NamedTuple):
    """A method that a library class exposes; one with two rules stands twice."""

    name: str
    rule: str
    methods: tuple[str, ...]
    guard: str


_GET, _POST, _BOTH = ("GET",), ("POST",), ("GET", "POST")
_MODEL_VIEW = (
    Provided("list", "/list/", _GET, "has_access"),
    Provided("show", "/show/<pk>", _GET, "has_access"),
    Provided("add", "/add", _BOTH, "has_access"),
    Provided("edit", "/edit/<pk>", _BOTH, "has_access"),
    Provided("delete", "/delete/<pk>", _BOTH, "has_access"),
    Provided("download", "/download/<string:filename>", _GET, "has_access"),
    Provided("action", "/action/<string:name>/<pk>", _BOTH, "has_access"),
    Provided("action_post", "/action_post", _POST, "has_access"),
)
_MODEL_API = (
    Provided("info", "/_info", _GET, "protect"),
    Provided("get", "/<int:pk>", _GET, "protect"),
    Provided("get_list", "/", _GET, "protect"),
    Provided("post", "/", _POST, "protect"),
    Provided("put", "/<pk>", ("PUT",), "protect"),
    Provided("delete", "/<pk>", ("DELETE",), "protect"),
)
_COMPACT = (
    Provided("list", "/list/", _BOTH, "has_access"),
    Provided("add", "/add/", _BOTH, "has_access"),
    Provided("edit", "/edit/<pk>", _BOTH, "has_access"),
    Provided("delete", "/delete/<pk>", _BOTH, "has_access"),
)
_EXPOSED = {
    "IndexView": (Provided("index", "/", _GET, ""),),
    "UtilView": (Provided("back", "/back", _GET, ""),),
    "LocaleView": (Provided("index", "/<string:locale>", _GET, ""),),
    "SimpleFormView": (Provided("this_form_get", "/form", _GET, "has_access"), Provided("this_form_post", "/form", _POST, "has_access")),
    "PublicFormView": (Provided("this_form_get", "/form", _GET, ""), Provided("this_form_post", "/form", _POST, "")),
    "CompactCRUDMixin": _COMPACT,
    "MasterDetailView": (Provided("list", "/list/", _GET, "has_access"), Provided("list", "/list/<pk>", _GET, "has_access")),
    "MultipleView": (Provided("list", "/list/", _GET, "has_access"),),
    "ModelView": _MODEL_VIEW,
    "ModelRestApi": _MODEL_API,
    "RoleApi": (
        *_MODEL_API,
        Provided("list_role_permissions", "/<int:role_id>/permissions/", _GET, "protect"),
        Provided("add_role_permissions", "/<int:role_id>/permissions", _POST, "protect"),
        Provided("update_role_users", "/<int:role_id>/users", ("PUT",), "protect"),
        Provided("update_role_groups", "/<int:role_id>/groups", ("PUT",), "protect"),
    ),
    "AuthView": (Provided("login", "/login/", _BOTH, ""), Provided("logout", "/logout/", _GET, "")),
    "AuthOAuthView": (
        Provided("login", "/login/", _GET, ""),
        Provided("login", "/login/<provider>", _GET, ""),
        Provided("oauth_authorized", "/oauth-authorized/<provider>", _GET, ""),
        Provided("logout", "/logout/", _GET, ""),
    ),
    "AuthRemoteUserView": (Provided("login", "/login/", _GET, ""), Provided("logout", "/logout/", _GET, "")),
    "UserModelView": (*_MODEL_VIEW, Provided("userinfo", "/userinfo/", _GET, "has_access")),
}
_SAME = {
    "GroupApi": "ModelRestApi", "UserApi": "ModelRestApi", "PermissionApi": "ModelRestApi", "ViewMenuApi": "ModelRestApi",
    "PermissionViewMenuApi": "ModelRestApi", "ModelRestAPI": "ModelRestApi", "PermissionModelView": "ModelView", "ViewMenuModelView": "ModelView",
    "PermissionViewModelView": "ModelView", "RoleModelView": "ModelView", "UserGroupModelView": "ModelView", "RegisterUserModelView": "ModelView",
    "UserDBModelView": "UserModelView", "UserLDAPModelView": "UserModelView", "UserOAuthModelView": "UserModelView", "UserRemoteUserModelView": "UserModelView",
    "AuthDBView": "AuthView", "AuthLDAPView": "AuthView", "ResetMyPasswordView": "SimpleFormView", "ResetPasswordView": "SimpleFormView",
    "UserInfoEditView": "SimpleFormView",
}  # fmt: skip
_BASES = {
    "IndexView": "", "UtilView": "", "AuthView": "", "AuthDBView": "", "AuthLDAPView": "", "AuthOAuthView": "", "AuthRemoteUserView": "", "LocaleView": "/lang",
    "PermissionModelView": "/permissions", "ViewMenuModelView": "/viewmenus", "PermissionViewModelView": "/permissionviews", "UserModelView": "/users",
    "UserDBModelView": "/users", "UserLDAPModelView": "/users", "UserOAuthModelView": "/users", "UserRemoteUserModelView": "/users", "RoleModelView": "/roles",
    "UserGroupModelView": "/groups", "RegisterUserModelView": "/registeruser", "ResetMyPasswordView": "/resetmypassword", "ResetPasswordView": "/resetpassword",
    "RoleApi": "/api/v1/security/roles", "UserApi": "/api/v1/security/users", "GroupApi": "/api/v1/security/groups",
    "PermissionApi": "/api/v1/security/permissions", "ViewMenuApi": "/api/v1/security/resources",
    "PermissionViewMenuApi": "/api/v1/security/permissions-resources",
}  # fmt: skip


def _last_names(classes: Iterable[str]) -> list[str]:
    return [name.rpartition(".")[2] for name in classes if "appbuilder" in name]


def provided(classes: Iterable[str]) -> Iterator[Provided]:
    """What library classes, given by full name and nearest first, expose; of methods of one name those of the nearest class."""
    seen: set[str] = set()
    for name in _last_names(classes):
        found = [one for one in _EXPOSED.get(_SAME.get(name, name), ()) if one.name not in seen]
        yield from found
        seen.update(one.name for one in found)


def base_path(classes: Iterable[str]) -> str | None:
    """The ``route_base`` that a library class has; None if none of them has one."""
    return next((_BASES[name] for name in _last_names(classes) if name in _BASES), None)


def is_api(classes: Iterable[str]) -> bool:
    """Whether it stands below ``/api``."""
    return any(name.endswith(("Api", "API")) for name in _last_names(classes))
