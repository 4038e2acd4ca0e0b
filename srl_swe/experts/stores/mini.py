"""mini-swe-agent's trajectories: version 1 (one bash block in the text) and version 2 (tool calls, several a turn).

Every command runs in a fresh shell, as ours do. Observations are put in our form (exit code first). The command that
prints the sentinel as the last one of the trajectory is the submission.
"""

__all__ = ["read_row", "recognise"]

import re
from typing import Any

from srl_swe.experts.action import Shell, Submit
from srl_swe.experts.stores.record import Message, Record, issue_in, messages_of, text_of
from srl_swe.experts.trajectory import Trajectory

SENTINELS = ("COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "MINI_SWE_AGENT_FINAL_OUTPUT")

_BLOCKS = (
    re.compile(r"```bash\s*\n(.*?)\n```", re.DOTALL),
    re.compile(r"```mswea_bash_command\s*\n(.*?)\n```", re.DOTALL),
    re.compile(r"<bash_code>(.*?)</bash_code>", re.DOTALL),
    re.compile(r"<mswea_bash_command>(.*?)</mswea_bash_command>", re.DOTALL),
)
_RETURNED = re.compile(r"<returncode>\s*(-?\d+)\s*</returncode>\s*")
_OUTPUT = re.compile(r"<output>\n?(.*?)\n?</output>\s*\Z", re.DOTALL)
_EXCEPTION = re.compile(r"<exception>\s*(.*?)\s*</exception>", re.DOTALL)
_ELIDED = re.compile(
    r"<output_head>\n?(.*?)</output_head>\s*<elided_chars>\s*(\d+).*?</elided_chars>\s*<output_tail>(.*?)\n?</output_tail>",
    re.DOTALL,
)
_NOT_EXECUTED = "a turn without exactly one action, not executed"


def recognise(row: dict[str, Any]) -> str | None:
    """ "mini-swe-agent 1" or "mini-swe-agent 2", or None when the row is neither."""
    try:
        messages = messages_of(row)
    except ValueError:
        return None
    if any("actions" in _extra(message) for message in messages):
        return "mini-swe-agent 2"
    if str(row.get("trajectory_format") or "").startswith("mini-swe-agent-"):
        return "mini-swe-agent 1"
    replies = [text_of(message) for message in messages if message.get("role") == "assistant"]
    # Thoughts of other stores quote commands in such blocks too, beside the call that counts
    blocks = [text for text in replies if "<function=" not in text and any(p.search(text) for p in _BLOCKS)]
    return "mini-swe-agent 1" if len(blocks) * 2 > len(replies) else None


def read_row(row: dict[str, Any], version: str) -> tuple[Trajectory, Record]:
    """The trajectory of a row, and the record of how it was read. Raises ValueError."""
    messages = messages_of(row)
    record = Record()
    turns = _turns_1(messages, record) if version == "mini-swe-agent 1" else _turns_2(messages, record)
    for number, (thought, command, observation) in enumerate(turns):
        submits = number == len(turns) - 1 and any(sentinel in command for sentinel in SENTINELS)
        record.add(Submit() if submits else Shell(command), "" if submits else observation, thought, command)
    info = row.get("info") or {}
    resolved = row.get("resolved", row.get("verified"))
    trajectory = record.finish(
        row, version.replace(" ", "/"), issue_in(messages),
        patch=str(info.get("submission") or "").replace("\r\n", "\n"),
        exit_status=str(info.get("exit_status") or ""),
        resolved=None if resolved is None else bool(resolved),
    )  # fmt: skip
    return trajectory, record


Turn = tuple[str, str, str]  # thought, command, observation


def _turns_1(messages: list[Message], record: Record) -> list[Turn]:
    turns: list[Turn] = []
    replies = [text_of(message) for message in messages if message.get("role") == "assistant"]
    pattern = max(_BLOCKS, key=lambda block: sum(block.search(reply) is not None for reply in replies))
    for number, message in enumerate(messages):
        if message.get("role") != "assistant":
            continue
        text = text_of(message)
        found = list(pattern.finditer(text))
        if len(found) != 1:
            record.refused[_NOT_EXECUTED] += 1
            continue
        block = found[0]
        following = messages[number + 1 : number + 2]
        observation = _shown(text_of(following[0])) if following and following[0].get("role") != "assistant" else ""
        thought = f"{text[: block.start()]}{text[block.end() :]}".strip().removeprefix("THOUGHT:")
        turns.append((thought, block.group(1).strip(), observation))
    return turns


def _turns_2(messages: list[Message], record: Record) -> list[Turn]:
    turns: list[Turn] = []
    for number, message in enumerate(messages):
        extra = _extra(message)
        if extra.get("interrupt_type") == "FormatError":
            record.refused[_NOT_EXECUTED] += 1
        actions = extra.get("actions")
        if not isinstance(actions, list):
            continue
        results = _results(messages[number + 1 :])
        for place, action in enumerate(actions):
            command = action.get("command") if isinstance(action, dict) else None
            if not isinstance(command, str):
                record.refused["an action without a command"] += 1
                continue
            result = next((m for m in results if m.get("tool_call_id") == action.get("tool_call_id")), None)
            if result is None and place < len(results) and not results[place].get("tool_call_id"):
                result = results[place]
            last = number + len(actions) >= len(messages) - 2
            if result is None and not last and not any(sentinel in command for sentinel in SENTINELS):
                record.refused["an action without an observation, not executed"] += 1
                continue
            thought = _thought(message) if place == 0 else ""
            turns.append((thought, command, _shown(text_of(result), _extra(result)) if result else ""))
            if result is None and any(sentinel in command for sentinel in SENTINELS):
                break  # what stood after the submission in the same turn was never run
    return turns


def _thought(message: Message) -> str:
    reasoning = message.get("reasoning_content")
    return text_of(message) or (reasoning if isinstance(reasoning, str) else "")


def _results(following: list[Message]) -> list[Message]:
    """The observations of one turn: what stands before the next reply."""
    results: list[Message] = []
    for message in following:
        if message.get("role") == "assistant" or "actions" in _extra(message):
            break
        if message.get("role") in ("tool", "user") and not _extra(message).get("interrupt_type"):
            results.append(message)
    return results


def _extra(message: Message) -> dict[str, Any]:
    extra = message.get("extra")
    return extra if isinstance(extra, dict) else {}


def _shown(text: str, extra: dict[str, Any] | None = None) -> str:
    """An observation in our form: the exit code, then the output."""
    text = text.replace("\r\n", "\n")
    code = _RETURNED.search(text)
    if code is None:
        return text
    raised = _EXCEPTION.search(text)
    exception = raised.group(1) if raised else str((extra or {}).get("exception_info") or "").strip()
    elided, output = _ELIDED.search(text), _OUTPUT.search(text)
    if elided:
        shown = f"{elided.group(1)}\n({elided.group(2)} characters left out)\n{elided.group(3)}"
    else:
        shown = output.group(1) if output else text[code.end() :]
    return "\n".join(part for part in (f"exit code {code.group(1)}", exception, shown.rstrip("\n")) if part)
