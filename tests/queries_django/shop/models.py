"""The models that the questions are about. No migrations: the tables are made as the models say."""

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, HashIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Lower, Upper


class Status(models.TextChoices):
    DRAFT = "draft", "Draft"
    LIVE = "live", "Live"
    GONE = "gone", "Gone"


class Country(models.Model):
    code = models.CharField(max_length=2, primary_key=True)
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["name"]


class Publisher(models.Model):
    name = models.CharField(max_length=100, unique=True)
    country = models.ForeignKey(Country, on_delete=models.CASCADE, related_name="publishers")
    founded = models.DateField(null=True)
    site = models.URLField(blank=True, default="")


class Author(models.Model):
    first_name = models.CharField(max_length=50)
    last_name = models.CharField(max_length=50)
    email = models.EmailField(unique=True)
    country = models.ForeignKey(Country, null=True, on_delete=models.SET_NULL, db_index=False)
    mentor = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="pupils")
    born = models.DateField(null=True, db_index=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["last_name", "first_name"]
        indexes = [models.Index(fields=["last_name", "first_name"]), models.Index(Lower("email"), name="author_email_lower")]


class Tag(models.Model):
    name = models.SlugField()
    weight = models.IntegerField(default=0)


class BookQuerySet(models.QuerySet):
    def live(self):
        return self.filter(status=Status.LIVE)

    def by(self, author, **lookups):
        return self.filter(author=author, **lookups)

    def newest(self):
        return self.live().order_by("-published")

    def find(self, **lookups):
        return self.get(**lookups)


class LiveManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(status="live")

    def cheap(self, price):
        return self.filter(price__lt=price)


class Book(models.Model):
    title = models.CharField(max_length=200, db_index=True)
    isbn = models.CharField(max_length=13, unique=True)
    slug = models.SlugField(max_length=80)
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
    editor = models.ForeignKey(Author, null=True, on_delete=models.SET_NULL, related_name="edited", related_query_name="edition")
    publisher = models.ForeignKey(Publisher, null=True, on_delete=models.PROTECT)
    tags = models.ManyToManyField(Tag, related_name="books")
    reviewers = models.ManyToManyField(Author, through="Review", related_name="reviewed")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    pages = models.IntegerField(default=0)
    published = models.DateField(null=True)
    created = models.DateTimeField(db_index=True)
    updated = models.DateTimeField(null=True)
    featured = models.BooleanField(default=False)
    data = models.JSONField(default=dict)
    keywords = ArrayField(models.CharField(max_length=30), default=list)
    search = SearchVectorField(null=True)
    summary = models.TextField(blank=True, default="")
    token = models.UUIDField(null=True)
    notes = GenericRelation("Note")

    objects = BookQuerySet.as_manager()
    shown = LiveManager()

    class Meta:
        ordering = ["-created", "id"]
        get_latest_by = "published"
        indexes = [
            models.Index(fields=["publisher", "-published"]),
            models.Index(fields=["status", "price"]),
            models.Index(Upper("title"), name="book_title_upper"),
            models.Index(fields=["slug"], name="book_live_slug", condition=models.Q(status="live")),
            GinIndex(fields=["data"]),
            GinIndex(fields=["keywords"]),
            GinIndex(fields=["search"]),
            HashIndex(fields=["token"]),
        ]
        constraints = [models.UniqueConstraint(fields=["author", "title"], name="book_author_title")]


class Review(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="reviews")
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="reviews")
    rating = models.SmallIntegerField(db_index=True)
    text = models.TextField()
    made = models.DateTimeField()
    approved = models.BooleanField(null=True)

    class Meta:
        unique_together = [("book", "author")]


class Place(models.Model):
    name = models.CharField(max_length=50)
    city = models.CharField(max_length=50, db_index=True)


class Store(Place):
    phone = models.CharField(max_length=20)
    stock = models.ManyToManyField(Book, through="Stock")
    manager = models.OneToOneField(Author, null=True, on_delete=models.SET_NULL, related_name="store")


class Stock(models.Model):
    store = models.ForeignKey(Store, on_delete=models.CASCADE)
    book = models.ForeignKey(Book, on_delete=models.CASCADE)
    amount = models.IntegerField()
    counted = models.DateTimeField(null=True)


class Note(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    target = GenericForeignKey()
    body = models.TextField()


class Profile(models.Model):
    author = models.OneToOneField(Author, on_delete=models.CASCADE, related_name="profile")
    nick = models.CharField(max_length=30, null=True)
    city = models.CharField(max_length=30, db_column="town")


class CheapBook(Book):
    class Meta:
        proxy = True
        ordering = ["price"]
