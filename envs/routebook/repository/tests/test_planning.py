import pytest

from routebook.planning import (
    Circular,
    affected,
    all_tasks,
    critical_path,
    dependents,
    is_ready,
    latest_starts,
    schedule,
    slack,
    stages,
    topological_order,
    total_hours,
)

NEEDS = {"drive": ["pack", "fuel"], "pack": ["shop"], "arrive": ["drive"]}
HOURS = {"shop": 2, "pack": 1, "fuel": 1, "drive": 5}


def test_all_tasks():
    assert all_tasks(NEEDS) == ["arrive", "drive", "fuel", "pack", "shop"]
    assert all_tasks({}) == []


def test_topological_order():
    expected = ["fuel", "shop", "pack", "drive", "arrive"]
    assert topological_order(NEEDS) == expected
    assert topological_order({"b": [], "a": []}) == ["a", "b"]
    assert topological_order({"a": ["b"]}) == ["b", "a"]


def test_circles_are_refused():
    with pytest.raises(Circular, match="wait for each other: a, b"):
        topological_order({"a": ["b"], "b": ["a"], "c": []})


def test_is_ready():
    assert is_ready("shop", NEEDS, [])
    assert not is_ready("drive", NEEDS, ["pack"])
    assert is_ready("drive", NEEDS, ["fuel", "pack"])


def test_stages():
    assert stages(NEEDS) == [["fuel", "shop"], ["pack"], ["drive"], ["arrive"]]
    assert stages({}) == []


def test_schedule():
    assert schedule(NEEDS, HOURS) == {
        "fuel": (0, 1),
        "shop": (0, 2),
        "pack": (2, 3),
        "drive": (3, 8),
        "arrive": (8, 8),
    }


def test_total_hours():
    assert total_hours(NEEDS, HOURS) == 8
    assert total_hours({}, HOURS) == 0
    assert total_hours({"a": ["b"], "c": []}, {"a": 1, "b": 2, "c": 9}) == 9


def test_dependents():
    assert dependents(NEEDS, "fuel") == ["drive"]
    assert dependents(NEEDS, "arrive") == []
    assert dependents({"z": ["a"], "b": ["a"]}, "a") == ["b", "z"]


def test_latest_starts():
    assert latest_starts(NEEDS, HOURS) == {
        "shop": 0,
        "pack": 2,
        "fuel": 2,
        "drive": 3,
        "arrive": 8,
    }


def test_slack():
    assert slack(NEEDS, HOURS, "fuel") == 2
    assert slack(NEEDS, HOURS, "pack") == 0


def test_critical_path():
    assert critical_path(NEEDS, HOURS) == ["shop", "pack", "drive", "arrive"]
    slower = {**HOURS, "fuel": 4}
    assert critical_path(NEEDS, slower) == ["fuel", "drive", "arrive"]


def test_affected():
    assert affected(NEEDS, "shop") == ["arrive", "drive", "pack"]
    assert affected(NEEDS, "arrive") == []
    assert affected({"b": ["a"], "c": ["a"], "d": ["b", "c"]}, "a") == ["b", "c", "d"]
