"""MySQL's declarations, and what MySQL indexes by itself (Reference Manual, CREATE TABLE, foreign key constraints)."""

from __future__ import annotations

from backend_lint.facts.schema import Dialect, Implicit, Table
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.ddl import changes


def tables(*texts: str) -> dict[str, Table]:
    catalog = Catalog(Dialect.MYSQL)
    for text in texts:
        found, missed = changes(text, Dialect.MYSQL)
        assert missed == ()
        catalog.apply_all(found)
    assert catalog.missed == []
    return catalog.tables


def indexes(table: Table) -> dict[str, str]:
    return {index.name: ", ".join(key.column or key.expression for key in index.keys) for index in table.indexes}


def test_dump_of_mysqldump() -> None:
    found = tables(
        """
-- MySQL dump 10.13
/*!40101 SET @saved_cs_client = @@character_set_client */;
DROP TABLE IF EXISTS `order`;
CREATE TABLE `order` (
  `id` int(11) unsigned NOT NULL AUTO_INCREMENT COMMENT 'it''s; the key',
  `user_id` bigint(20) DEFAULT NULL,
  `state` enum('new','paid') CHARACTER SET utf8 COLLATE utf8_bin NOT NULL DEFAULT 'new',
  `paid` tinyint(1) NOT NULL DEFAULT '0',
  `note` text COLLATE utf8mb4_unicode_ci,
  `created` datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  `total` decimal(10,2) GENERATED ALWAYS AS (`id` * 2) VIRTUAL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uk` (`user_id`,`state`) USING BTREE,
  KEY `note_idx` (`note`(20)) /*!80000 INVISIBLE */,
  KEY `both` (`state`,`created` DESC),
  FULLTEXT KEY `ft` (`note`),
  CONSTRAINT `order_ibfk_1` FOREIGN KEY (`user_id`) REFERENCES `user` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8mb4 COMMENT='a; b'
/*!50100 PARTITION BY HASH (id) PARTITIONS 4 */;
/*!40000 ALTER TABLE `order` DISABLE KEYS */;
INSERT INTO `order` VALUES (1,2,'new',0,'it\\'s; x','2020-01-01',4);
"""
    )
    (table,) = found.values()
    assert indexes(table) == {"PRIMARY": "id", "uk": "user_id, state", "note_idx": "note", "both": "state, created", "ft": "note"}
    assert [(column.name, column.type, column.nullable, column.auto, column.closed) for column in table.columns] == [
        ("id", "integer unsigned", False, True, False),
        ("user_id", "bigint", True, False, False),
        ("state", "enum('new','paid')", False, False, True),
        ("paid", "boolean", False, False, True),
        ("note", "text", True, False, False),
        ("created", "datetime(6)", False, False, False),
        ("total", "numeric(10,2)", True, False, False),
    ]
    lengths = {index.name: [key.length for key in index.keys] for index in table.indexes}
    assert lengths["note_idx"] == [20] and {index.name: index.method for index in table.indexes}["ft"] == "fulltext"
    assert [key.descending for index in table.indexes if index.name == "both" for key in index.keys] == [False, True]
    assert table.column("total").generated and not table.seeded  # type: ignore[union-attr]


def test_references_are_indexed_unless_an_index_begins_with_their_columns() -> None:
    found = tables(
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int, c int, KEY ab (a, b), FOREIGN KEY (a) REFERENCES o (id), FOREIGN KEY (b) REFERENCES o (id),"
        " CONSTRAINT named FOREIGN KEY (c) REFERENCES o (id))"
    )
    table = found["t"]
    assert indexes(table) == {"PRIMARY": "id", "ab": "a, b", "b": "b", "named": "c"}
    assert [index.name for index in table.indexes if index.implicit is Implicit.FOREIGN_KEY] == ["b", "named"]
    assert [key.name for key in table.foreign_keys] == ["t_ibfk_1", "t_ibfk_2", "named"]


