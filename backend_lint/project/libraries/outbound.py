"""Calls that wait for another machine, and how each is told when to give up.

Sources: the reference documentation of each library for the parameter and its default.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from backend_lint.project.libraries.returns import external_bases


class Peer(enum.StrEnum):
    """Whom a call waits for."""

    HTTP = "http"
    MAIL = "mail"
    FILES = "files"
    DIRECTORY = "directory"
    STORE = "store"
    PROCESS = "process"


class Wait(NamedTuple):
    """How a call is bounded: any of `keywords`, or the positional argument `position`.

    `default` is the deadline in seconds without them, None for no deadline. `by_socket`: ``socket.setdefaulttimeout`` bounds it.
    `builds`: the call makes a client, whose calls are bounded by what it is given. `session`: the keyword of the requests session it sends through.
    `cure`: what to do where one keyword is not all.
    """

    keywords: tuple[str, ...] = ("timeout",)
    position: int = -1
    default: float | None = None
    by_socket: bool = False
    builds: bool = False
    peer: Peer = Peer.HTTP
    session: str = ""
    cure: str = ""
    none_is_default: bool = False
    """``timeout=None`` is what the call has anyway, and no wait for ever."""


VERBS = frozenset("get post put patch delete head options request send".split())
_CALL = Wait()
_AIOHTTP = Wait(default=300.0)
_NEVER = Wait(default=5.0)
"""Bounded unless somebody says ``timeout=None``: httpx."""
_CLIENT = Wait(builds=True)
_CONNECT = 127.0
"""What Linux takes to give up connecting, with its six repetitions; the answers of the handshake have limits of the library."""
_SESSION_CURE = "give it a `session=` whose adapter sets one"

OUTBOUND: dict[str, Wait] = {
    **{f"requests.{verb}": _CALL for verb in VERBS - {"send"}},
    **{f"requests.api.{verb}": _CALL for verb in VERBS - {"send"}},
    **{f"requests.Session.{verb}": _CALL for verb in VERBS},
    **{f"httpx.{verb}": _NEVER for verb in (VERBS | {"stream"}) - {"send"}},
    **{f"httpx.{client}.{verb}": _NEVER for client in ("Client", "AsyncClient") for verb in (VERBS | {"stream"}) - {"send"}},
    "httpx.Client": Wait(default=5.0, builds=True),
    "httpx.AsyncClient": Wait(default=5.0, builds=True),
    **{f"aiohttp.ClientSession.{verb}": _AIOHTTP for verb in VERBS - {"send"}},
    "aiohttp.request": _AIOHTTP,
    **{f"google.auth.transport.requests.AuthorizedSession.{verb}": Wait(default=120.0) for verb in VERBS},
    "urllib.request.urlopen": Wait(position=2, by_socket=True),
    "urllib2.urlopen": Wait(position=2, by_socket=True),
    "urllib3.request": _CALL,
    **{f"urllib3.{pool}.{method}": _CALL for pool in ("PoolManager", "ProxyManager") for method in ("request", "urlopen")},
    "http.client.HTTPConnection": Wait(position=2, by_socket=True, builds=True),
    "http.client.HTTPSConnection": Wait(by_socket=True, builds=True),
    "httplib2.Http": Wait(position=1, by_socket=True, builds=True),
    "smtplib.SMTP": Wait(position=3, by_socket=True, builds=True, peer=Peer.MAIL),
    "smtplib.SMTP_SSL": Wait(by_socket=True, builds=True, peer=Peer.MAIL),
    "imaplib.IMAP4": Wait(position=2, by_socket=True, builds=True, peer=Peer.MAIL),
    "imaplib.IMAP4_SSL": Wait(by_socket=True, builds=True, peer=Peer.MAIL),
    "poplib.POP3": Wait(position=2, by_socket=True, builds=True, peer=Peer.MAIL),
    "poplib.POP3_SSL": Wait(by_socket=True, builds=True, peer=Peer.MAIL),
    "ftplib.FTP": Wait(position=4, by_socket=True, builds=True, peer=Peer.FILES),
    "ftplib.FTP_TLS": Wait(by_socket=True, builds=True, peer=Peer.FILES),
    "telnetlib.Telnet": Wait(position=2, by_socket=True, builds=True, peer=Peer.FILES),
    "xmlrpc.client.ServerProxy": Wait(("transport",), position=1, by_socket=True, builds=True, cure="give it a `transport=` whose connection has one"),
    "socket.create_connection": Wait(position=1, by_socket=True, peer=Peer.FILES),
    "paramiko.SSHClient.connect": Wait(default=_CONNECT, peer=Peer.FILES, none_is_default=True),
    "ldap3.Server": Wait(("connect_timeout",), builds=True, peer=Peer.DIRECTORY, cure="give it `connect_timeout=`, and its Connection `receive_timeout=`"),
    "twilio.rest.Client": Wait(("http_client",), builds=True, cure="give it `http_client=TwilioHttpClient(timeout=10)`"),
    "gitlab.Gitlab": _CLIENT,
    "jira.JIRA": _CLIENT,
    "googlemaps.Client": Wait(("timeout", "connect_timeout", "read_timeout"), builds=True),
    "jenkins.Jenkins": Wait(position=3, by_socket=True, builds=True),
    "influxdb.InfluxDBClient": _CLIENT,
    "tika_client.TikaClient": Wait(default=30.0, builds=True),
    "minio.Minio": Wait(("http_client",), default=300.0, builds=True, peer=Peer.FILES),
    "slumber.API": Wait((), builds=True, session="session", cure=_SESSION_CURE),
    "simple_salesforce.Salesforce": Wait((), builds=True, session="session", cure=_SESSION_CURE),
    "zeep.transports.Transport": Wait(("operation_timeout",), position=2, builds=True),
    **{f"google.cloud.bigquery.Client.{method}": _CALL for method in "insert_rows insert_rows_json".split()},
    **{f"boto3.{kind}": Wait(("config",), default=60.0, builds=True) for kind in ("client", "resource")},
    "redis.Redis": Wait(("socket_timeout",), builds=True, peer=Peer.STORE),
    "redis.asyncio.Redis": Wait(("socket_timeout",), builds=True, peer=Peer.STORE),
    "redis.Redis.from_url": Wait(("socket_timeout",), builds=True, peer=Peer.STORE),
    "redis.asyncio.Redis.from_url": Wait(("socket_timeout",), builds=True, peer=Peer.STORE),
    "pymongo.MongoClient": Wait(("timeoutMS", "socketTimeoutMS"), builds=True, peer=Peer.STORE),
    "motor.motor_asyncio.AsyncIOMotorClient": Wait(("timeoutMS", "socketTimeoutMS"), builds=True, peer=Peer.STORE),
    "psycopg2.connect": Wait(("connect_timeout",), builds=True, peer=Peer.STORE),
    "psycopg.connect": Wait(("connect_timeout",), builds=True, peer=Peer.STORE),
    "asyncpg.connect": Wait(("timeout",), default=60.0, builds=True, peer=Peer.STORE),
    "pymysql.connect": Wait(("read_timeout",), builds=True, peer=Peer.STORE),
    **{f"subprocess.{name}": Wait(peer=Peer.PROCESS) for name in "run call check_call check_output".split()},
    "subprocess.Popen.communicate": Wait(position=1, peer=Peer.PROCESS),
    "subprocess.Popen.wait": Wait(position=0, peer=Peer.PROCESS),
}
"""Calls by dotted name."""

LAST_NAMES = frozenset(name.rpartition(".")[2] for name in OUTBOUND)
"""The last part of each name, to sort out most calls before anything is resolved."""

DEADLINE_BLOCKS = frozenset(
    {
        "asyncio.timeout",
        "asyncio.timeout_at",
        "async_timeout.timeout",
        "anyio.fail_after",
        "anyio.move_on_after",
        "trio.fail_after",
        "trio.move_on_after",
        "gevent.Timeout",
        "gevent.timeout.Timeout",
        "eventlet.Timeout",
        "eventlet.timeout.Timeout",
    }
)
"""What bounds everything in a ``with`` block."""


def wait_of(name: str) -> tuple[str, Wait] | None:
    """The documented name of an outbound call and how it is bounded, looked up through the library's class hierarchy; None for any other call."""
    if (found := OUTBOUND.get(name)) is not None:
        return name, found
    owner, _, method = name.rpartition(".")
    for base in external_bases(owner)[1:]:
        if (found := OUTBOUND.get(f"{base}.{method}")) is not None:
            return f"{base}.{method}", found
    return None
