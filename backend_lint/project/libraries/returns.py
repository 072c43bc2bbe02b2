"""What library calls return, which names are the same thing, and which library classes derive from which."""

from __future__ import annotations

_CANONICAL = {
    "requests.sessions.Session": "requests.Session",
    "requests.session": "requests.Session",
    "sqlalchemy.orm.session.Session": "sqlalchemy.orm.Session",
    "sqlalchemy.orm.query.Query": "sqlalchemy.orm.Query",
    "sqlalchemy.engine.Engine": "sqlalchemy.Engine",
    "sqlalchemy.engine.base.Engine": "sqlalchemy.Engine",
    "sqlalchemy.engine.Connection": "sqlalchemy.Connection",
    "sqlalchemy.engine.base.Connection": "sqlalchemy.Connection",
    "sqlalchemy.future.Engine": "sqlalchemy.Engine",
    "sqlalchemy.engine.create_engine": "sqlalchemy.create_engine",
    "sqlalchemy.ext.asyncio.session.AsyncSession": "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.orm.session.sessionmaker": "sqlalchemy.orm.sessionmaker",
    "sqlmodel.create_engine": "sqlalchemy.create_engine",
    "redis.client.Redis": "redis.Redis",
    "redis.StrictRedis": "redis.Redis",
    "redis.from_url": "redis.Redis.from_url",
    "redis.asyncio.client.Redis": "redis.asyncio.Redis",
    "redis.asyncio.from_url": "redis.asyncio.Redis.from_url",
    "aioredis.from_url": "redis.asyncio.Redis.from_url",
    "aioredis.Redis": "redis.asyncio.Redis",
    "aiohttp.client.ClientSession": "aiohttp.ClientSession",
    "django.db.models.query.QuerySet": "django.db.models.QuerySet",
    "django.db.models.manager.Manager": "django.db.models.Manager",
    "django.db.models.base.Model": "django.db.models.Model",
    "django.core.mail.message.EmailMessage": "django.core.mail.EmailMessage",
    "pymongo.mongo_client.MongoClient": "pymongo.MongoClient",
    "pymongo.database.Database": "pymongo.database.Database",
    "pymongo.collection.Collection": "pymongo.collection.Collection",
    "botocore.client.BaseClient": "botocore.client",
    "fastapi.param_functions.Depends": "fastapi.Depends",
    "fastapi.params.Depends": "fastapi.Depends",
    "fastapi.applications.FastAPI": "fastapi.FastAPI",
    "fastapi.routing.APIRouter": "fastapi.APIRouter",
    "fastapi.exceptions.HTTPException": "fastapi.HTTPException",
    "starlette.exceptions.HTTPException": "starlette.exceptions.HTTPException",
    "celery.app.task.Task": "celery.Task",
    "celery.task.Task": "celery.Task",
    "flask.app.Flask": "flask.Flask",
    "flask.blueprints.Blueprint": "flask.Blueprint",
}

