from django.urls import path

from . import views


def more():
    found = [path("carts/", views.Carts.as_view())]
    found.append(path("checkout/", views.checkout))
    return found


urlpatterns = [path("orders/<uuid:pk>/", views.OrderDetail.as_view()), *more()]
