"""Effects of library calls, by dotted name. A name ending in ``.*`` stands for every attribute below it.

Sources: the libraries' own reference documentation of the named functions.
"""

from __future__ import annotations

import enum
import functools


class Effect(enum.Flag):
    """What a call does to the world."""

    NONE = 0
    DATABASE_READ = enum.auto()
    DATABASE_WRITE = enum.auto()
    COMMIT = enum.auto()
    HTTP = enum.auto()
    QUEUE = enum.auto()
    CACHE = enum.auto()
    FILE = enum.auto()
    SLEEP = enum.auto()
    SUBPROCESS = enum.auto()
    MAIL = enum.auto()
    LOCK = enum.auto()
    CPU = enum.auto()
    """Slow on purpose or by nature: password hashing, image work."""
    LOG = enum.auto()
    REPORT = enum.auto()
    """Tells an error tracker, a metric or a user about a failure."""
    DATABASE = DATABASE_READ | DATABASE_WRITE
    SLOW = DATABASE | HTTP | QUEUE | CACHE | SLEEP | SUBPROCESS | MAIL | CPU | COMMIT


_R, _W, _H, _C = Effect.DATABASE_READ, Effect.DATABASE_WRITE, Effect.HTTP, Effect.CACHE


def _table(effect: Effect, prefix: str, names: str) -> dict[str, Effect]:
    return {f"{prefix}.{name}": effect for name in names.split()}


_VERBS = "get post put patch delete head options request send"
_REDIS = (
    "get set setex setnx mget mset delete exists expire ttl incr decr incrby hget hset hgetall hmset hdel lpush rpush lpop rpop blpop brpop "
    "lrange llen sadd srem "
    "smembers zadd zrange zrem publish execute ping eval evalsha scan keys flushdb flushall getdel getset xadd xread xreadgroup xack pipeline_execute"
)
_MONGO_READ = "find_one find aggregate count_documents distinct estimated_document_count command list_collection_names"
_MONGO_WRITE = (
    "insert_one insert_many update_one update_many replace_one delete_one delete_many bulk_write find_one_and_update find_one_and_delete "
    "find_one_and_replace create_index drop"
)
_QUERYSET_READ = "get first last count exists aggregate earliest latest in_bulk iterator explain"
_QUERYSET_WRITE = "create update delete bulk_create bulk_update get_or_create update_or_create"
_QUERYSET_ASYNC = "aget afirst alast acount aexists aaggregate acreate aupdate adelete aget_or_create aupdate_or_create abulk_create abulk_update aiterator"

_FILE = {
    "open": Effect.FILE,
    "io.open": Effect.FILE,
    **_table(Effect.FILE, "pathlib.Path", "open read_text read_bytes write_text write_bytes"),
    **_table(Effect.FILE, "shutil", "copy copy2 copyfile copyfileobj copytree move rmtree make_archive unpack_archive"),
    **_table(Effect.FILE, "os", "remove unlink rename replace listdir walk scandir makedirs"),
}