_RETURNS = {
    "sqlalchemy.create_engine": "sqlalchemy.Engine",
    "sqlalchemy.engine_from_config": "sqlalchemy.Engine",
    "sqlalchemy.ext.asyncio.create_async_engine": "sqlalchemy.ext.asyncio.AsyncEngine",
    "sqlalchemy.Engine.connect": "sqlalchemy.Connection",
    "sqlalchemy.Engine.begin": "sqlalchemy.Connection",
    "sqlalchemy.ext.asyncio.AsyncEngine.connect": "sqlalchemy.ext.asyncio.AsyncConnection",
    "sqlalchemy.ext.asyncio.AsyncEngine.begin": "sqlalchemy.ext.asyncio.AsyncConnection",
    "sqlalchemy.orm.sessionmaker": "sqlalchemy.orm.sessionmaker",
    "sqlalchemy.orm.scoped_session": "sqlalchemy.orm.scoped_session",
    "sqlalchemy.ext.asyncio.async_sessionmaker": "sqlalchemy.ext.asyncio.async_sessionmaker",
    "sqlalchemy.ext.asyncio.async_scoped_session": "sqlalchemy.ext.asyncio.async_scoped_session",
    "sqlalchemy.orm.sessionmaker.__call__": "sqlalchemy.orm.Session",
    "sqlalchemy.orm.sessionmaker.begin": "sqlalchemy.orm.Session",
    "sqlalchemy.orm.scoped_session.__call__": "sqlalchemy.orm.Session",
    "sqlalchemy.ext.asyncio.async_sessionmaker.__call__": "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.ext.asyncio.async_sessionmaker.begin": "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.ext.asyncio.async_scoped_session.__call__": "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.orm.Session.query": "sqlalchemy.orm.Query",
    "redis.Redis.from_url": "redis.Redis",
    "redis.Redis.pipeline": "redis.client.Pipeline",
    "redis.asyncio.Redis.from_url": "redis.asyncio.Redis",
    "boto3.client": "botocore.client",
    "boto3.Session.client": "botocore.client",
    "boto3.session.Session.client": "botocore.client",
    "boto3.resource": "boto3.resource()",
    "boto3.Session.resource": "boto3.resource()",
    "requests.get": "requests.Response",
    "google.cloud.bigquery.Client.from_service_account_info": "google.cloud.bigquery.Client",
    "google.cloud.bigquery.Client.from_service_account_json": "google.cloud.bigquery.Client",
    "google.cloud.storage.Client.from_service_account_info": "google.cloud.storage.Client",
    "google.cloud.storage.Client.from_service_account_json": "google.cloud.storage.Client",
    "asyncpg.create_pool": "asyncpg.Pool",
    "asyncpg.connect": "asyncpg.Connection",
    "asyncpg.Pool.acquire": "asyncpg.Connection",
    "psycopg2.connect": "psycopg2.connection",
    "psycopg2.connection.cursor": "psycopg2.cursor",
    "psycopg.connect": "psycopg.Connection",
    "psycopg.Connection.connect": "psycopg.Connection",
    "psycopg.Connection.cursor": "psycopg.Cursor",
    "psycopg.AsyncConnection.connect": "psycopg.AsyncConnection",
    "psycopg.AsyncConnection.cursor": "psycopg.AsyncCursor",
    "sqlite3.connect": "sqlite3.Connection",
    "sqlite3.Connection.cursor": "sqlite3.Cursor",
    "django.db.connection.cursor": "django.db.backends.utils.CursorWrapper",
    "logging.getLogger": "logging.Logger",
    "logging.Logger.getChild": "logging.Logger",
    "celery.utils.log.get_task_logger": "logging.Logger",
    "multiprocessing.get_logger": "logging.Logger",
    "asgiref.log.get_logger": "logging.Logger",
    "structlog.get_logger": "structlog.BoundLogger",
    "structlog.getLogger": "structlog.BoundLogger",
    "structlog.stdlib.get_logger": "structlog.BoundLogger",
    "structlog.BoundLogger.bind": "structlog.BoundLogger",
    "structlog.BoundLogger.new": "structlog.BoundLogger",
    "loguru.logger.bind": "loguru.logger",
    "loguru.logger.opt": "loguru.logger",
    "opentelemetry.trace.get_current_span": "opentelemetry.trace.Span",
    "subprocess.Popen": "subprocess.Popen",
    "pika.BlockingConnection.channel": "pika.adapters.blocking_connection.BlockingChannel",
    "http.client.HTTPSConnection": "http.client.HTTPSConnection",
    "flask.Flask.logger": "logging.Logger",
    "pathlib.Path": "pathlib.Path",
    "pathlib.Path.joinpath": "pathlib.Path",
    "pathlib.Path.resolve": "pathlib.Path",
    "celery.Task.delay": "celery.result.AsyncResult",
    "celery.Task.apply_async": "celery.result.AsyncResult",
}

