import tempfile
from pathlib import Path

SECRET_KEY = "x"
CONTENT_ORIGIN = "http://localhost"
DEPLOY_ROOT = MEDIA_ROOT = tempfile.gettempdir()
DB_ENCRYPTION_KEY = str(Path(tempfile.gettempdir()) / "pulpcore.key")
Path(DB_ENCRYPTION_KEY).write_text("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n")
