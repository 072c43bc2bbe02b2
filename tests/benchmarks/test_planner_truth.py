"""The worlds of benchmarks/planner_truth.py are read whole, and the planner agrees about one of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "benchmarks"))


@pytest.mark.parametrize("seed", range(600, 606))
def test_every_table_of_a_world_is_known_whichever_way_it_is_written(seed: int) -> None:
    import planner_models
    import planner_truth
    import planner_worlds

    world = planner_worlds.made(seed)
    indexed: dict[str, dict[str, int]] = {}
    for library, models in (("django", planner_models.django_models(world)), ("sqlalchemy", planner_models.alchemy_models(world))):
        project, _ = planner_truth.read(models, [], library, {})
        tables = {name: table for name, table in project.schema.tables.items() if not name.startswith("django_")}
        wanted = {entity.table for entity in world.entities} | {many.table for entity in world.entities for many in entity.manys}
        assert set(tables) == wanted
        assert not [(name, table.unknown) for name, table in tables.items() if table.unknown], "what is not known is not judged"
        indexed[library] = {
            entity.table: sum(index.name.startswith(f"{entity.name.lower()}_k") for index in tables[entity.table].indexes) for entity in world.entities
        }
    assert indexed["django"] == indexed["sqlalchemy"] == {entity.table: sum("_k" in key.name for key in entity.keys) for entity in world.entities}


def test_the_planner_agrees_about_a_world() -> None:
    """A small sample, so that the benchmark itself stays in order; its committed result is what counts."""
    import planner_truth

    score = planner_truth.measured(600, "django", 44)["sizes told"]
    assert (score.questions >= 40, score.unseen) == (True, 0)
    assert score.reported >= 12
    assert score.wrong <= 2, "\n\n".join(map(str, score.misses))
    assert score.missed <= 2, "\n\n".join(map(str, score.misses))
