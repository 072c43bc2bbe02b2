"""Methods that the framework runs on the way to a handler are no routes, and evidence does not call them so."""

from __future__ import annotations

from pathlib import Path

import samples

from backend_lint.config import Settings
from backend_lint.engine.run import check_contents

SOURCE = """
import requests
from django.urls import path
from rest_framework.generics import CreateAPIView
from rest_framework.serializers import Serializer, ValidationError


def verify(number):
    return requests.get("https://peer.example/" + number).ok


class OrderSerializer(Serializer):
    def validate_number(self, value):
        if not verify(value):
            raise ValidationError("unknown")
        return value


class OrderView(CreateAPIView):
    serializer_class = OrderSerializer


class Probe(CreateAPIView):
    serializer_class = OrderSerializer

    def post(self, request):
        return requests.get("https://peer.example/").json()


urlpatterns = [path("orders/", OrderView.as_view()), path("probe/", Probe.as_view())]
"""


def test_a_method_of_a_serializer_runs_in_a_request_and_is_no_route() -> None:
    settings = Settings(root=Path("/nonexistent"), profile="all", cache=False, jobs=1)
    judged = check_contents(settings, samples.registry(), {"shop/urls.py": SOURCE.encode()})[1]
    verified, probed = sorted((one for one in judged.findings if one.rule == "outbound-call-without-timeout"), key=lambda one: one.line)
    assert "a request that runs `OrderSerializer.validate_number` hangs" in verified.message
    assert [one.message for one in verified.evidence] == ["reached from a route that runs OrderSerializer.validate_number"]
    assert "the request to `Probe.post` hangs" in probed.message
