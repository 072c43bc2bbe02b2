from django.db import models


class Article(models.Model):
    headline = models.CharField(max_length=120)
    body = models.TextField()
    editor = models.ForeignKey("accounts.Member", models.SET_NULL, null=True, related_name="edited")
    languages = models.ManyToManyField("Language")
    number = models.PositiveIntegerField(unique=True, null=True)
    state = models.CharField(max_length=9, db_index=True, default="draft", choices=[("draft", "Draft")])


class Page(models.Model):
    path = models.CharField(max_length=200, primary_key=True)
    language = models.CharField(max_length=5, db_collation="C")
    title = models.CharField(max_length=100)

    class Meta:
        unique_together = [("title", "language")]


class Comment(models.Model):
    id = models.BigAutoField(primary_key=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True)
    article = models.ForeignKey(Article, models.CASCADE, related_name="comments")
    text = models.TextField()
    score = models.IntegerField(default=0, db_default=0)

    class Meta:
        order_with_respect_to = "article"


class View(models.Model):
    page = models.ForeignKey(Page, models.CASCADE)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["page", "at"], name="view_page_at")]


class Language(models.Model):
    code = models.CharField(max_length=5, primary_key=True)


class Step(models.Model):
    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(max_length=20)


class Unmanaged(models.Model):
    label = models.CharField(max_length=10)

    class Meta:
        managed = False
        db_table = "content_report"
        verbose_name = "report"
