from django.db import models


class HandleField(models.SlugField):
    """A slug of a fixed length."""

    def __init__(self, *args, **kwargs):
        kwargs["max_length"] = 30
        kwargs.setdefault("allow_unicode", True)
        super().__init__(*args, **kwargs)


class CodeField(models.Field):
    """A column type of its own."""

    def db_type(self, connection):
        return "char(8)"


class MoneyField(models.DecimalField):
    def __init__(self, *args, max_digits=12, decimal_places=2, **kwargs):
        super().__init__(*args, max_digits=max_digits, decimal_places=decimal_places, **kwargs)
