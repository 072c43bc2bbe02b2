from django.urls import include, path
from rest_framework import routers

from .views import ItemViewSet, ReportViewSet, StatusViewSet

router = routers.SimpleRouter()
router.register(r"items", ItemViewSet, basename="item")
router.register("status", StatusViewSet, "status")
bare = routers.DefaultRouter(trailing_slash=False)
bare.register(prefix="reports", viewset=ReportViewSet, basename="report")

urlpatterns = [
    path("v1/", include(router.urls)),
    path("reports/<int:pk>/", ReportViewSet.as_view({"get": "retrieve", "post": "refresh"})),
]
urlpatterns += bare.urls
