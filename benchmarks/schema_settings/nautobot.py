from nautobot.core.settings import *

SECRET_KEY = "x"
ALLOWED_HOSTS = ["*"]