_ATTRIBUTES = {
    "flask.current_app.logger": "logging.Logger",
    "flask.Flask.logger": "logging.Logger",
    "quart.current_app.logger": "logging.Logger",
    "pymongo.MongoClient[]": "pymongo.database.Database",
    "pymongo.database.Database[]": "pymongo.collection.Collection",
    "motor.motor_asyncio.AsyncIOMotorClient[]": "motor.motor_asyncio.AsyncIOMotorDatabase",
    "motor.motor_asyncio.AsyncIOMotorDatabase[]": "motor.motor_asyncio.AsyncIOMotorCollection",
    "flask_sqlalchemy.SQLAlchemy.session": "sqlalchemy.orm.Session",
    "flask_sqlalchemy.SQLAlchemy.Model.query": "sqlalchemy.orm.Query",
    "pathlib.Path.parent": "pathlib.Path",
    "django.db.models.Model.objects": "django.db.models.Manager",
    "django.db.models.Model._default_manager": "django.db.models.Manager",
    "django.db.models.Model._base_manager": "django.db.models.Manager",
    "django.contrib.auth.models.User": "django.contrib.auth.models.User",
}

_BASES = {
    "sqlmodel.Session": "sqlalchemy.orm.Session",
    "sqlalchemy.orm.scoped_session": "sqlalchemy.orm.Session",
    "sqlmodel.ext.asyncio.session.AsyncSession": "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.ext.asyncio.async_scoped_session": "sqlalchemy.ext.asyncio.AsyncSession",
    "asyncpg.pool.PoolConnectionProxy": "asyncpg.Connection",
    "requests_oauthlib.OAuth2Session": "requests.Session",
    "requests_oauthlib.OAuth1Session": "requests.Session",
    "google.auth.transport.requests.AuthorizedSession": "requests.Session",
    "cachecontrol.CacheControl": "requests.Session",
    "requests_cache.CachedSession": "requests.Session",
    "pathlib.PosixPath": "pathlib.Path",
    "pathlib.PurePath": "pathlib.Path",
    "django.contrib.auth.models.User": "django.contrib.auth.models.AbstractUser",
    "django.contrib.auth.models.Group": "django.db.models.Model",
    "django.contrib.auth.models.Permission": "django.db.models.Model",
    "django.contrib.auth.models.AbstractUser": "django.contrib.auth.models.AbstractBaseUser",
    "django.contrib.auth.models.AbstractBaseUser": "django.db.models.Model",
    "django.contrib.contenttypes.models.ContentType": "django.db.models.Model",
    "django.contrib.sites.models.Site": "django.db.models.Model",
    "model_utils.models.TimeStampedModel": "django.db.models.Model",
    "wagtail.models.Page": "django.db.models.Model",
    "treebeard.mp_tree.MP_Node": "django.db.models.Model",
    "mptt.models.MPTTModel": "django.db.models.Model",
    "django.contrib.auth.models.UserManager": "django.db.models.Manager",
    "django.contrib.auth.base_user.BaseUserManager": "django.db.models.Manager",
    "smtplib.LMTP": "smtplib.SMTP",
    "openai.AzureOpenAI": "openai.OpenAI",
    "openai.AsyncAzureOpenAI": "openai.AsyncOpenAI",
}

QUERYSET_METHODS = frozenset(
    "filter exclude all order_by select_related prefetch_related annotate alias distinct only defer reverse using select_for_update none "
    "union intersection difference "
    "values values_list dates datetimes extra raw complex_filter get_queryset".split()
)
MODEL_METHODS = frozenset("get first last create earliest latest aget afirst alast acreate".split())


def canonical(name: str) -> str:
    """The documented name of something that can be imported from several places.

    >>> canonical("sqlalchemy.orm.session.Session")
    'sqlalchemy.orm.Session'
    """
    return _CANONICAL.get(name, name)


def external_bases(name: str) -> list[str]:
    """The class itself and the library classes it derives from, nearest first."""
    found = [name]
    while (base := _BASES.get(found[-1])) is not None and base not in found:
        found.append(base)
    return found


def returned_by(name: str) -> str | None:
    """The class of what calling `name` returns (for ``x[]``: of its elements; for an attribute: of it); None if it is not known."""
    found = _RETURNS.get(name)
    return found if found is not None else _ATTRIBUTES.get(name)


def attribute_class(name: str) -> str | None:
    """The class of the object that the attribute `name` holds, if it is known."""
    return _ATTRIBUTES.get(name)
