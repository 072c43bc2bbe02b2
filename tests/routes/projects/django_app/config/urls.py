from django.urls import include, path, re_path

from blog import views as blog_views
from shop import urls as shop_urls

legacy = [
    re_path(r"^old/(?P<slug>[-\w]+)/$", blog_views.old),
    path("feed/", blog_views.feed, name="feed"),
]

urlpatterns = [
    path("", blog_views.home, name="home"),
    path("blog/", include(("blog.urls", "blog"), namespace="blog")),
    path("legacy/", include(legacy)),
    path("shop/", include(shop_urls)),
    path("api/", include("shop.api")),
]
urlpatterns += [path("ping/", blog_views.ping)]
