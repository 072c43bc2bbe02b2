from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser, PermissionsMixin
from django.db import models

from accounts.fields import HandleField


class Member(AbstractUser):
    nickname = HandleField(unique=True)
    referrer = models.ForeignKey("self", models.SET_NULL, null=True, related_name="referred")


class ServiceAccount(AbstractBaseUser, PermissionsMixin):
    name = models.CharField(max_length=50, primary_key=True)
    groups = models.ManyToManyField("auth.Group", related_name="service_accounts")
    user_permissions = models.ManyToManyField("auth.Permission", related_name="service_accounts")
    USERNAME_FIELD = "name"


class Profile(models.Model):
    member = models.OneToOneField(Member, models.CASCADE, primary_key=True)
    biography = models.CharField(max_length=500, db_index=True, blank=True)
    birthday = models.DateField(null=True, db_column="born")
    mentor = models.OneToOneField(Member, models.SET_NULL, null=True, related_name="mentored")


class Address(models.Model):
    class Kind(models.TextChoices):
        HOME = "home", "Home"
        WORK = "work", "Work"

    member = models.ForeignKey(Member, models.CASCADE, related_name="addresses")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.HOME)
    street = models.CharField(max_length=100, db_index=True)
    city = models.CharField(max_length=60, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "kind"], name="address_kind")]
        verbose_name_plural = "addresses"
