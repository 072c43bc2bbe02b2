from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"
    label = "shopcat"
    default_auto_field = "django.db.models.BigAutoField"
