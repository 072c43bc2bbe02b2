import os

SECRET_KEY = "not a secret"
USE_TZ = True
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ.get("MARKET_NAME", "market"),
        "USER": os.environ.get("MARKET_USER", ""),
        "HOST": os.environ.get("MARKET_HOST", ""),
        "PORT": os.environ.get("MARKET_PORT", ""),
    }
}
DJANGO_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.postgres"]
LOCAL_APPS = ["accounts", "catalog.apps.CatalogConfig", "orders", "stock", "content", "search", "legacy", "archive", "transitions"]
INSTALLED_APPS = DJANGO_APPS + LOCAL_APPS
AUTH_USER_MODEL = "accounts.Member"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
SKU_LENGTH = 24
if os.environ.get("MARKET_MODELS"):
    # tables are made of the models alone
    MIGRATION_MODULES = dict.fromkeys(["accounts", "shopcat", "orders", "stock", "content", "search", "legacy", "archive", "transitions", "auth", "contenttypes"])
