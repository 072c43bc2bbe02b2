from .base import Named, Stamped
from .product import Brand, Bundle, BundleItem, Category, Keyword, Product, ProductDocument, Variant

__all__ = ["Brand", "Bundle", "BundleItem", "Category", "Keyword", "Named", "Product", "ProductDocument", "Stamped", "Variant"]
