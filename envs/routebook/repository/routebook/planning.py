"""Tasks that depend on each other: order, earliest starts, critical path."""

from collections.abc import Mapping, Sequence

Needs = Mapping[str, Sequence[str]]


class Circular(ValueError):
    """Tasks that wait for each other."""


def all_tasks(needs: Needs) -> list[str]:
    """Every task that is named, sorted."""
    names = set(needs)
    for required in needs.values():
        names.update(required)
    return sorted(names)


def topological_order(needs: Needs) -> list[str]:
    """Tasks in an order in which each comes after what it needs."""
    waiting = all_tasks(needs)
    order: list[str] = []
    while waiting:
        ready = [task for task in waiting if is_ready(task, needs, order)]
        if not ready:
            raise Circular(f"these wait for each other: {', '.join(waiting)}")
        order.append(ready[0])
        waiting.remove(ready[0])
    return order


def is_ready(task: str, needs: Needs, done: Sequence[str]) -> bool:
    """True where everything that a task needs is done."""
    return all(required in done for required in needs.get(task, ()))


def stages(needs: Needs) -> list[list[str]]:
    """Tasks in stages; those of one stage can be done at the same time."""
    done: list[str] = []
    result = []
    total = len(topological_order(needs))
    while len(done) < total:
        left = [task for task in all_tasks(needs) if task not in done]
        stage = [task for task in left if is_ready(task, needs, done)]
        done += stage
        result.append(stage)
    return result


def schedule(needs: Needs, hours: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """The earliest start and end of each task."""
    plan: dict[str, tuple[int, int]] = {}
    for task in topological_order(needs):
        start = max((plan[required][1] for required in needs.get(task, ())), default=0)
        plan[task] = (start, start + hours.get(task, 0))
    return plan


def total_hours(needs: Needs, hours: Mapping[str, int]) -> int:
    """When the last task ends."""
    return max((end for _, end in schedule(needs, hours).values()), default=0)


def dependents(needs: Needs, task: str) -> list[str]:
    """Tasks that need a task directly, sorted."""
    return sorted(name for name, required in needs.items() if task in required)


def latest_starts(needs: Needs, hours: Mapping[str, int]) -> dict[str, int]:
    """How late each task may start without delaying the whole."""
    total = total_hours(needs, hours)
    latest: dict[str, int] = {}
    for task in reversed(topological_order(needs)):
        ends = [latest[after] for after in dependents(needs, task)]
        latest[task] = min(ends, default=total) - hours.get(task, 0)
    return latest


def slack(needs: Needs, hours: Mapping[str, int], task: str) -> int:
    """By how much a task may be late without delaying the whole."""
    start, _ = schedule(needs, hours)[task]
    return latest_starts(needs, hours)[task] - start


def critical_path(needs: Needs, hours: Mapping[str, int]) -> list[str]:
    """The tasks without slack, in their order."""
    order = topological_order(needs)
    return [task for task in order if slack(needs, hours, task) == 0]


def affected(needs: Needs, task: str) -> list[str]:
    """Everything that waits for a task, directly or not, sorted."""
    found: list[str] = []
    waiting = dependents(needs, task)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.append(name)
            waiting += dependents(needs, name)
    return sorted(found)
