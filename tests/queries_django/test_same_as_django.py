"""A query read from Python is the one that the real Django sends to PostgreSQL: the same tables and joins, conditions, order, limit."""

from __future__ import annotations

import pytest
from queries_django.shapes import shape
from queries_django.shop_project import asked, questions, sent, written

NOTHING_IS_ASKED = {"Book.objects.none()"}
NOT_UNDERSTOOD = {
    # an interval is a value to us
    'Book.objects.filter(updated__lt=F("created") + timedelta(days=1))',
    # the pattern is put together from a column
    'Book.objects.filter(title__startswith=F("slug"))',
}
"""Questions whose query we read in another way, and why that does no harm."""


def test_enough_is_asked() -> None:
    assert len(set(written())) == len(written()) >= 420


def test_reads_what_django_sends_for_questions_put_together_at_random() -> None:
    """What differs is shown as ours and Django's."""
    different = []
    for question in questions()[len(written()) :]:
        answer = sent()[question]
        ours = [shape(site.query) for site in asked()[question]]
        theirs = shape(answer.query) if answer.query is not None else {}
        if ours != [theirs]:
            different.append((question, answer.sql, [(key, one[key], theirs.get(key)) for one in ours for key in one if one[key] != theirs.get(key)]))
    assert not different, f"{len(different)} differ: {different[:3]}"


@pytest.mark.parametrize("question", written())
def test_reads_what_django_sends(question: str) -> None:
    """What differs is shown as ours and Django's."""
    answer = sent()[question]
    sites = asked()[question]
    if question in NOTHING_IS_ASKED:
        assert not answer.sql
        assert not sites
        return
    assert len(sites) == 1, [site.query for site in sites]
    assert answer.query is not None, answer.sql
    ours, theirs = shape(sites[0].query), shape(answer.query)
    if question in NOT_UNDERSTOOD:
        assert {**ours, "where": ""} == {**theirs, "where": ""}
        return
    assert ours == theirs, answer.sql
    assert not sites[0].query.unknown
