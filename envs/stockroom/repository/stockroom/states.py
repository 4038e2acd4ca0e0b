"""The state machine of an order."""

DRAFT = "draft"
CONFIRMED = "confirmed"
PACKED = "packed"
SHIPPED = "shipped"
DELIVERED = "delivered"
CANCELLED = "cancelled"
RETURNED = "returned"

NEXT = {
    DRAFT: (CONFIRMED, CANCELLED),
    CONFIRMED: (PACKED, SHIPPED, CANCELLED),
    PACKED: (SHIPPED, CANCELLED),
    SHIPPED: (DELIVERED,),
    DELIVERED: (RETURNED,),
    CANCELLED: (),
    RETURNED: (),
}


class BadTransition(ValueError):
    """A step that the state machine does not have."""


def can_go(state: str, target: str) -> bool:
    """True where one step leads from a state to another."""
    return target in NEXT[state]


def check(state: str, target: str) -> str:
    """The target, where one step leads there."""
    if target not in NEXT:
        raise BadTransition(f"no state {target!r}")
    if not can_go(state, target):
        raise BadTransition(f"an order that is {state} cannot become {target}")
    return target


def is_final(state: str) -> bool:
    """True where no step leads further."""
    return len(NEXT[state]) == 0


def is_open(state: str) -> bool:
    """True where the order still has to be sent or dropped."""
    return can_go(state, CANCELLED)


def holds_stock(state: str) -> bool:
    """True where pieces on the shelf are promised to the order."""
    return state in (CONFIRMED, PACKED)


def reachable(state: str) -> list[str]:
    """Every state that some steps lead to, nearest first."""
    found: list[str] = []
    waiting = list(NEXT[state])
    while waiting:
        candidate = waiting.pop(0)
        if candidate not in found:
            found.append(candidate)
            waiting.extend(NEXT[candidate])
    return found


def steps_between(state: str, target: str) -> int | None:
    """The least number of steps from a state to another; None if there is no way."""
    level = [state]
    seen = {state}
    steps = 0
    while level:
        if target in level:
            return steps
        following = [each for item in level for each in NEXT[item]]
        level = [item for item in following if item not in seen]
        seen.update(level)
        steps += 1
    return None
