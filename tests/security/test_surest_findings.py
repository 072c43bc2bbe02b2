"""What each profile is told: the default one hears only of places that are right nine times in ten."""

from __future__ import annotations

from pathlib import Path

import pytest
import samples

from backend_lint.api import Profile
from backend_lint.config import Settings
from backend_lint.engine.run import run

FLASK = "from flask import Flask, request\n\napp = Flask(__name__)\n\n\n"
MAILS = "@app.post('{}')\ndef register():\n    send_welcome_mail({})\n    return 'sent'\n"
FASTAPI = (
    "from fastapi import FastAPI, Response\nfrom fastapi.middleware.cors import CORSMiddleware\n\napp = FastAPI()\n"
    "app.add_middleware(CORSMiddleware, allow_origins=['*'], allow_credentials=True)\n\n\n"
)
FETCH = "import requests\n" + FLASK + "@app.post('/f')\ndef {}():\n    return requests.get(request.form['url'], timeout=3).text\n"
CODE = {
    "an address that a caller chooses": (FETCH.format("fetch"), "ssrf-user-url", Profile.DEFAULT),
    "an address that somebody enters who sets a connection up": (FETCH.format("test_connection"), "ssrf-user-url", Profile.STRICT),
    "a mail that another service sends": (
        FLASK + "@app.post('/forgot-password')\ndef forgot():\n    user_api_client.send_reset_mail(request.form['mail'])\n    return 'sent'\n",
        "missing-rate-limit",
        Profile.STRICT,
    ),
    "a certificate that nobody looks at": (
        "import requests\n\n\ndef f(url):\n    return requests.get(url, verify=False, timeout=3)\n",
        "tls-verification-disabled",
        Profile.DEFAULT,
    ),
    "whether anybody is there": (
        "import requests\n\n\ndef f(host):\n    requests.get(f'https://{host}', verify=False, timeout=3)\n    return host\n",
        "tls-verification-disabled",
        Profile.STRICT,
    ),
    "whether a link leads anywhere": (
        "import requests\n\n\ndef f(url):\n    answer = requests.head(url, verify=False, timeout=3)\n    return answer.status_code < 400\n",
        "tls-verification-disabled",
        Profile.STRICT,
    ),
    "the key of an SSH server": (
        "import paramiko\n\n\ndef f():\n    client = paramiko.SSHClient()\n    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())\n",
        "tls-verification-disabled",
        Profile.STRICT,
    ),
    "a token that is only read": (
        "import jwt\n\n\ndef f(token):\n    return jwt.decode(token, options={'verify_signature': False})['sub']\n",
        "jwt-verification",
        Profile.ALL,
    ),
    "a token that names its algorithm": (
        "import jwt\n\n\ndef f(token, key):\n    head = jwt.get_unverified_header(token)\n    return jwt.decode(token, key, algorithms=[head['alg']])\n",
        "jwt-verification",
        Profile.DEFAULT,
    ),
    "a token that names its algorithm, and a key that knows its kind": (
        "import jwt\n\n\ndef f(token, client):\n    head = jwt.get_unverified_header(token)\n    key = client.get_signing_key_from_jwt(token).key\n"
        "    return jwt.decode(token, key, algorithms=[head['alg']])\n",
        "jwt-verification",
        Profile.STRICT,
    ),
    "a second try without a certificate, of a page that anybody may read": (
        "import requests\n\n\ndef f(url):\n    try:\n        return requests.get(url, timeout=3)\n    except requests.exceptions.SSLError:\n"
        "        return requests.get(url, timeout=3, verify=False)\n",
        "tls-verification-disabled",
        Profile.STRICT,
    ),
    "a second try without a certificate, with a password": (
        "import requests\n\n\ndef f(url):\n    try:\n        return requests.get(url, timeout=3)\n    except requests.exceptions.SSLError:\n"
        "        return requests.get(url, timeout=3, verify=False, auth=('a', url))\n",
        "tls-verification-disabled",
        Profile.DEFAULT,
    ),
    "a key for another service": ("import jwt\n\nMAPS_ISSUER_SECRET_KEY = 'well known'\n", "hardcoded-signing-key", Profile.STRICT),
    "a key that nothing signs with": ("SECRET_KEY = 'well known'\n", "hardcoded-signing-key", Profile.STRICT),
    "a file that the handler opens itself": (
        FLASK + "@app.get('/f')\ndef f():\n    with open('/srv/' + request.args['n']) as held:\n        return held.read()\n",
        "dangerous-sink",
        Profile.DEFAULT,
    ),
    "a file that another function opens": (
        FLASK
        + "def held(name):\n    with open('/srv/' + name) as file:\n        return file.read()\n\n\n"
        "@app.get('/f')\ndef f():\n    return held(request.args['n'])\n",
        "dangerous-sink",
        Profile.STRICT,
    ),
    "random letters for a password": (
        "import random\n\n\ndef f():\n    password = ''.join(random.choice('abcdef') for _ in range(9))\n    return password\n",
        "weak-crypto",
        Profile.DEFAULT,
    ),
    "random letters for a password that nobody asks for": (
        "import random\n" + FLASK + "@app.get('/f')\ndef f():\n    return 'f'\n\n\n"
        "def make_password():\n    password = ''.join(random.choice('abcdef') for _ in range(9))\n    return password\n",
        "weak-crypto",
        Profile.STRICT,
    ),
    "random letters for a salt": (
        "import random\n\n\ndef f():\n    salt = ''.join(random.choice('abcdef') for _ in range(9))\n    return salt\n",
        "weak-crypto",
        Profile.STRICT,
    ),
    "random letters for anything": (
        "import random\nimport string\n\n\ndef identifier():\n    return ''.join(random.choice(string.ascii_letters) for _ in range(9))\n",
        "weak-crypto",
        Profile.ALL,
    ),
    "a session cookie that scripts read": ("def f(response, token):\n    response.set_cookie('session', token)\n", "cookie-flags", Profile.DEFAULT),
    "a setting that another file may set again": ("SESSION_COOKIE_SECURE = False\n", "cookie-flags", Profile.STRICT),
    "every origin and credentials, and cookies that browsers keep back": (
        "CORS_ALLOW_ALL_ORIGINS = True\nCORS_ALLOW_CREDENTIALS = True\n",
        "cors-wildcard-with-credentials",
        Profile.STRICT,
    ),
    "every origin and credentials": (
        "CORS_ALLOW_ALL_ORIGINS = True\nCORS_ALLOW_CREDENTIALS = True\nSESSION_COOKIE_SAMESITE = 'None'\n",
        "cors-wildcard-with-credentials",
        Profile.DEFAULT,
    ),
    "a key that repeats a request": (
        "import random\n\n\ndef f(ecs):\n    token = ''.join(random.choice('abcdef') for _ in range(9))\n    ecs.create(token=token)\n",
        "weak-crypto",
        Profile.STRICT,
    ),
    "the hash of a password that only tells two apart": (
        "import hashlib\n\n\ndef f(password, found):\n    found[hashlib.sha256(password).hexdigest()] = True\n",
        "password-storage",
        Profile.STRICT,
    ),
    "the hash of a password that is kept": (
        "import hashlib\n\n\ndef f(user, password):\n    user.password_hash = hashlib.sha256(password).hexdigest()\n",
        "password-storage",
        Profile.DEFAULT,
    ),
    "a template of Django": (
        "from django.http import HttpRequest\nfrom django.template import Context, Template\nfrom rest_framework.views import APIView\n\n\n"
        "class Preview(APIView):\n    def post(self, request):\n        return Template(request.data['text']).render(Context({}))\n",
        "dangerous-sink",
        Profile.STRICT,
    ),
    "a secret that a setting may replace": (
        "from shop.config import get_from_config\n\nAPI_KEY = '9fQ2xK7vLm0ZpT4cRb8W'\n\n\ndef f():\n    return get_from_config('store.key', API_KEY)\n",
        "hardcoded-secret",
        Profile.STRICT,
    ),
    "a certificate that a setting leaves unread": (
        "import ssl\n\nimport urllib3\n\nfrom shop import settings\n\n\ndef f():\n    if settings.STORE.get('verify', True):\n        return None\n"
        "    return urllib3.PoolManager(cert_reqs=ssl.CERT_NONE)\n",
        "tls-verification-disabled",
        Profile.STRICT,
    ),
    "every origin and credentials, and cookies": (
        f"{FASTAPI}@app.post('/in')\ndef f(response: Response):\n    response.set_cookie('session', 'x', httponly=True, secure=True)\n",
        "cors-wildcard-with-credentials",
        Profile.DEFAULT,
    ),
    "every origin and credentials, and tokens in headers": (FASTAPI, "cors-wildcard-with-credentials", Profile.STRICT),
    "every origin of an API that knows callers by a header": (
        "CORS_ALLOW_ALL_ORIGINS = True\nCORS_ALLOW_CREDENTIALS = True\nCORS_URLS_REGEX = '^/api/'\n"
        "REST_FRAMEWORK = {'DEFAULT_AUTHENTICATION_CLASSES': ['shop.TokenAuthentication']}\n",
        "cors-wildcard-with-credentials",
        Profile.STRICT,
    ),
    "mail for whoever asks": (FLASK + MAILS.format("/forgot", "request.json['mail']").replace("register", "forgot"), "missing-rate-limit", Profile.DEFAULT),
    "mail for whoever has no account yet": (FLASK + MAILS.format("/register", "request.json['mail']"), "missing-rate-limit", Profile.STRICT),
    "mail that a setting turns on": (
        FLASK + "@app.post('/forgot')\ndef forgot():\n    if app.config['MAIL_VERIFY']:\n        send_reset_mail(request.json['mail'])\n    return 'ok'\n",
        "missing-rate-limit",
        Profile.STRICT,
    ),
    "mail that a queue asks for": (FLASK + MAILS.format("/tasks/register", "request.json['mail']"), "missing-rate-limit", Profile.STRICT),
    "mail for the message of a queue": (FLASK + MAILS.format("/register", "mail_of(parse_cloud_event(request))"), "missing-rate-limit", Profile.STRICT),
    "the password of somebody who sets up codes": (
        FLASK + "@app.post('/mfa-setup')\ndef f():\n    if not check_password(request.json['password']):\n        return 'no', 400\n    return 'ok'\n",
        "missing-rate-limit",
        Profile.STRICT,
    ),
    "every origin": ("CORS_ALLOW_ALL_ORIGINS = True\n", "cors-wildcard-with-credentials", Profile.ALL),
}


