"""Settings of the small project that the questions run in."""

import os

SECRET_KEY = "for tests"
USE_TZ = True
TIME_ZONE = "UTC"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.postgres", "shop"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ.get("SHOP_DATABASE", "shop"), "HOST": os.environ.get("SHOP_HOST", "")}}
DATABASES["default"]["USER"] = os.environ.get("SHOP_USER", "")