def test_the_index_of_a_reference_goes_when_a_better_one_comes() -> None:
    found = tables("CREATE TABLE t (a int, b int, FOREIGN KEY (a) REFERENCES o (id)); CREATE INDEX ab ON t (a, b);")
    assert indexes(found["t"]) == {"ab": "a, b"}


def test_the_index_stays_when_the_reference_goes() -> None:
    found = tables("CREATE TABLE t (a int, CONSTRAINT fk FOREIGN KEY (a) REFERENCES o (id)); ALTER TABLE t DROP FOREIGN KEY fk;")
    assert indexes(found["t"]) == {"fk": "a"} and found["t"].foreign_keys == ()


def test_references_of_columns_are_read_and_ignored() -> None:
    table = tables("CREATE TABLE t (a int REFERENCES o (id))")["t"]
    assert indexes(table) == {} and [key.enforced for key in table.foreign_keys] == [False]


def test_a_dropped_column_leaves_its_indexes() -> None:
    found = tables("CREATE TABLE t (a int, b int, c int, KEY i (a, b), KEY j (a), PRIMARY KEY (a, c)); ALTER TABLE t DROP COLUMN a;")
    assert indexes(found["t"]) == {"i": "b", "PRIMARY": "c"} and found["t"].primary_key == ("c",)


def test_names_that_nobody_chose() -> None:
    found = tables("CREATE TABLE t (a int, b int, KEY (a), KEY (a, b), UNIQUE (a)); ALTER TABLE t ADD INDEX (b), ADD INDEX ((a + b));")
    assert indexes(found["t"]) == {"a": "a", "a_2": "a, b", "a_3": "a", "b": "b", "functional_index": "a + b"}


def test_actions_of_alter_table() -> None:
    found = tables(
        "CREATE TABLE t (id int, a varchar(10) NOT NULL DEFAULT 'x', b int, c int)",
        "ALTER TABLE t ADD PRIMARY KEY (id), ADD COLUMN (d int, e int), ADD UNIQUE KEY uk (b), MODIFY COLUMN a text, CHANGE b bee bigint NOT NULL AFTER id;",
        "ALTER TABLE t RENAME INDEX uk TO uk2, DROP COLUMN e, ALTER COLUMN d SET DEFAULT 5, ENGINE=InnoDB, AUTO_INCREMENT=3 COMMENT 'x', ADD f json FIRST;",
        "ALTER TABLE t CHANGE COLUMN `c` `c` timestamp NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP COMMENT 'x, y';",
        "CREATE UNIQUE INDEX uk3 ON t (c) USING BTREE COMMENT 'a;b' ALGORITHM=INPLACE LOCK=NONE; DROP INDEX uk2 ON t;",
        "ALTER TABLE t RENAME things; RENAME TABLE things TO t2;",
    )
    table = found["t2"]
    assert indexes(table) == {"PRIMARY": "id", "uk3": "c"}
    assert {column.name: (column.type, column.nullable, column.default) for column in table.columns} == {
        "id": ("integer", False, None),
        "a": ("text", True, None),
        "bee": ("bigint", False, None),
        "c": ("timestamp", True, None),
        "d": ("integer", True, "5"),
        "f": ("json", True, None),
    }


def test_names_in_any_case() -> None:
    found = tables("CREATE TABLE Users (Id int, KEY ix (ID)); ALTER TABLE users ADD COLUMN Name text, DROP COLUMN ID;")
    assert [column.name for column in found["Users"].columns] == ["Name"] and found["Users"].indexes == ()


def test_tables_like_others_keep_the_names() -> None:
    found = tables("CREATE TABLE a (id int PRIMARY KEY, b int, KEY ix (b)); CREATE TABLE c LIKE a; CREATE TABLE d (LIKE a);")
    assert indexes(found["c"]) == indexes(found["d"]) == {"PRIMARY": "id", "ix": "b"}


def test_routines_between_delimiters() -> None:
    routines = "CREATE PROCEDURE p() BEGIN DELETE FROM t; END//\nCREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1//"
    found = tables(f"DELIMITER //\n{routines}\nDELIMITER ;\nCREATE TABLE t (a int);")
    assert list(found) == ["t"]
