import os
import tempfile

os.environ.setdefault("DATA_DIR", tempfile.gettempdir())
from pretix.settings import *  # noqa: F403
