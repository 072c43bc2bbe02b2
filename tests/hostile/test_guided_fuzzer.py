"""The fuzzer that is led by coverage, without its engine: what it hands in is taken, and what it finds is told apart and made small."""

from __future__ import annotations

import pytest
from benchmark_modules import benchmark

guided = benchmark("guided")
TARGETS = guided.TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_takes_its_own_seeds(name: str) -> None:
    inputs = TARGETS[name].inputs()
    assert {data[0] for data in inputs} <= set(range(len(TARGETS[name].names)))
    assert len(inputs) >= 2
    for data in inputs[:: max(1, len(inputs) // 60)]:
        assert guided.cause(TARGETS[name], data, 20.0) == ""


def _target(check: object) -> object:
    return TARGETS["python"]._replace(names=("a.py",), check=check)


def test_a_failure_is_named_by_its_kind_and_place() -> None:
    def broken(name: str, data: bytes) -> None:
        if b"}{" in data:
            raise KeyError("x")

    assert guided.cause(_target(broken), b"\0{}") == ""
    assert guided.cause(_target(broken), b"\0a}{b").startswith("KeyError at ")


def test_what_takes_too_long_is_a_failure_whoever_catches_errors() -> None:
    def endless(name: str, data: bytes) -> None:
        try:
            while True:
                len(data)
        except Exception:
            return

    assert guided.cause(_target(endless), b"\0x", 0.2) == "more than 2 s"


def test_a_failing_input_is_made_as_small_as_it_goes() -> None:
    data = b"\3" + b"some words " * 90 + b"}{" + b" and more" * 70
    assert guided.smallest(data, lambda one: b"}{" in one[1:]) == b"\3}{"
