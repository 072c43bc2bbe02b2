from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_change")]

    operations = [
        migrations.RenameField("member", "handle", "nickname"),
        migrations.AddField("profile", "mentor", models.OneToOneField("accounts.Member", models.SET_NULL, null=True, related_name="mentored")),
        migrations.AlterField("profile", "biography", models.CharField(max_length=500, db_index=True, blank=True)),
        migrations.AlterField("profile", "birthday", models.DateField(db_column="born", null=True)),
        migrations.AlterUniqueTogether("address", set()),
        migrations.AddConstraint("address", models.UniqueConstraint(fields=["member", "kind"], name="address_kind")),
    ]
