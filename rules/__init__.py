"""The rules, one a file: ``FAMILY/NAME.py``. Opened by the registry, never imported by name."""
