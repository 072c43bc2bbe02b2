"""A hostile deployment file costs itself: it is named as not checked, and neither hangs nor crashes the run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from bombs import BOMBS, SLOW
from hypothesis import given
from hypothesis import strategies as st
from manifests import manifest, reading

from backend_lint.facts.deployment import Manifest

ROOT = Path(__file__).resolve().parents[2]
PATHS = ["docker-compose.yml", "k8s.yaml", "app.json", "fly.toml", "uwsgi.ini", "nginx.conf", "Dockerfile", "Procfile", ".env", "start.sh", "main.tf"]


def in_a_process_of_its_own(table: str, name: str) -> str:
    command = [sys.executable, os.fspath(Path(__file__).with_name("bombs.py")), table, name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PYTHONPATH": os.fspath(ROOT)})
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_bomb_is_refused_before_it_is_built(name: str) -> None:
    assert BOMBS[name][2] in in_a_process_of_its_own("BOMBS", name)


@pytest.mark.parametrize("name", sorted(SLOW))
def test_large_hostile_text_is_read_in_linear_time(name: str) -> None:
    assert in_a_process_of_its_own("SLOW", name).startswith("[")


@pytest.mark.parametrize("value", ["2024-13-45", "9" * 5000, "!!python/object/apply:os.system [x]", "!Foo {a: 1}", "0x", ".inf", "2024-01-01T25:61:61Z"])
def test_odd_values_are_text_and_are_never_built(value: str) -> None:
    found = manifest("docker-compose.yml", f"services:\n  web:\n    scale: {value}\n    command: gunicorn a:b\n")
    assert (found.processes[0].program, found.workloads[0].replicas) == ("gunicorn", None)


def test_escape_sequences_stay_data() -> None:
    (found,) = manifest("Procfile", "web: gunicorn \x1b[31m'::error::x' a:b\n").processes
    assert found.program == "gunicorn"


@given(st.sampled_from(PATHS), st.binary(max_size=300))
def test_no_bytes_break_a_reader(path: str, data: bytes) -> None:
    found = reading(path, data)[1]
    assert bool(found.facts) != bool(found.unchecked)
    assert all("reader failed" not in entry.reason for entry in found.unchecked)


structured = st.recursive(
    st.sampled_from(["web", "1", "30s", "null", "~", "true", "$X", "gunicorn a:b", "[x]"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from("services web command environment healthcheck deploy replicas build ports env_file spec template containers env name metadata kind "
                            "annotations functions events provider Resources Type Properties Events httpGet livenessProbe data items".split()),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=25,
)  # fmt: skip


@given(
    st.sampled_from(["docker-compose.yml", "serverless.yml", "render.yaml", "values.yaml", "app.json", "vercel.json", "zappa_settings.json"]),
    structured,
    st.booleans(),
)
def test_no_shape_of_a_manifest_breaks_its_reader(path: str, content: object, kubernetes: bool) -> None:
    text = msgspec.json.encode(content).decode()
    if kubernetes:
        path, text = "k8s.yaml", f"apiVersion: v1\nkind: Deployment\nspec: {text}\nmetadata: {text}\n"
    found = reading(path, text)[1]
    assert not found.unchecked, found.unchecked
    assert isinstance(msgspec.msgpack.decode(found.facts, type=Manifest), Manifest)