BLOCKING: dict[str, Effect] = {
    **_FILE,
    **_table(_H, "requests", _VERBS),
    **_table(_H, "requests.Session", _VERBS),
    **_table(_H, "requests.api", _VERBS),
    **_table(_H, "httpx", f"{_VERBS} stream"),
    **_table(_H, "httpx.Client", f"{_VERBS} stream"),
    **_table(_H, "urllib3.PoolManager", "request urlopen request_encode_url request_encode_body"),
    **_table(_H, "urllib3", "request"),
    "urllib.request.urlopen": _H,
    "urllib.request.urlretrieve": _H,
    **_table(_H, "http.client.HTTPConnection", "request getresponse connect"),
    **_table(_H, "http.client.HTTPSConnection", "request getresponse connect"),
    **_table(_H, "httplib2.Http", "request"),
    **_table(_H, "socket", "create_connection getaddrinfo gethostbyname gethostbyaddr"),
    **_table(_H, "socket.socket", "connect recv send sendall accept"),
    **_table(Effect.MAIL, "smtplib.SMTP", "sendmail send_message login starttls connect"),
    **_table(Effect.MAIL, "smtplib.SMTP_SSL", "sendmail send_message login connect"),
    "smtplib.SMTP": Effect.MAIL,
    "smtplib.SMTP_SSL": Effect.MAIL,
    **_table(Effect.MAIL, "django.core.mail", "send_mail send_mass_mail mail_admins mail_managers"),
    **_table(Effect.MAIL, "django.core.mail.EmailMessage", "send"),
    **_table(Effect.MAIL, "django.core.mail.EmailMultiAlternatives", "send"),
    "time.sleep": Effect.SLEEP,
    **_table(Effect.SUBPROCESS, "subprocess", "run call check_call check_output getoutput getstatusoutput"),
    **_table(Effect.SUBPROCESS, "subprocess.Popen", "wait communicate"),
    **_table(Effect.SUBPROCESS, "os", "system popen waitpid wait"),
    **_table(_R, "sqlalchemy.orm.Session", "execute scalar scalars query get refresh merge get_one connection"),
    **_table(_W, "sqlalchemy.orm.Session", "flush bulk_save_objects bulk_insert_mappings bulk_update_mappings"),
    **_table(_W | Effect.COMMIT, "sqlalchemy.orm.Session", "commit"),
    "sqlalchemy.orm.Session.rollback": Effect.COMMIT,
    "sqlmodel.Session.exec": _R,
    **_table(_R, "sqlalchemy.orm.Query", "all first one one_or_none scalar count get exists_ delete update yield_per"),
    **_table(_R, "sqlalchemy.Connection", "execute scalar scalars exec_driver_sql"),
    **_table(_W | Effect.COMMIT, "sqlalchemy.Connection", "commit"),
    **_table(_R, "sqlalchemy.Engine", "connect begin execute"),
    **_table(_R, "django.db.models.QuerySet", _QUERYSET_READ),
    **_table(_W, "django.db.models.QuerySet", _QUERYSET_WRITE),
    **_table(_R, "django.db.models.Manager", _QUERYSET_READ),
    **_table(_W, "django.db.models.Manager", _QUERYSET_WRITE),
    **_table(_W, "django.db.models.Model", "save delete"),
    "django.db.models.Model.refresh_from_db": _R,
    **_table(_R, "django.shortcuts", "get_object_or_404 get_list_or_404"),
    **_table(_R, "guardian.core.ObjectPermissionChecker", "has_perm get_perms get_user_perms get_group_perms"),
    **_table(_R, "guardian.shortcuts", "get_perms get_user_perms get_group_perms get_users_with_perms get_groups_with_perms"),
    **_table(_R, "django.db.backends.utils.CursorWrapper", "execute executemany fetchone fetchall fetchmany callproc"),
    **_table(_R, "psycopg2.cursor", "execute executemany fetchone fetchall callproc copy_expert"),
    **_table(_R, "psycopg.Cursor", "execute executemany fetchone fetchall copy"),
    **_table(_R, "psycopg.Connection", "execute commit"),
    **_table(_R, "psycopg2", "connect"),
    "psycopg.connect": _R,
    "psycopg.Connection.connect": _R,
    "pymysql.connect": _R,
    "MySQLdb.connect": _R,
    "mysql.connector.connect": _R,
    **_table(_R, "sqlite3.Connection", "execute executemany executescript commit"),
    **_table(_R, "sqlite3.Cursor", "execute executemany executescript fetchone fetchall"),
    **_table(_C, "redis.Redis", _REDIS),
    **_table(_C, "redis.StrictRedis", _REDIS),
    **_table(_C, "redis.client.Pipeline", "execute"),
    **_table(_C, "django.core.cache.cache", "get set add delete get_or_set get_many set_many delete_many incr decr touch clear"),
    **_table(Effect.FILE, "django.core.files.storage.default_storage", "save open delete exists"),
    **_table(_C, "memcache.Client", "get set delete incr"),
    **_table(_R, "pymongo.collection.Collection", _MONGO_READ),
    **_table(_W, "pymongo.collection.Collection", _MONGO_WRITE),
    **_table(_R, "elasticsearch.Elasticsearch", "search get mget count msearch scroll info ping"),
    **_table(_W, "elasticsearch.Elasticsearch", "index update delete bulk update_by_query delete_by_query"),
    "botocore.client.*": _H,
    "boto3.resource().*": _H,
    **_table(Effect.QUEUE, "pika.adapters.blocking_connection.BlockingChannel", "basic_publish basic_get start_consuming queue_declare exchange_declare"),
    "pika.BlockingConnection": Effect.QUEUE,
    **_table(Effect.QUEUE, "kafka.KafkaProducer", "flush"),
    **_table(Effect.QUEUE, "confluent_kafka.Producer", "flush"),
    **_table(Effect.QUEUE, "celery.result.AsyncResult", "get wait"),
    **_table(Effect.CPU, "bcrypt", "hashpw checkpw"),
    **_table(Effect.CPU, "passlib.context.CryptContext", "hash verify encrypt"),
    **_table(Effect.CPU, "django.contrib.auth.hashers", "make_password check_password"),
    **_table(Effect.CPU, "argon2.PasswordHasher", "hash verify"),
    **_table(Effect.CPU, "werkzeug.security", "generate_password_hash check_password_hash"),
    **_table(_H, "paramiko.SSHClient", "connect exec_command"),
    **_table(_H, "ftplib.FTP", "connect login retrbinary storbinary"),
    **_table(_H, "openai.OpenAI", "chat.completions.create responses.create embeddings.create completions.create images.generate"),
    **_table(_H, "anthropic.Anthropic", "messages.create"),
    **_table(_H, "stripe", "Charge.create PaymentIntent.create Customer.create Subscription.create Refund.create checkout.Session.create"),
    **_table(_H, "twilio.rest.Client", "messages.create calls.create"),
    **_table(_H, "google.cloud.bigquery.Client", "query insert_rows insert_rows_json load_table_from_json"),
    "input": Effect.SLEEP,
}
"""Calls that keep the thread busy or waiting."""


