"""Exception classes of libraries: which catch everything, and which mean that something outside failed.

Sources: the libraries' own reference documentation of their exceptions.
"""

from __future__ import annotations


def _names(prefix: str, names: str) -> frozenset[str]:
    return frozenset(f"{prefix}.{name}" for name in names.split())


BROAD_ERRORS = frozenset({"Exception", "BaseException", "builtins.Exception", "builtins.BaseException", "StandardError"})
"""Classes that every mistake in the code derives from too."""

_SQLALCHEMY = "SQLAlchemyError DBAPIError DatabaseError OperationalError InternalError InterfaceError DataError ProgrammingError TimeoutError"
_DBAPI = "Error DatabaseError OperationalError InternalError InterfaceError DataError ProgrammingError"
_REQUESTS = (
    "RequestException HTTPError ConnectionError Timeout ConnectTimeout ReadTimeout SSLError ProxyError ChunkedEncodingError TooManyRedirects InvalidURL "
    "MissingSchema InvalidSchema"
)
_HTTPX = "HTTPError HTTPStatusError RequestError TransportError TimeoutException ConnectError ConnectTimeout ReadTimeout NetworkError ReadError"
_AIOHTTP = "ClientError ClientConnectionError ClientConnectorError ClientResponseError ServerTimeoutError ServerDisconnectedError"

TRANSPORT_ERRORS = frozenset(
    {*_names("requests", _REQUESTS), *_names("requests.exceptions", _REQUESTS), *_names("httpx", _HTTPX), *_names("aiohttp", _AIOHTTP)}
)
"""Errors of HTTP clients: their text names the other side and what it did, nothing of our inside."""

RESOURCE_ERRORS = frozenset(
    {
        *_names("requests", _REQUESTS),
        *_names("requests.exceptions", _REQUESTS),
        *_names("httpx", _HTTPX),
        *_names("aiohttp", _AIOHTTP),
        *_names("urllib3.exceptions", "HTTPError MaxRetryError TimeoutError NewConnectionError ProtocolError"),
        *_names("urllib.error", "URLError HTTPError"),
        *_names("http.client", "HTTPException RemoteDisconnected"),
        *_names("sqlalchemy.exc", _SQLALCHEMY),
        *_names("django.db", _DBAPI),
        *_names("django.db.utils", _DBAPI),
        *_names("psycopg2", _DBAPI),
        *_names("psycopg", _DBAPI),
        *_names("sqlite3", _DBAPI),
        *_names("pymysql", _DBAPI),
        *_names("pymysql.err", _DBAPI),
        *_names("MySQLdb", _DBAPI),
        *_names("asyncpg", "PostgresError InterfaceError"),
        *_names("asyncpg.exceptions", "PostgresError InterfaceError"),
        *_names("redis", "RedisError ConnectionError TimeoutError ResponseError"),
        *_names("redis.exceptions", "RedisError ConnectionError TimeoutError ResponseError"),
        *_names("pymongo.errors", "PyMongoError ConnectionFailure OperationFailure ServerSelectionTimeoutError AutoReconnect"),
        *_names("elasticsearch", "ElasticsearchException ApiError TransportError ConnectionError"),
        *_names("elasticsearch.exceptions", "ElasticsearchException ApiError TransportError ConnectionError"),
        *_names("botocore.exceptions", "ClientError BotoCoreError EndpointConnectionError"),
        *_names("boto3.exceptions", "Boto3Error S3UploadFailedError"),
        *_names("kombu.exceptions", "OperationalError KombuError"),
        *_names("pika.exceptions", "AMQPError AMQPConnectionError AMQPChannelError"),
        *_names("kafka.errors", "KafkaError KafkaTimeoutError NoBrokersAvailable"),
        *_names("smtplib", "SMTPException SMTPAuthenticationError SMTPServerDisconnected SMTPRecipientsRefused SMTPConnectError"),
        *_names("paramiko", "SSHException AuthenticationException"),
        *_names("grpc", "RpcError"),
        *_names("google.api_core.exceptions", "GoogleAPIError GoogleAPICallError"),
        *_names("stripe", "StripeError"),
        *_names("stripe.error", "StripeError APIConnectionError APIError"),
        *_names("openai", "OpenAIError APIError APIConnectionError APITimeoutError"),
    }
)
"""Errors of databases, HTTP, brokers, mail and object stores: the other side failed, and nobody can foresee how."""

SYSTEM_ERRORS = frozenset(
    "OSError IOError EnvironmentError ConnectionError ConnectionRefusedError ConnectionResetError BrokenPipeError TimeoutError "
    "socket.error socket.timeout socket.gaierror subprocess.SubprocessError subprocess.CalledProcessError subprocess.TimeoutExpired "
    "asyncio.TimeoutError".split()
)
"""Errors of the operating system, whose text names paths and hosts."""
