"""Field classes of Django and of public libraries: what each is in a database. Sources: the libraries' own ``get_internal_type`` and ``__init__``."""

from __future__ import annotations

from collections.abc import Mapping

RELATIONS = frozenset({"ForeignKey", "OneToOneField", "ManyToManyField"})
"""Internal types that lead to another model."""

INTERNAL = frozenset(
    "AutoField BigAutoField SmallAutoField BigIntegerField BinaryField BooleanField CharField CommaSeparatedIntegerField DateField DateTimeField "
    "DecimalField DurationField FileField FilePathField FloatField GenericIPAddressField IPAddressField IntegerField JSONField NullBooleanField "
    "PositiveBigIntegerField PositiveIntegerField PositiveSmallIntegerField SlugField SmallIntegerField TextField TimeField UUIDField "
    "ArrayField HStoreField CICharField CITextField CIEmailField IntegerRangeField BigIntegerRangeField DecimalRangeField DateTimeRangeField DateRangeField "
    "SearchVectorField OIDField PointField LineStringField PolygonField MultiPointField MultiLineStringField MultiPolygonField GeometryField "
    "GeometryCollectionField RasterField InetAddressField CidrAddressField MACAddressField LtreeField VectorField HalfVectorField BitField SparseVectorField "
    "MediumTextField LongTextField".split()
)
"""Types that `schema.django_types` knows by column type."""

SUBCLASSES: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "EmailField": ("CharField", {"max_length": 254}),
    "URLField": ("CharField", {"max_length": 200}),
    "ImageField": ("FileField", {}),
    "CIEmailField": ("CITextField", {}),
    "CICharField": ("CITextField", {}),
    "FloatRangeField": ("DecimalRangeField", {}),
    # django-model-utils
    "AutoCreatedField": ("DateTimeField", {}),
    "AutoLastModifiedField": ("DateTimeField", {}),
    "MonitorField": ("DateTimeField", {}),
    "StatusField": ("CharField", {"max_length": 100, "choices": True}),
    "SplitField": ("TextField", {}),
    "UrlsafeTokenField": ("CharField", {"max_length": 128}),
    # django-extensions
    "CreationDateTimeField": ("DateTimeField", {}),
    "ModificationDateTimeField": ("DateTimeField", {}),
    "RandomCharField": ("CharField", {}),
    "ShortUUIDField": ("CharField", {"max_length": 22}),
    # slugs
    "AutoSlugField": ("SlugField", {}),
    # other libraries
    "ClientSecretField": ("CharField", {}),
    "ListCharField": ("CharField", {}),
    "SizedTextField": ("TextField", {}),
    "I18nCharField": ("TextField", {}),
    "I18nTextField": ("TextField", {}),
    "PhoneNumberField": ("CharField", {"max_length": 128}),
    "CountryField": ("CharField", {"max_length": 2}),
    "TimeZoneField": ("CharField", {"max_length": 63}),
    "ColorField": ("CharField", {"max_length": 25}),
    "RGBColorField": ("CharField", {"max_length": 7}),
    "LanguageField": ("CharField", {"max_length": 10}),
    "RichTextField": ("TextField", {}),
    "RichTextUploadingField": ("TextField", {}),
    "StreamField": ("JSONField", {}),
    "MarkdownField": ("TextField", {}),
    "MarkdownxField": ("TextField", {}),
    "MartorField": ("TextField", {}),
    "HTMLField": ("TextField", {}),
    "BleachField": ("TextField", {}),
    "CKEditor5Field": ("TextField", {}),
    "TagField": ("CharField", {}),
    "MultiSelectField": ("CharField", {"max_length": 200}),
    "EncryptedTextField": ("TextField", {}),
    "EncryptedField": ("TextField", {}),
    "RRuleField": ("TextField", {}),
    "RecurrenceField": ("TextField", {}),
    "ThumbnailerImageField": ("FileField", {}),
    "ThumbnailerField": ("FileField", {}),
    "SorlImageField": ("FileField", {}),
    "VersatileImageField": ("FileField", {}),
    "ProcessedImageField": ("FileField", {}),
    "StdImageField": ("FileField", {}),
    "FSMField": ("CharField", {"max_length": 50, "choices": True}),
    "FSMIntegerField": ("IntegerField", {}),
    "EnumIntegerField": ("IntegerField", {"choices": True}),
    "OrderField": ("PositiveIntegerField", {}),
    "PickledObjectField": ("TextField", {"null": True}),
    "JSONFieldBase": ("TextField", {}),
    "MACAddressField": ("MACAddressField", {}),
    "TreeForeignKey": ("ForeignKey", {}),
    "TreeOneToOneField": ("OneToOneField", {}),
    "TreeManyToManyField": ("ManyToManyField", {}),
    "ParentalKey": ("ForeignKey", {}),
    "ParentalManyToManyField": ("ManyToManyField", {}),
    "SortedManyToManyField": ("ManyToManyField", {}),
    "AutoOneToOneField": ("OneToOneField", {}),
    "SpanningForeignKey": ("ForeignKey", {}),
    "BigForeignKey": ("ForeignKey", {}),
    "FlexibleForeignKey": ("ForeignKey", {}),
}
"""Class -> the class it is in the database, and options that it sets itself. By the last part of the name: libraries agree on what these are."""

VIRTUAL = frozenset({"Virtual", "GenericForeignKey", "GenericRelation", "GenericTaggableManager", "CompositePrimaryKey", "FieldTracker", "CurrentSiteManager"})
"""Attributes of models that are no columns but look like fields."""

SWAPPABLE = {
    "APPLICATION_MODEL": "oauth2_provider.application",
    "ACCESS_TOKEN_MODEL": "oauth2_provider.accesstoken",
    "GRANT_MODEL": "oauth2_provider.grant",
    "REFRESH_TOKEN_MODEL": "oauth2_provider.refreshtoken",
    "ID_TOKEN_MODEL": "oauth2_provider.idtoken",
}
"""Settings of django-oauth-toolkit that name a model, and the models that they name unless somebody sets them."""
