from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.http import require_GET, require_http_methods
from django.views.generic import ListView


def home(request):
    return HttpResponse("")


@require_GET
def ping(request):
    return HttpResponse("")


@require_http_methods(["GET", "POST"])
@permission_required("blog.read")
def feed(request):
    return HttpResponse("")


def old(request, slug):
    return HttpResponse("")


@login_required
def drafts(request):
    return HttpResponse("")


class Posts(ListView):
    queryset = ()


class Archive(LoginRequiredMixin, View):
    def get(self, request, year):
        return HttpResponse("")


@method_decorator(login_required, name="dispatch")
class EditPost(View):
    http_method_names = ["get", "post"]

    def get(self, request, slug):
        return HttpResponse("")

    def post(self, request, slug):
        return HttpResponse("")

    def delete(self, request, slug):
        return HttpResponse("")
