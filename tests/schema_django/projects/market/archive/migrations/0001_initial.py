from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel("Case", [("id", models.AutoField(primary_key=True)), ("label", models.CharField(max_length=20))]),
    ]
