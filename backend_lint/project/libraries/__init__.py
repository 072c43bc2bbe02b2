"""What is known of public libraries: which calls have which effects, and what they return. Data, with one look-up each."""

from __future__ import annotations

from backend_lint.project.libraries.effects import BLOCKING, EFFECTS, Effect, effect_of, is_blocking
from backend_lint.project.libraries.returns import canonical, external_bases, returned_by

__all__ = ["BLOCKING", "EFFECTS", "KNOWN_LIBRARIES", "Effect", "canonical", "effect_of", "external_bases", "is_blocking", "returned_by"]

KNOWN_LIBRARIES = frozenset(
    "aio_pika aiobotocore aiofiles aiohttp aiokafka aiomysql aiopg aioredis aiosmtplib alembic amqp anyio apscheduler asgiref asyncio "
    "asyncpg backoff bcrypt "
    "billiard boto boto3 botocore bs4 cachetools celery certifi channels click confluent_kafka contextlib cryptography databases datetime "
    "dateutil decouple "
    "django dns docker dramatiq elasticsearch email environ environs falcon fastapi flask ftplib functools gevent google grpc gunicorn h11 "
    "h2 hashlib httpcore httplib2 "
    "httpx huey imaplib importlib inspect ipaddress io itertools jinja2 json jsonschema jwt kafka kombu ldap ldap3 litestar logging loguru "
    "lxml marshmallow math "
    "memcache minio motor multiprocessing mysql MySQLdb nats numpy oauthlib openai opentelemetry orjson os pandas paramiko passlib pathlib "
    "peewee pickle pika PIL poplib "
    "prometheus_client psycopg psycopg2 pydantic pydantic_settings pymemcache pymongo pymysql pynamodb pytest pytz quart queue random re "
    "redis requests rest_framework "
    "retry retrying rq s3transfer sanic secrets sentry_sdk shutil signal simplejson six slack_sdk smtplib socket sqlalchemy sqlite3 sqlmodel "
    "ssl starlette statsd stripe "
    "structlog subprocess sys tempfile tenacity threading time tornado tortoise tqdm traceback trio twilio typing typing_extensions ujson "
    "unittest urllib urllib3 uuid "
    "uvicorn uvloop warnings websocket websockets werkzeug xml xmlrpc yaml zeep zmq".split()
)
"""Top-level names that mean the library even if a folder of the project has the same name."""