_AWAITED: dict[str, Effect] = {
    **_table(_H, "httpx.AsyncClient", f"{_VERBS} stream"),
    **_table(_H, "aiohttp.ClientSession", f"{_VERBS} ws_connect"),
    "aiohttp.request": _H,
    "asyncio.sleep": Effect.SLEEP,
    "anyio.sleep": Effect.SLEEP,
    "trio.sleep": Effect.SLEEP,
    **_table(_R, "sqlalchemy.ext.asyncio.AsyncSession", "execute scalar scalars get refresh stream stream_scalars merge"),
    **_table(_W, "sqlalchemy.ext.asyncio.AsyncSession", "flush"),
    **_table(_W | Effect.COMMIT, "sqlalchemy.ext.asyncio.AsyncSession", "commit"),
    "sqlmodel.ext.asyncio.session.AsyncSession.exec": _R,
    **_table(_R, "sqlalchemy.ext.asyncio.AsyncConnection", "execute scalar scalars stream"),
    **_table(_R, "asyncpg.Connection", "execute executemany fetch fetchrow fetchval copy_records_to_table"),
    **_table(_R, "asyncpg.Pool", "execute executemany fetch fetchrow fetchval acquire"),
    "asyncpg.connect": _R,
    "asyncpg.create_pool": _R,
    **_table(_R, "psycopg.AsyncConnection", "execute commit"),
    **_table(_R, "psycopg.AsyncCursor", "execute executemany fetchone fetchall"),
    **_table(_C, "redis.asyncio.Redis", _REDIS),
    **_table(_R, "motor.motor_asyncio.AsyncIOMotorCollection", _MONGO_READ),
    **_table(_W, "motor.motor_asyncio.AsyncIOMotorCollection", _MONGO_WRITE),
    **_table(_R | _W, "django.db.models.QuerySet", _QUERYSET_ASYNC),
    **_table(_R | _W, "django.db.models.Manager", _QUERYSET_ASYNC),
    **_table(_W, "django.db.models.Model", "asave adelete arefresh_from_db"),
    **_table(Effect.MAIL, "aiosmtplib", "send"),
    **_table(Effect.QUEUE, "aiokafka.AIOKafkaProducer", "send_and_wait start stop"),
    **_table(Effect.QUEUE, "aio_pika.abc.AbstractExchange", "publish"),
    **_table(_H, "openai.AsyncOpenAI", "chat.completions.create responses.create embeddings.create completions.create images.generate"),
    **_table(_H, "anthropic.AsyncAnthropic", "messages.create messages.stream"),
    **_table(_H, "litellm", "acompletion aembedding aresponses"),
    **_table(_H, "websockets", "connect"),
}