def said(root: Path, profile: Profile) -> set[str]:
    return {one.finding.rule for one in run(Settings(root=root, profile=profile, cache=False, jobs=1), samples.registry()).findings}


@pytest.mark.parametrize("name", CODE)
def test_smallest_profile_that_hears_of_it(name: str, tmp_path: Path) -> None:
    text, rule, smallest = CODE[name]
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "service.py").write_text(text, encoding="utf-8")
    order = list(Profile)
    heard = [profile for profile in order if rule in said(tmp_path, profile)]
    assert heard == order[order.index(smallest) :]


def test_route_that_only_reads_is_not_for_the_default_profile(tmp_path: Path) -> None:
    text = (samples.FIXTURES / "auth" / "unauthenticated-route" / "bad" / "flask_orders.py").read_text(encoding="utf-8")
    (tmp_path / "orders.py").write_text(text, encoding="utf-8")
    counts = []
    for profile in Profile:
        found = run(Settings(root=tmp_path, profile=profile, cache=False, jobs=1), samples.registry()).findings
        counts.append(sum(one.finding.rule == "unauthenticated-route" for one in found))
    assert counts[0] < counts[2] and counts == sorted(counts)


@pytest.mark.parametrize(("started", "smallest"), [("flask run", Profile.DEFAULT), ("gunicorn shop.service:app", Profile.STRICT)])
def test_debugger_of_a_file_that_production_imports_is_not_for_the_default_profile(started: str, smallest: Profile, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "service.py").write_text(f"{FLASK}if __name__ == '__main__':\n    app.run(host='0.0.0.0', debug=True)\n", encoding="utf-8")
    (tmp_path / "Procfile").write_text(f"web: {started}\n", encoding="utf-8")
    assert next(profile for profile in Profile if "debug-or-docs-exposed" in said(tmp_path, profile)) is smallest


