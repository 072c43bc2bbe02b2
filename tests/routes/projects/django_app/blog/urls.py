from django.contrib.auth.decorators import login_required
from django.urls import path
from django.views.decorators.cache import cache_page

from .views import Archive, EditPost, Posts, drafts

app_name = "blog"
urlpatterns = [
    path("", Posts.as_view(), name="posts"),
    path("archive/<int:year>/", cache_page(60)(Archive.as_view())),
    path("<slug:slug>/edit/", login_required(EditPost.as_view())),
    path("drafts/", drafts),
]
