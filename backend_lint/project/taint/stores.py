"""Stores other than SQL whose queries are put together from values: MongoDB, DynamoDB, LDAP directories, XML documents. Data, with one look-up each.

Sources: the reference documentation of PyMongo, boto3, python-ldap, ldap3 and lxml.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from backend_lint.project.taint.library import Danger, Sink

_FILTERED = Sink(Danger.NOSQL, 0, ("filter",))
_METHODS_OF_MONGO = (
    "find find_one find_one_and_update find_one_and_delete find_one_and_replace update_one update_many replace_one delete_one delete_many count_documents"
)
_MONGO = dict.fromkeys(_METHODS_OF_MONGO.split(), _FILTERED)
_BY_PACKAGE: dict[str, Mapping[str, Sink]] = {
    **dict.fromkeys(("pymongo", "motor", "flask_pymongo"), _MONGO),
    "boto3": {
        "scan": Sink(Danger.NOSQL, -2, ("ScanFilter", "FilterExpression"), whole=True),
        "query": Sink(Danger.NOSQL, -2, ("QueryFilter", "KeyConditions", "FilterExpression", "KeyConditionExpression"), whole=True),
    },
    "ldap": {name: Sink(Danger.LDAP, 2, ("filterstr",), markup=True) for name in ("search_s", "search_ext_s", "search_st", "search_ext", "search")},
    "ldap3": {"search": Sink(Danger.LDAP, 1, ("search_filter",), markup=True)},
    "lxml": {"xpath": Sink(Danger.XPATH, 0, ("_path",), markup=True)},
}


def store_sinks(packages: Collection[str]) -> dict[str, Sink]:
    """The dangerous methods of the stores whose packages a project imports."""
    return {name: sink for package, sinks in _BY_PACKAGE.items() if package in packages for name, sink in sinks.items()}
