from django.db import models


class Aim(models.Model):
    id = models.AutoField(primary_key=True)
    word = models.CharField(max_length=9, unique=True)


class Other(models.Model):
    id = models.BigAutoField(primary_key=True)


class T0(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.PositiveSmallIntegerField(db_column="y")


class T1(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.SlugField(db_index=False)


class T2(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.CASCADE, null=True, db_index=False, related_name="+")


class T3(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.BigIntegerField(null=True, db_index=True)


class T4(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.CASCADE, related_name="+")


class T5(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.IntegerField(db_index=True)


class T6(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.CharField(max_length=20)


class T7(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.IntegerField(unique=True)


class T8(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.CASCADE, to_field="word", related_name="+")


class T9(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.IntegerField(unique=True)


class T10(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.OneToOneField("transitions.Aim", models.CASCADE, related_name="+")


class T11(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.IntegerField(null=True)


class T12(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.IntegerField(db_index=True)


class T13(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.CharField(max_length=20, db_column="y", unique=True)


class T14(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.IntegerField(db_index=True)


class T15(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.SlugField(unique=True, max_length=90)


class T16(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.OneToOneField("transitions.Aim", models.CASCADE, related_name="+")


class T17(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.CharField(max_length=20, db_index=True)


class T18(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.SET_NULL, null=True, db_constraint=False, related_name="+")


class T19(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.CASCADE, to_field="word", related_name="+")


class T20(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.TextField(unique=True)


class T21(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.TextField(db_index=True)


class T22(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.SET_NULL, null=True, db_constraint=False, related_name="+")


class T23(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.TextField()


class T24(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.TextField(db_index=True)


class T25(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.IntegerField(null=True)


class T26(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.CharField(max_length=20, db_column="y", unique=True)


class T27(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.SlugField(unique=True, max_length=90)


class T28(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.IntegerField(null=True)


class T29(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.CASCADE, related_name="+")


class T30(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.CASCADE, null=True, db_index=False, related_name="+")


class T31(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Other", models.CASCADE, related_name="+")


class T32(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Other", models.CASCADE, related_name="+")


class T33(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.CharField(max_length=30, unique=True)


class T34(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.TextField(unique=True)


class T35(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.SET_NULL, null=True, db_constraint=False, related_name="+")


class T36(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.CharField(max_length=30, unique=True)


class T37(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.TextField()


class T38(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.BigIntegerField(null=True, db_index=True)


class T39(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.BigIntegerField(null=True, db_index=True)


class T40(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.SlugField(db_index=False)


class T41(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Other", models.CASCADE, related_name="+")


class T42(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.SlugField()


class T43(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.SlugField()


class T44(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.CASCADE, db_column="y", related_name="+")


class T45(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Other", models.CASCADE, related_name="+")


class T46(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.SlugField(db_index=False)


class T47(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.PositiveIntegerField(unique=True)


class T48(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.PositiveIntegerField()


class T49(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.CASCADE, null=True, db_index=False, related_name="+")


class T50(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.IntegerField(unique=True)


class T51(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.CASCADE, related_name="+")


class T52(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.CASCADE, to_field="word", related_name="+")


class T53(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.TextField(unique=True)


class T54(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.CharField(max_length=20, db_index=True)


class T55(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.PositiveSmallIntegerField(db_column="y")


class T56(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.PositiveSmallIntegerField(db_column="y")


class T57(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.TextField(unique=True)


class T58(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.CharField(max_length=20, db_column="y", unique=True)


class T59(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.IntegerField(db_index=True)


class T60(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.CASCADE, db_column="y", related_name="+")


class T61(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.CASCADE, related_name="+")


class T62(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.SET_NULL, null=True, db_constraint=False, related_name="+")


class T63(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.IntegerField(null=True)


class T64(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.PositiveSmallIntegerField(db_column="y")


class T65(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.SlugField(db_index=False)


class T66(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.PositiveSmallIntegerField(db_column="y")


class T67(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.ForeignKey("transitions.Aim", models.CASCADE, db_column="y", related_name="+")


class T68(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.OneToOneField("transitions.Aim", models.CASCADE, related_name="+")


class T69(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.SlugField()


class T70(models.Model):
    id = models.AutoField(primary_key=True)
    x = models.IntegerField()
