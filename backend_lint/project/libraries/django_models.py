"""Model classes of public libraries that projects inherit from or refer to: their fields, and where they lie. Sources: the libraries' own models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class LibraryField(NamedTuple):
    """A field: class and options, as in `libraries.django_fields`."""

    name: str
    kind: str
    options: Mapping[str, Any] = {}


class LibraryModel(NamedTuple):
    """A model class. `label` is ``app.model`` for one with a table, empty for an abstract one. `key`: name and column type of the primary key."""

    fields: tuple[LibraryField, ...] = ()
    label: str = ""
    table: str = ""
    key: tuple[str, str] = ("id", "AutoField")
    ordering: tuple[str, ...] = ()
    varies: str = ""
    """What of the table is another from version to version."""
    managers: Mapping[str, tuple[str, str]] = {}
    """Managers by name, each with the lookup and value that it filters by; empty for one that gives all rows."""


_F = LibraryField
_PASSWORD = (_F("password", "CharField", {"max_length": 128}), _F("last_login", "DateTimeField", {"null": True}))
_PERMISSIONS = (
    _F("is_superuser", "BooleanField"),
    _F("groups", "ManyToManyField", {"to": "auth.group", "related_name": "user_set", "related_query_name": "user"}),
    _F("user_permissions", "ManyToManyField", {"to": "auth.permission", "related_name": "user_set", "related_query_name": "user"}),
)
_TIMES = (_F("created", "DateTimeField"), _F("modified", "DateTimeField"))
_TIME_STAMPED = LibraryModel(_TIMES)
_MP = (
    _F("path", "CharField", {"max_length": 255, "unique": True}),
    _F("depth", "PositiveIntegerField"),
    _F("numchild", "PositiveIntegerField"),
)
_NS = (
    _F("lft", "PositiveIntegerField", {"db_index": True}),
    _F("rgt", "PositiveIntegerField", {"db_index": True}),
    _F("tree_id", "PositiveIntegerField", {"db_index": True}),
    _F("depth", "PositiveIntegerField", {"db_index": True}),
)
_USER = (
    *_PASSWORD,
    *_PERMISSIONS,
    _F("username", "CharField", {"max_length": 150, "unique": True}),
    _F("first_name", "CharField", {"max_length": 150}),
    _F("last_name", "CharField", {"max_length": 150}),
    _F("email", "EmailField"),
    _F("is_staff", "BooleanField"),
    _F("is_active", "BooleanField"),
    _F("date_joined", "DateTimeField"),
)
_PAGE = (
    _F("path", "CharField", {"max_length": 255, "unique": True}),
    _F("depth", "PositiveIntegerField"),
    _F("numchild", "PositiveIntegerField"),
    _F("title", "CharField", {"max_length": 255}),
    _F("draft_title", "CharField", {"max_length": 255}),
    _F("slug", "SlugField", {"max_length": 255}),
    _F("content_type", "ForeignKey", {"to": "contenttypes.contenttype"}),
    _F("live", "BooleanField"),
    _F("has_unpublished_changes", "BooleanField"),
    _F("url_path", "TextField"),
    _F("owner", "ForeignKey", {"to": "settings.AUTH_USER_MODEL", "null": True}),
    _F("seo_title", "CharField", {"max_length": 255}),
    _F("show_in_menus", "BooleanField"),
    _F("search_description", "TextField"),
    _F("go_live_at", "DateTimeField", {"null": True}),
    _F("expire_at", "DateTimeField", {"null": True}),
    _F("expired", "BooleanField"),
    _F("locked", "BooleanField"),
    _F("first_published_at", "DateTimeField", {"null": True, "db_index": True}),
    _F("last_published_at", "DateTimeField", {"null": True}),
    _F("latest_revision_created_at", "DateTimeField", {"null": True}),
)
_MPTT = (
    _F("lft", "PositiveIntegerField"),
    _F("rght", "PositiveIntegerField"),
    _F("tree_id", "PositiveIntegerField", {"db_index": True}),
    _F("level", "PositiveIntegerField"),
)

LIBRARY_MODELS: Mapping[str, LibraryModel] = {
    "django.contrib.auth.models.User": LibraryModel(_USER, "auth.user", "auth_user"),
    "django.contrib.auth.models.Group": LibraryModel((_F("name", "CharField", {"max_length": 150, "unique": True}),), "auth.group", "auth_group"),
    "django.contrib.auth.models.Permission": LibraryModel((), "auth.permission", "auth_permission"),
    "django.contrib.auth.models.AbstractUser": LibraryModel(_USER),
    "django.contrib.auth.models.AbstractBaseUser": LibraryModel(_PASSWORD),
    "django.contrib.auth.base_user.AbstractBaseUser": LibraryModel(_PASSWORD),
    "django.contrib.auth.models.PermissionsMixin": LibraryModel(_PERMISSIONS),
    "django.contrib.contenttypes.models.ContentType": LibraryModel((), "contenttypes.contenttype", "django_content_type"),
    "django.contrib.sites.models.Site": LibraryModel((), "sites.site", "django_site"),
    "django.contrib.sessions.models.Session": LibraryModel((), "sessions.session", "django_session", ("session_key", "CharField")),
    "django.contrib.sessions.base_session.AbstractBaseSession": LibraryModel(
        (
            _F("session_key", "CharField", {"max_length": 40, "primary_key": True}),
            _F("session_data", "TextField"),
            _F("expire_date", "DateTimeField", {"db_index": True}),
        )
    ),
    "django.contrib.admin.models.LogEntry": LibraryModel((), "admin.logentry", "django_admin_log"),
    "django.contrib.flatpages.models.FlatPage": LibraryModel((), "flatpages.flatpage", "django_flatpage"),
    "rest_framework.authtoken.models.Token": LibraryModel((), "authtoken.token", "authtoken_token", ("key", "CharField")),
    "model_utils.models.TimeStampedModel": _TIME_STAMPED,
    "model_utils.models.TimeFramedModel": LibraryModel((_F("start", "DateTimeField", {"null": True}), _F("end", "DateTimeField", {"null": True}))),
    "model_utils.models.StatusModel": LibraryModel(
        (_F("status", "StatusField"), _F("status_changed", "DateTimeField")),
    ),
    "model_utils.models.SoftDeletableModel": LibraryModel(
        (_F("is_removed", "BooleanField"),),
        managers={"objects": ("is_removed", "False"), "available_objects": ("is_removed", "False"), "all_objects": ("", "")},
    ),
    "model_utils.models.UUIDModel": LibraryModel((_F("id", "UUIDField", {"primary_key": True}),)),
    "django_extensions.db.models.TimeStampedModel": _TIME_STAMPED,
    "django_extensions.db.models.TitleDescriptionModel": LibraryModel(
        (_F("title", "CharField", {"max_length": 255}), _F("description", "TextField", {"null": True})),
    ),
    "django_extensions.db.models.TitleSlugDescriptionModel": LibraryModel(
        (
            _F("title", "CharField", {"max_length": 255}),
            _F("description", "TextField", {"null": True}),
            _F("slug", "SlugField"),
        )
    ),
    "django_extensions.db.models.ActivatorModel": LibraryModel(
        (
            _F("status", "IntegerField", {"choices": True}),
            _F("activate_date", "DateTimeField", {"null": True}),
            _F("deactivate_date", "DateTimeField", {"null": True}),
        ),
        ordering=("status", "-activate_date"),
    ),
    "mptt.models.MPTTModel": LibraryModel(_MPTT, varies="indexes of MPTTModel"),
    "treebeard.models.Node": LibraryModel(),
    "treebeard.mp_tree.MP_Node": LibraryModel(_MP, ordering=("path",)),
    "treebeard.ns_tree.NS_Node": LibraryModel(_NS, ordering=("tree_id", "lft")),
    "treebeard.al_tree.AL_Node": LibraryModel(),
    "polymorphic.models.PolymorphicModel": LibraryModel(
        (
            _F(
                "polymorphic_ctype",
                "ForeignKey",
                {"to": "contenttypes.contenttype", "null": True, "related_name": "polymorphic_%(app_label)s.%(class)s_set+"},
            ),
        )
    ),
    "polymorphic_tree.models.PolymorphicMPTTModel": LibraryModel(
        (
            *_MPTT,
            _F("polymorphic_ctype", "ForeignKey", {"to": "contenttypes.contenttype", "null": True, "related_name": "+"}),
        )
    ),
    "wagtail.models.Page": LibraryModel(_PAGE, "wagtailcore.page", "wagtailcore_page"),
    "wagtail.models.Orderable": LibraryModel((_F("sort_order", "IntegerField", {"null": True}),), ordering=("sort_order",)),
    "wagtail.models.Collection": LibraryModel((), "wagtailcore.collection", "wagtailcore_collection"),
    "wagtail.models.Site": LibraryModel((), "wagtailcore.site", "wagtailcore_site"),
    "wagtail.images.models.Image": LibraryModel((), "wagtailimages.image", "wagtailimages_image"),
    "wagtail.documents.models.Document": LibraryModel((), "wagtaildocs.document", "wagtaildocs_document"),
    "taggit.models.Tag": LibraryModel((), "taggit.tag", "taggit_tag"),
    "taggit.models.TagBase": LibraryModel(
        (
            _F("name", "CharField", {"max_length": 100, "unique": True}),
            _F("slug", "SlugField", {"max_length": 100, "unique": True}),
        )
    ),
    "taggit.models.ItemBase": LibraryModel(),
    "taggit.models.TaggedItemBase": LibraryModel(
        (_F("tag", "ForeignKey", {"to": "taggit.tag", "related_name": "%(app_label)s_%(class)s_items"}),),
    ),
    "taggit.models.GenericTaggedItemBase": LibraryModel(
        (
            _F("object_id", "IntegerField", {"db_index": True}),
            _F(
                "content_type",
                "ForeignKey",
                {"to": "contenttypes.contenttype", "related_name": "%(app_label)s_%(class)s_tagged_items"},
            ),
        )
    ),
    "guardian.models.UserObjectPermissionBase": LibraryModel(
        (
            _F("permission", "ForeignKey", {"to": "auth.permission"}),
            _F("user", "ForeignKey", {"to": "settings.AUTH_USER_MODEL"}),
        )
    ),
    "guardian.models.GroupObjectPermissionBase": LibraryModel(
        (_F("permission", "ForeignKey", {"to": "auth.permission"}), _F("group", "ForeignKey", {"to": "auth.group"})),
    ),
    "solo.models.SingletonModel": LibraryModel(),
    "ordered_model.models.OrderedModelBase": LibraryModel(),
    "ordered_model.models.OrderedModel": LibraryModel(
        (_F("order", "PositiveIntegerField", {"db_index": True}),),
        ordering=("order",),
    ),
    "adminsortable.models.SortableMixin": LibraryModel(),
    "django_lifecycle.LifecycleModel": LibraryModel(),
    "django_lifecycle.models.LifecycleModel": LibraryModel(),
    "computedfields.models.ComputedFieldsModel": LibraryModel(),
    "django_softdelete.models.SoftDeleteModel": LibraryModel(
        (
            _F("deleted_at", "DateTimeField", {"null": True}),
            _F("restored_at", "DateTimeField", {"null": True}),
            _F("transaction_id", "UUIDField", {"null": True}),
        ),
        managers={"objects": ("deleted_at__isnull", "True"), "deleted_objects": ("deleted_at__isnull", "False"), "global_objects": ("", "")},
    ),
    "treenode.models.TreeNodeModel": LibraryModel(
        (
            _F("tn_parent", "ForeignKey", {"to": "self", "null": True, "related_name": "tn_children"}),
            *(_F(f"tn_{name}_pks", "TextField") for name in ("ancestors", "children", "descendants", "siblings")),
            *(_F(f"tn_{name}_count", "PositiveIntegerField") for name in ("ancestors", "children", "descendants", "siblings")),
            *(_F(f"tn_{name}", "PositiveIntegerField") for name in ("depth", "index", "level", "order", "priority")),
        )
    ),
    "django_otp.models.Device": LibraryModel(
        (
            _F("user", "ForeignKey", {"to": "settings.AUTH_USER_MODEL"}),
            _F("name", "CharField", {"max_length": 64}),
            _F("confirmed", "BooleanField"),
        )
    ),
    "safedelete.models.SafeDeleteModel": LibraryModel(
        (
            _F("deleted", "DateTimeField", {"null": True, "db_index": True}),
            _F("deleted_by_cascade", "BooleanField"),
        ),
        managers={"objects": ("deleted__isnull", "True"), "deleted_objects": ("deleted__isnull", "False"), "all_objects": ("", "")},
    ),
    "modelcluster.models.ClusterableModel": LibraryModel(),
    "parler.models.TranslatableModel": LibraryModel(),
    "hvad.models.TranslatableModel": LibraryModel(),
    "import_export.models.ImportExportModel": LibraryModel(),
    "sortedm2m.models.SortedModel": LibraryModel(),
    "django_cryptography.models.EncryptedModel": LibraryModel(),
    "oauth2_provider.models.AbstractApplication": LibraryModel(),
    "cms.models.CMSPlugin": LibraryModel((), "cms.cmsplugin", "cms_cmsplugin"),
    "cms.models.pluginmodel.CMSPlugin": LibraryModel((), "cms.cmsplugin", "cms_cmsplugin"),
    "psqlextra.models.PostgresModel": LibraryModel(),
    "simple_history.models.HistoricalChanges": LibraryModel(),
}
"""By the name under which they are documented; `canonical_model` finds the others."""

_ALIASES = {
    "wagtail.core.models": "wagtail.models",
    "wagtail.wagtailcore.models": "wagtail.models",
    "django_extensions.db.models.base": "django_extensions.db.models",
    "polymorphic.base": "polymorphic.models",
    "polymorphic": "polymorphic.models",
    "mptt": "mptt.models",
    "django.contrib.gis.db.models": "django.db.models",
    "django.db.models.base": "django.db.models",
}
_FORMS = frozenset({"wagtail.contrib.forms.models", "wagtail.wagtailforms.models", "wagtail.contrib.wagtailforms.models"})
"""Their abstract models are pages, and those that derive from them as well."""
INCOMPLETE = frozenset({"wagtail.models.Page", "oauth2_provider.models.AbstractApplication", "cms.models.CMSPlugin", "parler.models.TranslatableModel"})
"""Models with more fields than are listed here, or others from version to version."""
MIXINS = frozenset(
    {
        "django_prometheus.models.ExportModelOperationsMixin",
        "dirtyfields.DirtyFieldsMixin",
        "dirtyfields.dirtyfields.DirtyFieldsMixin",
        "django_fsm.FSMModelMixin",
        "model_utils.tracker.FieldTracker",
        "django_lifecycle.LifecycleModelMixin",
        "django_lifecycle.mixins.LifecycleModelMixin",
    }
)
"""Bases of models that are no models themselves and add nothing."""


def canonical_model(name: str) -> str:
    """The documented name of a model class.

    >>> canonical_model("wagtail.core.models.Page")
    'wagtail.models.Page'
    """
    module, _, last = name.rpartition(".")
    if module in _FORMS and last in ("AbstractForm", "AbstractEmailForm"):
        return "wagtail.models.Page"
    return f"{_ALIASES[module]}.{last}" if module in _ALIASES else name


def manager_of(name: str, manager: str) -> tuple[str, str] | None:
    """What a manager that a library's model class brings along filters by; None if the class brings none of that name.

    >>> manager_of("safedelete.models.SafeDeleteModel", "all_objects")
    ('', '')
    """
    model = LIBRARY_MODELS.get(canonical_model(name))
    return model.managers.get(manager) if model is not None else None


def by_label(label: str) -> LibraryModel | None:
    """The library model with the label ``app.model``, in lower case."""
    return _BY_LABEL.get(label)


_BY_LABEL = {model.label: model for model in LIBRARY_MODELS.values() if model.label}
