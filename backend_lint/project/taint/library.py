"""What libraries do with values that come from outside: what hands them on, what checks them, and where they must not arrive. Data, with one look-up each.

Sources: the reference documentation of each library.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from backend_lint.project.libraries.outbound import VERBS


class Danger(enum.StrEnum):
    """What a value from outside does at a sink."""

    SQL = "sql"
    COMMAND = "command"
    PROGRAM = "program"
    SCRIPT = "script"
    WORDS = "words"
    CODE = "code"
    PATH = "path"
    PICKLE = "pickle"
    TEMPLATE = "template"
    XML = "xml"
    URL = "url"
    REDIRECT = "redirect"
    HTML = "html"
    NOSQL = "nosql"
    LDAP = "ldap"
    XPATH = "xpath"
    MEMBER = "member"
    UNFILLED = "unfilled"
    COOKIE = "cookie"
    LISTENER = "listener"
    CONNECTION = "connection"
    REMOTE = "remote"


class Sink(NamedTuple):
    """An argument that is dangerous: its position and its names. `needs`: keyword and value without which the call is harmless."""

    danger: Danger
    position: int = 0
    names: tuple[str, ...] = ()
    needs: tuple[str, str] = ("", "")
    unless: tuple[str, ...] = ()
    """Keywords that make the call harmless."""
    whole: bool = False
    """Harmful only if nothing constant stands beside the value."""
    markup: bool = False
    """Harmful only inside of constant text: a page that is put together."""
    strings: bool = False
    """A list is run without a shell."""
    programs: bool = False
    """The argument is a program, or a list that begins with one: harmful are the program, and what a shell is told to run."""


PASSES = frozenset(
    {
        *("json.loads", "json.load", "json.dumps", "ujson.loads", "orjson.loads", "simplejson.loads", "copy.copy", "copy.deepcopy", "typing.cast"),
        *("urllib.parse.unquote", "urllib.parse.unquote_plus", "urllib.parse.unquote_to_bytes", "six.moves.urllib.parse.unquote"),
        *("os.path.join", "os.path.normpath", "os.path.abspath", "os.path.realpath", "os.path.expanduser", "posixpath.join", "posixpath.normpath"),
        *("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath", "anyio.Path", "os.fspath", "os.fsencode", "os.fsdecode"),
        *("base64.b64decode", "base64.urlsafe_b64decode", "base64.standard_b64decode", "base64.b32decode", "base64.decodebytes", "binascii.unhexlify"),
        *("binascii.a2b_base64", "bytes.fromhex", "bytearray", "io.BytesIO", "io.StringIO", "codecs.decode", "codecs.encode", "zlib.decompress"),
        *("django.utils.encoding.force_str", "django.utils.encoding.smart_str", "django.utils.encoding.force_bytes", "django.utils.safestring.mark_safe"),
        *("django.utils.http.urlsafe_base64_decode", "textwrap.dedent", "string.Template", "markupsafe.Markup"),
        *("shlex.split", "itertools.chain", "filter", "zip", "enumerate"),
        *("sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text", "sqlmodel.text", "psycopg2.sql.SQL", "psycopg.sql.SQL"),
        *("fastapi.encoders.jsonable_encoder", "collections.OrderedDict", "collections.defaultdict"),
        *("getattr", "urllib.parse.urljoin", "yarl.URL", "httpx.URL"),
    }
)
"""Functions whose result holds what they are given."""
KEEPING = frozenset(
    (
        "get getlist get_all getall strip lstrip rstrip lower upper title capitalize "
        "split rsplit splitlines replace format encode decode join pop popitem items "
        "values keys read readline readlines json dict model_dump copy partition "
        "rpartition getvalue first last setdefault to_dict lists get_json get_data form "
        "body text joinpath with_suffix with_name resolve absolute "
        "expanduser safe_substitute substitute __enter__ removeprefix removesuffix expandtabs casefold "
        "getbuffer remove_prefix remove_suffix getfirst get_argument get_arguments get_query_argument get_query_arguments get_body_argument get_body_arguments "
        "get_param get_media"
    ).split()
)
"""Methods whose result holds a part of the object."""
CARRIES = frozenset({"file", "filename", "data", "content", "text", "stream", "name"})
"""Attributes of values from outside that are from outside themselves."""

CHECKING = (
    "valid safe allow white permit verif check ensure assert sanit clean "
    "escap quot restrict forbid reject block private_ip internal public_url local_ip slugify "
    "secure authorize authorise normalize_host legal malicious suspicious dangerous forbidden"
).split()
"""Words in names of functions that look at a value before it is used."""
TESTING = frozenset(
    (
        "fullmatch match isdigit isalnum isalpha isidentifier isnumeric "
        "isdecimal startswith is_relative_to relative_to commonpath commonprefix urlparse urlsplit "
        "url_has_allowed_host_and_scheme parse_date parse_datetime strptime fromisoformat isoparse UUID ip_address getaddrinfo gethostbyname search endswith"
    ).split()
)
"""Functions whose answer, looked at in a condition, tells good values from bad ones."""

_PATHS = "open read_text read_bytes write_text write_bytes unlink mkdir rmdir touch iterdir rename replace".split()
_UNSAFE = Sink(Danger.PICKLE)
_LOADERS = (
    "pickle.loads pickle.load _pickle.loads cPickle.loads cPickle.load pickle.Unpickler dill.loads dill.load dill.Unpickler cloudpickle.loads "
    "cloudpickle.load marshal.loads marshal.load jsonpickle.decode jsonpickle.unpickler.decode joblib.load shelve.open pandas.read_pickle "
    "yaml.unsafe_load yaml.unsafe_load_all yaml.full_load jsonpickle.loads sklearn.externals.joblib.load _pickle.load "
    "_pickle.Unpickler cPickle.Unpickler pandas.io.pickle.read_pickle jsonpickle.unpickler.Unpickler.restore"
).split()

SINKS: dict[str, Sink] = {
    **{f"os.{name}": Sink(Danger.COMMAND, 0, ("command", "cmd")) for name in ("system", "popen", "popen2", "popen3", "popen4")},
    **{f"subprocess.{name}": Sink(Danger.COMMAND, 0, ("args",), ("shell", "True")) for name in "run call check_call check_output Popen".split()},
    **{f"subprocess.{name}": Sink(Danger.COMMAND, 0, ("cmd",)) for name in ("getoutput", "getstatusoutput")},
    **{f"commands.{name}": Sink(Danger.COMMAND) for name in ("getoutput", "getstatusoutput")},
    **{f"gevent.subprocess.{name}": Sink(Danger.COMMAND, 0, ("args",), ("shell", "True")) for name in "run call check_call check_output Popen".split()},
    **{f"fabric.{name}": Sink(Danger.COMMAND, 0, ("command",)) for name in "Connection.run Connection.sudo Connection.local".split()},
    **{f"fabric.api.{name}": Sink(Danger.COMMAND, 0, ("command",)) for name in "run sudo local".split()},
    **{f"invoke.{name}": Sink(Danger.COMMAND, 0, ("command",)) for name in "run sudo Context.run Context.sudo context.Context.run".split()},
    **{name: Sink(Danger.COMMAND, 0, ("command",), strings=True) for name in ("anyio.run_process", "anyio.open_process")},
    "asyncssh.connect().run": Sink(Danger.COMMAND, 0, ("command",)),
    "asyncio.create_subprocess_shell": Sink(Danger.COMMAND, 0, ("cmd",)),
    "asyncio.subprocess.create_subprocess_shell": Sink(Danger.COMMAND, 0, ("cmd",)),
    "paramiko.SSHClient.exec_command": Sink(Danger.COMMAND, 0, ("command",)),
    "paramiko.client.SSHClient.exec_command": Sink(Danger.COMMAND, 0, ("command",)),
    **{
        f"airflow.{name}.BashOperator": Sink(Danger.COMMAND, 1, ("bash_command",))
        for name in ("operators.bash", "operators.bash_operator", "providers.standard.operators.bash")
    },
    "pty.spawn": Sink(Danger.COMMAND, 0, ("argv",), programs=True),
    **{name: Sink(Danger.CODE) for name in ("eval", "exec", "compile", "builtins.eval", "builtins.exec", "runpy.run_path", "code.compile_command")},
    **{name: Sink(Danger.CODE, 0, ("name",), whole=True) for name in ("importlib.import_module", "__import__", "django.utils.module_loading.import_string")},
    **{
        f"code.{name}": Sink(Danger.CODE)
        for name in (
            "InteractiveConsole.push InteractiveConsole.runcode InteractiveConsole.runsource InteractiveInterpreter.runcode InteractiveInterpreter.runsource"
        ).split()
    },
    **{name: Sink(Danger.CODE, 1) for name in ("_xxsubinterpreters.run_string", "_interpreters.run_string", "_interpreters.exec")},
    **{name: Sink(Danger.CODE) for name in ("_testcapi.run_in_subinterp", "test.support.run_in_subinterp")},
    **{name: Sink(Danger.PATH, 0, ("file",)) for name in ("open", "io.open", "aiofiles.open", "codecs.open", "gzip.open", "anyio.open_file", "bz2.open")},
    **{f"os.{name}": Sink(Danger.PATH, 0, ("path",)) for name in "remove unlink rmdir makedirs mkdir removedirs listdir scandir startfile".split()},
    **{f"shutil.{name}": Sink(Danger.PATH, 0, ("path", "src")) for name in ("rmtree", "copy", "copyfile", "copy2", "move")},
    "flask.send_file": Sink(Danger.PATH, 0, ("path_or_file", "filename_or_fp")),
    "quart.send_file": Sink(Danger.PATH, 0, ("filename_or_io",)),
    **{f"{name}.FileResponse": Sink(Danger.PATH, 0, ("path",)) for name in ("fastapi.responses", "starlette.responses", "aiohttp.web", "sanic.response")},
    **{f"pathlib.Path.{name}": Sink(Danger.PATH, -1) for name in _PATHS},
    **dict.fromkeys(_LOADERS, _UNSAFE),
    "torch.load": Sink(Danger.PICKLE, 0, ("f",), unless=("weights_only",)),
    "numpy.load": Sink(Danger.PICKLE, 0, ("file",), ("allow_pickle", "True")),
    "flask.render_template_string": Sink(Danger.TEMPLATE, 0, ("source",)),
    "quart.render_template_string": Sink(Danger.TEMPLATE, 0, ("source",)),
    **{
        name: Sink(Danger.TEMPLATE, 0, ("source", "template_string", "text", "template_code"))
        for name in (
            "jinja2.Template jinja2.Environment.from_string jinja2.environment.Template jinja2.environment.Environment.from_string django.template.Template "
            "django.template.Engine.from_string django.template.base.Template mako.template.Template tornado.template.Template bottle.template "
            "flask.Flask.jinja_env.from_string"
        ).split()
    },
    **{
        f"lxml.etree.{name}": Sink(Danger.XML, 0, ("text", "source")) for name in ("fromstring", "parse", "XML", "fromstringlist")
    },
    **{f"requests.{verb}": Sink(Danger.URL, int(verb == "request"), ("url",)) for verb in VERBS},
    **{f"requests.api.{verb}": Sink(Danger.URL, int(verb == "request"), ("url",)) for verb in VERBS},
    **{
        f"{client}.{verb}": Sink(Danger.URL, int(verb in ("request", "stream")), ("url",))
        for client in ("requests.Session", "requests.sessions.Session", "httpx", "httpx.Client", "httpx.AsyncClient", "aiohttp.ClientSession", "aiohttp")
        for verb in (*VERBS, "stream", "ws_connect")
        if verb != "send"
    },
    **{name: Sink(Danger.URL, 0, ("url", "fullurl")) for name in ("urllib.request.urlopen", "urllib.request.Request", "urllib.request.urlretrieve")},
    **{name: Sink(Danger.URL, 0, ("url", "fullurl")) for name in ("urllib2.urlopen", "six.moves.urllib.request.urlopen", "wget.download", "urllib.urlopen")},
    **{f"urllib3.{one}": Sink(Danger.URL, 1, ("url",)) for one in ("request", "PoolManager.request", "PoolManager.urlopen")},
    **{f"httplib2.Http.{one}": Sink(Danger.URL, 0, ("uri",)) for one in ("request",)},
    **{
        name: Sink(Danger.REDIRECT, 0, ("redirect_to", "location", "url", "to"))
        for name in (
            "flask.redirect werkzeug.utils.redirect quart.redirect django.shortcuts.redirect django.http.HttpResponseRedirect "
            "django.http.HttpResponsePermanentRedirect django.http.response.HttpResponseRedirect fastapi.responses.RedirectResponse "
            "starlette.responses.RedirectResponse sanic.response.redirect aiohttp.web.HTTPFound bottle.redirect"
        ).split()
    },
    **{name: Sink(Danger.HTML, 0, ("object", "base", "s")) for name in ("markupsafe.Markup", "flask.Markup", "django.utils.safestring.mark_safe")},
    **{
        name: Sink(Danger.HTML, 0, ("content", "rv"), unless=("content_type", "mimetype", "media_type"), markup=True)
        for name in (
            "django.http.HttpResponse django.http.response.HttpResponse django.http.HttpResponseBadRequest django.http.HttpResponseNotFound "
            "django.http.HttpResponseForbidden django.http.HttpResponseServerError flask.make_response fastapi.responses.HTMLResponse "
            "starlette.responses.HTMLResponse sanic.response.html"
        ).split()
    },
}
"""Dangerous calls by dotted name."""
_EXECUTED = "execl execle execlp execlpe execv execve execvp execvpe posix_spawn posix_spawnp".split()
PROGRAMS: dict[str, Sink] = {
    **{f"subprocess.{name}": Sink(Danger.COMMAND, 0, ("args",), programs=True) for name in "run call check_call check_output Popen".split()},
    **{f"asyncio.{name}create_subprocess_exec": Sink(Danger.COMMAND, 0, ("program",), programs=True) for name in ("", "subprocess.")},
    **{f"os.{name}": Sink(Danger.COMMAND, 0, programs=True) for name in _EXECUTED},
    **{f"os.spawn{name}": Sink(Danger.COMMAND, 1, programs=True) for name in "l le lp lpe v ve vp vpe".split()},
}
"""Calls that start a program without a shell."""
SHELLS = frozenset("sh bash zsh dash ksh ash fish csh tcsh cmd cmd.exe powershell pwsh python perl ruby node php".split())
INTERPRETERS = SHELLS - {"cmd", "cmd.exe", "powershell", "pwsh"}
"""Those whose first argument that is no option names a script."""
RUNNERS = {"run_in_executor": 1, "to_thread": 0, "run_in_threadpool": 0, "sync_to_async": 0, "submit": 0, "run_sync": 0}
"""Calls that run the function that stands at this position with what follows it."""
BY_METHOD = {
    "exec_command": Sink(Danger.COMMAND, 0, ("command",)),
    "subprocess_shell": Sink(Danger.COMMAND, 1, ("cmd",)),
    "subprocess_exec": Sink(Danger.COMMAND, 1, programs=True),
    "render_template_string": Sink(Danger.TEMPLATE, 0, ("source",)),
}
"""Methods that say enough whatever their object is."""
YAML = frozenset({"yaml.load", "yaml.load_all"})
SINKS |= dict.fromkeys(YAML, Sink(Danger.PICKLE, 0, ("stream",)))
UNSAFE_LOADERS = frozenset({"yaml.Loader", "yaml.UnsafeLoader", "yaml.CLoader", "yaml.loader.Loader", "yaml.loader.UnsafeLoader", "yaml.cyaml.CLoader"})
LAST_NAMES = frozenset(name.rpartition(".")[2] for name in (*SINKS, *YAML, *PROGRAMS, *BY_METHOD, *RUNNERS))


def is_remote(name: str) -> bool:
    """Whether a call, by its dotted name, always runs its command in a shell, mostly that of another machine.

    >>> is_remote("paramiko.SSHClient.exec_command"), is_remote("subprocess.run")
    (True, False)
    """
    return name.startswith(("paramiko.", "fabric.", "asyncssh.", "invoke.")) or name.endswith("exec_command")
