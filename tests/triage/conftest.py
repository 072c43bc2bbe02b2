"""Property tests without a deadline: a busy machine is no failure."""

from hypothesis import settings

settings.register_profile("steady", deadline=None, database=None)
settings.load_profile("steady")
