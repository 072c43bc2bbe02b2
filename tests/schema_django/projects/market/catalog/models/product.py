from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from accounts.fields import CodeField, MoneyField

from .base import Named, Stamped


class Brand(Named):
    slug = None
    key = models.SlugField(max_length=70, unique=True)

    class Meta(Named.Meta):
        abstract = False


class Category(Named):
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="children")
    position = models.PositiveIntegerField(default=0)

    class Meta(Named.Meta):
        constraints = [models.UniqueConstraint(fields=["parent", "position"], name="category_position", deferrable=models.Deferrable.DEFERRED)]


class Keyword(models.Model):
    word = models.CharField(max_length=20, db_index=True)

    class Meta:
        db_table = "catalog_tags"


class Product(Named, Stamped):
    brand = models.ForeignKey(Brand, models.PROTECT, to_field="key", db_column="brand_slug")
    categories = models.ManyToManyField(Category, related_name="products")
    related = models.ManyToManyField("self")
    alike = models.ManyToManyField("self", symmetrical=False, related_name="similar_to")
    tags = models.ManyToManyField(Keyword, db_table="catalog_tagging")
    code = CodeField(null=True)
    price = MoneyField(max_digits=14, decimal_places=4)
    active = models.BooleanField(default=True)
    weight = models.DecimalField(max_digits=8, decimal_places=3, null=True)
    launched = models.DateField(null=True)
    sku = models.CharField(max_length=settings.SKU_LENGTH)

    class Meta(Stamped.Meta):
        indexes = [
            models.Index(fields=["brand", "-price"]),
            models.Index(fields=["name"], condition=Q(active=True), name="product_active_name"),
            models.Index(Lower("name"), F("price").desc(), name="product_lower_name"),
            models.Index(fields=["price"], include=["name", "active"], name="product_price_covering"),
            models.Index(fields=["slug"], opclasses=["varchar_pattern_ops"], name="product_slug_pattern"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["sku"], condition=~Q(sku=""), name="product_sku"),
            models.UniqueConstraint(Lower("sku"), "brand", name="product_sku_brand"),
            models.CheckConstraint(condition=Q(price__gte=0), name="product_price"),
        ]


class Variant(models.Model):
    product = models.ForeignKey(Product, models.CASCADE, related_name="variants")
    color = models.CharField(max_length=20, db_column="colour")
    size = models.SmallIntegerField(default=0)
    ean = models.CharField(max_length=13, unique=True, null=True)

    class Meta:
        unique_together = ("product", "color", "size")


class ProductDocument(Stamped):
    product = models.ForeignKey(Product, models.CASCADE, related_name="+", db_constraint=False)
    file = models.FileField(upload_to="documents")
    picture = models.FileField(upload_to="pictures", null=True)

    class Meta(Stamped.Meta):
        db_table = "catalog_documents"


class Bundle(Product):
    discount = models.DecimalField(max_digits=5, decimal_places=2)
    products = models.ManyToManyField(Product, through="BundleItem", related_name="bundles", through_fields=("bundle", "product"))


class BundleItem(models.Model):
    bundle = models.ForeignKey(Bundle, models.CASCADE, related_name="items")
    product = models.ForeignKey(Product, models.CASCADE, related_name="bundle_items")
    quantity = models.PositiveBigIntegerField(default=1)

    class Meta:
        order_with_respect_to = "bundle"