_QUICK: dict[str, Effect] = {
    **_table(_W, "sqlalchemy.orm.Session", "add add_all delete"),
    **_table(_W, "sqlalchemy.ext.asyncio.AsyncSession", "add add_all delete"),
    **_table(Effect.QUEUE, "celery.Task", "delay apply_async s si"),
    **_table(Effect.QUEUE, "celery.Celery", "send_task"),
    **_table(Effect.QUEUE, "dramatiq.Actor", "send send_with_options"),
    **_table(Effect.QUEUE, "rq.Queue", "enqueue enqueue_call enqueue_in enqueue_at"),
    **_table(Effect.QUEUE, "kafka.KafkaProducer", "send"),
    **_table(Effect.QUEUE, "confluent_kafka.Producer", "produce"),
    **_table(Effect.LOG, "logging", "debug info warning warn error exception critical log"),
    **_table(Effect.LOG, "logging.Logger", "debug info warning warn error exception critical fatal log"),
    **_table(Effect.LOG, "logging.LoggerAdapter", "debug info warning error exception critical log"),
    **_table(Effect.LOG, "loguru.logger", "trace debug info success warning error exception critical log opt"),
    **_table(Effect.LOG, "structlog.BoundLogger", "debug info warning warn error exception critical msg log"),
    **_table(Effect.LOG, "warnings", "warn"),
    "traceback.print_exc": Effect.LOG,
    "traceback.print_exception": Effect.LOG,
    "print": Effect.LOG,
    **_table(Effect.REPORT, "sentry_sdk", "capture_exception capture_message capture_event"),
    **_table(Effect.REPORT, "rollbar", "report_exc_info report_message"),
    **_table(Effect.REPORT, "bugsnag", "notify"),
    **_table(Effect.REPORT, "newrelic.agent", "notice_error record_exception"),
    **_table(Effect.REPORT, "opentelemetry.trace.Span", "record_exception set_status"),
    **_table(Effect.REPORT, "prometheus_client.Counter", "inc"),
    **_table(Effect.REPORT, "statsd.StatsClient", "incr"),
    **_table(Effect.REPORT, "django.contrib.messages", "error warning add_message info success"),
    **_table(Effect.REPORT, "flask", "flash abort"),
    "flask.flash": Effect.REPORT,
    **_table(Effect.LOCK, "threading.Lock", "acquire"),
    **_table(Effect.LOCK, "threading.RLock", "acquire"),
}

EFFECTS: dict[str, Effect] = {**_QUICK, **_AWAITED, **BLOCKING}
"""Every known call."""


@functools.cache
def effect_of(name: str) -> Effect:
    """The effects of calling `name`, `Effect.NONE` if nothing is known."""
    found = EFFECTS.get(name)
    if found is not None:
        return found
    return _below(name, EFFECTS)


@functools.cache
def is_blocking(name: str) -> Effect:
    """The effects that keep the calling thread waiting; `Effect.NONE` if it returns at once, is awaited or is unknown."""
    found = BLOCKING.get(name)
    if found is not None:
        return found
    return _below(name, BLOCKING)


_LOCAL = frozenset(
    "get_paginator get_waiter can_paginate generate_presigned_url generate_presigned_post close filter all limit page_size objects meta exceptions".split()
)
"""Methods below a ``.*`` that only prepare something."""


def _below(name: str, table: dict[str, Effect]) -> Effect:
    head = name
    last = name.rpartition(".")[2]
    if last in _LOCAL or last[:1].isupper():
        return Effect.NONE
    while "." in head:
        head = head.rpartition(".")[0]
        found = table.get(head + ".*")
        if found is not None:
            return found
    return Effect.NONE
