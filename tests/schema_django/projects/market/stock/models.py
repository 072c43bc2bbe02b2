from django.db import models


class Place(models.Model):
    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=50)
    address = models.GenericIPAddressField(null=True)
    raw = models.BinaryField(null=True)


class Warehouse(Place):
    capacity = models.PositiveIntegerField()

    class Meta:
        db_table = "stock_house"


class Shop(Place):
    place = models.OneToOneField(Place, models.CASCADE, parent_link=True, primary_key=True, related_name="as_shop")
    opened = models.DateTimeField(null=True)


class Depot(Warehouse):
    code = models.CharField(max_length=5, db_index=True)


class Batch(models.Model):
    warehouse = models.ForeignKey(Warehouse, models.CASCADE)
    variant = models.ForeignKey("shopcat.Variant", models.CASCADE)
    amount = models.PositiveIntegerField()
    arrived = models.DateField()

    class Meta:
        unique_together = [("warehouse", "variant")]
        indexes = [models.Index(fields=["arrived", "-amount"], name="batch_arrived")]


class StockMovement(models.Model):
    batch = models.ForeignKey(Batch, models.CASCADE)
    quantity = models.IntegerField()
    reason = models.CharField(max_length=30)


class Vendor(models.Model):
    title = models.CharField(max_length=80, unique=True)
    locations = models.ManyToManyField(Place)
    partners = models.ManyToManyField("self", through="Partnership", symmetrical=False)

    class Meta:
        db_table = "vendors"


class Partnership(models.Model):
    one = models.ForeignKey(Vendor, models.CASCADE, related_name="+")
    other = models.ForeignKey(Vendor, models.CASCADE, related_name="partnerships")


class Supply(models.Model):
    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="supplies")
    note = models.CharField(max_length=40, null=True)
