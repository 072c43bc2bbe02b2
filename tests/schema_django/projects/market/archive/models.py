from django.db import models


class Box(models.Model):
    label = models.CharField(max_length=30, unique=True)
    shelf = models.IntegerField(db_index=True)


class Folder(models.Model):
    box = models.ForeignKey(Box, models.CASCADE, null=True)
    title = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["box", "title"], name="folder_once")]