def test_key_that_a_file_may_replace_is_not_for_the_default_profile(tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text("class Config:\n    SECRET_KEY = 'well known'\n", encoding="utf-8")
    (tmp_path / "app.py").write_text("from flask import Flask\n\napp = Flask(__name__)\napp.config.from_object('config.Config')\n", encoding="utf-8")
    messages = []
    for more in ("", "app.config.from_pyfile('/etc/shop.conf', silent=True)\n"):
        (tmp_path / "app.py").write_text((tmp_path / "app.py").read_text(encoding="utf-8") + more, encoding="utf-8")
        found = run(Settings(root=tmp_path, profile=Profile.STRICT, cache=False, jobs=1), samples.registry()).findings
        messages.append(next(one.finding.message for one in found if one.finding.rule == "hardcoded-signing-key"))
    assert "stands in the code" in messages[0] and "refuse this value at start-up" in messages[1]
    assert "hardcoded-signing-key" not in said(tmp_path, Profile.DEFAULT)


@pytest.mark.parametrize(("started", "smallest"), [("shop.settings", Profile.DEFAULT), ("shop.deployed", Profile.STRICT)])
def test_key_of_settings_that_nothing_starts_is_not_for_the_default_profile(started: str, smallest: Profile, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "settings.py").write_text("INSTALLED_APPS = []\nSECRET_KEY = 'well known'\n", encoding="utf-8")
    (tmp_path / "shop" / "wsgi.py").write_text(f"import os\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', '{started}')\n", encoding="utf-8")
    assert next(profile for profile in Profile if "hardcoded-signing-key" in said(tmp_path, profile)) is smallest


def test_cause_that_routes_share_is_told_once(tmp_path: Path) -> None:
    head = "from flask import Flask\nfrom flask_cors import cross_origin\n\napp = Flask(__name__)\n"
    routes = "".join(f"\n\n@app.get('/{name}')\n@cross_origin(supports_credentials=True)\ndef {name}():\n    return ''\n" for name in "abc")
    (tmp_path / "app.py").write_text(head + routes, encoding="utf-8")
    found = run(Settings(root=tmp_path, profile=Profile.STRICT, cache=False, jobs=1), samples.registry()).findings
    assert sum(one.finding.rule == "cors-wildcard-with-credentials" for one in found) == 1
    (tmp_path / "settings.py").write_text("CORS_ORIGINS = ['https://shop.example']\n", encoding="utf-8")
    assert "cors-wildcard-with-credentials" not in said(tmp_path, Profile.ALL)


PAGES = """from rest_framework.pagination import LimitOffsetPagination
from rest_framework.viewsets import ModelViewSet


class Pages(LimitOffsetPagination):
    default_limit = 20


class Orders(ModelViewSet):
    pagination_class = Pages

    def get_queryset(self):
        return Order.objects.filter({})
"""


@pytest.mark.parametrize(("asked", "smallest"), [("open=True", Profile.DEFAULT), ("user=self.request.user", Profile.STRICT)])
def test_pages_of_the_callers_own_rows_are_not_for_the_default_profile(asked: str, smallest: Profile, tmp_path: Path) -> None:
    (tmp_path / "views.py").write_text(PAGES.format(asked), encoding="utf-8")
    routes = "from rest_framework.routers import DefaultRouter\n\nfrom views import Orders\n\nrouter = DefaultRouter()\nrouter.register('orders', Orders)\n"
    (tmp_path / "urls.py").write_text(f"{routes}urlpatterns = router.urls\n", encoding="utf-8")
    assert next(profile for profile in Profile if "unbounded-request" in said(tmp_path, profile)) is smallest


@pytest.mark.parametrize(("configured", "smallest"), [("", Profile.DEFAULT), ("settings.configure(**merged())\n", Profile.STRICT)])
def test_settings_that_a_program_merges_are_layers(configured: str, smallest: Profile, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "settings.py").write_text("INSTALLED_APPS = []\nSECRET_KEY = 'well known'\nDEBUG = True\n", encoding="utf-8")
    text = f"import os\n\nfrom django.conf import settings\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n{configured}"
    (tmp_path / "manage.py").write_text(text, encoding="utf-8")
    order = list(Profile)
    for rule in ("hardcoded-signing-key", "debug-or-docs-exposed"):
        assert [profile for profile in order if rule in said(tmp_path, profile)] == order[order.index(smallest) :], rule


@pytest.mark.parametrize(("variable", "smallest"), [("SHOPLIB_SECRET_KEY", Profile.STRICT), ("OTHER_SECRET_KEY", Profile.DEFAULT)])
def test_key_that_a_library_reads_behind_its_own_name_is_a_layer(variable: str, smallest: Profile, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "settings.py").write_text("import shoplib_config\nimport jwt\n\nSECRET_KEY = 'well known'\n", encoding="utf-8")
    compose = f"services:\n  web:\n    image: shop\n    environment:\n      - {variable}=drawn-by-lot\n"
    (tmp_path / "docker-compose.yml").write_text(compose, encoding="utf-8")
    order = list(Profile)
    assert [profile for profile in order if "hardcoded-signing-key" in said(tmp_path, profile)] == order[order.index(smallest) :]


@pytest.mark.parametrize(("base", "smallest"), [("DetailView", Profile.STRICT), ("View", Profile.DEFAULT)])
def test_what_the_buttons_of_an_open_page_do_may_be_for_everybody(base: str, smallest: Profile, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "views.py").write_text(
        "from django.contrib.auth.decorators import login_required\nfrom django.db import models\nfrom django.http import JsonResponse\n"
        "from django.urls import path\nfrom django.views.generic import DetailView, View\n\n\n"
        "class Order(models.Model):\n    total = models.IntegerField()\n\n\n"
        "@login_required\ndef first(request, pk):\n    Order.objects.filter(pk=pk).delete()\n    return JsonResponse({})\n\n\n"
        "@login_required\ndef second(request, pk):\n    Order.objects.filter(pk=pk).delete()\n    return JsonResponse({})\n\n\n"
        f"class Page({base}):\n    model = Order\n\n    def get(self, request, pk):\n        return JsonResponse({{}})\n\n    def post(self, request, pk):\n"
        "        Order.objects.filter(pk=pk).update(total=1)\n        return JsonResponse({})\n\n\n"
        "urlpatterns = [path('a/<int:pk>', first), path('b/<int:pk>', second), path('orders/<int:pk>', Page.as_view())]\n",
        encoding="utf-8",
    )
    order = list(Profile)
    assert [profile for profile in order if "unauthenticated-route" in said(tmp_path, profile)] == order[order.index(smallest) :]
