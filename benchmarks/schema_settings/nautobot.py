from nautobot.core.settings import *  # noqa: F403

SECRET_KEY = "x"
ALLOWED_HOSTS = ["*"]
