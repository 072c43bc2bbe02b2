"""What is known of views that libraries bring along: their methods, and whether they ask who calls."""

from __future__ import annotations

from backend_lint.project.references import Ref
from backend_lint.project.value_text import call_ids
from backend_lint.project.web.guards import is_entrance
from backend_lint.project.web.values import Place, Values

GENERIC = {
    "ListView": "get", "DetailView": "get", "TemplateView": "get", "ArchiveIndexView": "get", "YearArchiveView": "get", "MonthArchiveView": "get",
    "WeekArchiveView": "get", "DayArchiveView": "get", "TodayArchiveView": "get", "DateDetailView": "get", "CreateView": "get post put",
    "UpdateView": "get post put", "FormView": "get post put", "DeleteView": "get post delete", "RedirectView": "get post put patch delete",
    "BaseListView": "get", "BaseDetailView": "get", "ProcessFormView": "get post put", "BaseCreateView": "get post put",
    "BaseUpdateView": "get post put", "BaseFormView": "get post put", "BaseDeleteView": "get post delete", "ListAPIView": "get",
    "CreateAPIView": "post", "RetrieveAPIView": "get", "DestroyAPIView": "delete", "UpdateAPIView": "put patch", "ListCreateAPIView": "get post",
    "RetrieveUpdateAPIView": "get put patch", "RetrieveDestroyAPIView": "get delete", "RetrieveUpdateDestroyAPIView": "get put patch delete",
    "LoginView": "get post put", "LogoutView": "post", "PasswordChangeView": "get post put", "PasswordResetView": "get post put",
    "PasswordResetConfirmView": "get post put", "PasswordChangeDoneView": "get", "PasswordResetDoneView": "get", "PasswordResetCompleteView": "get",
    "Feed": "get", "JavaScriptCatalog": "get", "JSONCatalog": "get", "SpectacularAPIView": "get", "SpectacularJSONAPIView": "get",
    "ObtainAuthToken": "post", "TokenViewBase": "post", "TokenObtainPairView": "post", "TokenRefreshView": "post", "TokenVerifyView": "post",
    "TokenBlacklistView": "post", "ConfirmEmailView": "get post", "SpectacularYAMLAPIView": "get", "SpectacularSwaggerView": "get",
    "SpectacularRedocView": "get", "SpectacularSwaggerSplitView": "get",
}  # fmt: skip
OPEN_CLASSES = (
    "django.views.generic.", "django.views.i18n.", "django.contrib.sitemaps.", "django.contrib.syndication.", "rest_framework_simplejwt.views.",
    "rest_framework.authtoken.views.",
)  # fmt: skip
_FORM, _PAGE, _CONFIRMED = "get post put", "get", "get post"
FUNCTIONS = {
    **dict.fromkeys(
        (
            "allauth.account.views.login", "allauth.account.views.signup", "allauth.account.views.password_reset", "allauth.account.views.password_change",
            "allauth.account.views.password_set", "allauth.account.views.password_reset_from_key", "allauth.account.views.email",
            "allauth.socialaccount.views.signup", "allauth.account.views.reauthenticate",
        ),
        _FORM,
    ),
    **dict.fromkeys(
        (
            "allauth.account.views.account_inactive", "allauth.account.views.email_verification_sent", "allauth.account.views.password_reset_done",
            "allauth.account.views.password_reset_from_key_done", "allauth.socialaccount.views.login_cancelled", "allauth.socialaccount.views.login_error",
        ),
        _PAGE,
    ),
    **dict.fromkeys(
        (
            "allauth.account.views.logout", "allauth.account.views.confirm_email", "allauth.mfa.base.views.authenticate",
            "allauth.socialaccount.views.connections",
        ),
        _CONFIRMED,
    ),
}  # fmt: skip
"""Views that libraries have made ready, with their methods."""
SCHEMA_CLASSES = ("drf_spectacular.views.",)
"""Open unless a setting says otherwise."""
_ENTRANCES = ("allauth.account.views.", "django.contrib.auth.views.")
_OPEN_FUNCTIONS = (
    "django.views.static.serve", "django.views.i18n.set_language", "django.contrib.staticfiles.views.serve", "django.contrib.sitemaps.views.sitemap",
)  # fmt: skip
_PLAIN_ANSWERS = (
    "HttpResponse", "HttpResponseRedirect", "HttpResponsePermanentRedirect", "HttpResponseNotFound", "JsonResponse", "redirect", "render", "reverse",
)  # fmt: skip


def is_plain(values: Values, place: Place, ref: Ref | None) -> bool:
    """A view of the library, or a lambda, that answers everybody."""
    if ref is not None and ref.is_external:
        return ref.name in _OPEN_FUNCTIONS or (ref.name.startswith(_ENTRANCES) and is_entrance(ref.name.rpartition(".")[2]))
    calls = [values.call(place._replace(text=f"#{number}")) for number in call_ids(place.text)] if place.text.startswith("lambda:") else []
    return bool(calls) and all(call is not None and call.callee.rpartition(".")[2] in _PLAIN_ANSWERS for call in calls)
