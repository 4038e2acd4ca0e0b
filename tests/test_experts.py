"""Experts: the action grammar, what actions do, stores read in, the scripted expert, lessons."""

import json
import random
import re
import shlex
import sys
from collections import Counter
from itertools import pairwise

import pytest

from srl_swe.bundled import bundled
from srl_swe.errors import FormatError, InputError, TaskError
from srl_swe.experts.action import Create, Edit, Search, Shell, Submit, View, parse, parse_reply, render, render_reply
from srl_swe.experts.editor import MAX_FILE, MAX_SHOWN, edited, found, listed, perform, viewed
from srl_swe.experts.lessons import chat_rows, lessons, prompt_of, prompt_text, split_by_trajectory
from srl_swe.experts.read import ImportReport, import_trajectories, read_stores
from srl_swe.experts.scripted import play, play_all, play_expert, python_command, script, smallest_edit
from srl_swe.experts.trajectory import Step, Trajectory, read_trajectories, write_trajectories
from srl_swe.sandbox.open import choose_tier, open_sandbox
from srl_swe.sandbox.sandbox import Root
from srl_swe.tasks.checkout import checkout
from srl_swe.tasks.disk import read_tasks
from srl_swe.tasks.patch import apply_patch, diff_trees
from srl_swe.tasks.repository import load_repository, repositories
from srl_swe.tasks.task import Task

# --- the grammar ---


def test_every_rendered_action_is_read_back():
    dice = random.Random(1)
    pieces = [
        "a",
        " ",
        "\n",
        "<",
        ">",
        "</parameter>",
        "<parameter=path>",
        "</think>",
        "é",
        "\t",
        "=",
        "function",
        "\r",
    ]

    def text() -> str:
        return "".join(dice.choices(pieces, k=dice.randrange(8)))

    refused = 0
    for _ in range(3000):
        action = dice.choice(
            [Shell(text()), View(text(), dice.choice([None, 3]), dice.choice([None, 9])), Search(text(), text()),
             Edit(text(), text(), text()), Create(text(), text()), Submit()]
        )  # fmt: skip
        try:
            rendered = render(action)
        except FormatError:
            refused += 1
            continue
        assert parse(rendered) == action
        assert parse_reply(render_reply(action, "t")).action == action
    assert refused < 300


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ls", "exactly one"),
        ("<function=shel>\n<parameter=command>\nls\n</parameter>\n</function>", "did you mean 'shell'"),
        ("<function=shell>\n<parameter=cmd>\nls\n</parameter>\n</function>", "no parameter 'cmd'"),
        ("<function=shell>\n</function>", "lacks a parameter"),
        ("<function=shell>\nls\n</function>", "not well-formed"),
        ("<function=shell>\n" + "<parameter=command>\nls\n</parameter>\n" * 2 + "</function>", "stands twice"),
        (render(View("a", 1)).replace("\n1\n", "\n-1\n"), "line number"),
        (render(Shell("ls")) + "\n" + render(Shell("pwd")), "more than one action"),
    ],
)  # fmt: skip
def test_the_parser_says_what_is_wrong(text, says):
    with pytest.raises(FormatError, match=says):
        parse(text)


# --- what actions do ---


def test_a_view_without_an_end_shows_a_window_and_says_where_it_is():
    text = "".join(f"line {n}\n" for n in range(1, 101))
    shown = viewed("a.txt", text, 61, None).split("\n")
    assert shown[0] == "a.txt, lines 61-100 of 100" and shown[1] == "61\tline 61" and len(shown) == 41
    assert "beyond its end" in viewed("a.txt", text, 101, None)
    assert "no range" in viewed("a.txt", text, 5, 4)
    assert len(viewed("a.txt", "x" * 100_000, None, None)) < MAX_SHOWN + 100


def test_an_edit_needs_its_old_text_exactly_once():
    assert edited("a", "x = 1\ny = 1\n", "1", "2")[1] is None
    assert edited("a", "x = 1\n", "", "2")[1] is None
    assert edited("a", "x = 1\n", "x = 1", "x = 1")[1] is None
    assert edited("a", "x = 1\ny = 1\n", "y = 1", "y = 2") == ("edited a\n2\ty = 2", "x = 1\ny = 2\n")


def test_search_results_are_sorted_and_bounded():
    hits = [(f"f{n:02}.py", 1, " x ") for n in reversed(range(30))]
    lines = found("x", ".", hits).split("\n")
    assert lines[0] == "f00.py:1: x" and lines[-1].startswith("(10 more") and len(lines) == 21


@pytest.fixture(scope="module")
def tier():
    return choose_tier("auto")


def test_what_an_agent_does_wrong_is_an_observation_and_never_an_error(tier):
    files = {"a.py": b"x = 1\n", "d/b.txt": b"hello\n", "big": b"once" + b"x" * MAX_FILE, "data": bytes(range(256))}
    mistakes = [
        View("nope"), View("../a"), View("/etc/passwd"), View("a\0b"), View("x" * 5000), View("a.py", 9),
        Edit("nope", "a", "b"), Edit("d", "a", "b"), Edit("data", "a", "b"), Edit("big", "once", "y"),
        Edit("../a", "x", "y"),
        Create("a.py/b", "t"), Create("d", "t"), Create(".", "t"), Create("/etc/x", "t"), Create("x" * 300, "t"),
        Search("a\nb"), Search(""), Search("x", "../"), Create("nul\0", "x"),
    ]  # fmt: skip
    with open_sandbox(tier, Root(), files) as sandbox:
        for action in mistakes:
            assert perform(action, sandbox).startswith("error: "), action
        perform(Create("odd", "\udc80"), sandbox)
        assert {path: text for path, text in sandbox.tree().items() if path != "odd"} == files
        assert perform(Search("hello", "d"), sandbox) == "d/b.txt:1: hello"
        assert perform(Search("hello", "d/b.txt"), sandbox) == "d/b.txt:1: hello"
        assert perform(View("d"), sandbox) == listed("d", ["d/b.txt"])
        assert perform(Shell("echo hi; exit 3"), sandbox) == "exit code 3\nhi"
        assert perform(Edit("a.py", "x = 1", "x = 2"), sandbox) == "edited a.py\n1\tx = 2"
        assert sandbox.read("a.py") == b"x = 2\n"


# --- trajectories on disk ---

STEPS = (
    Step(Shell("ls"), "exit code 0\na.py", "look"), Step(View("a.py"), "1\tx"), Step(Edit("a.py", "x", "y"), "edited"),
    Step(Submit(), ""),
)  # fmt: skip


def trajectory(name="t1", task="task-1", steps=STEPS, resolved=True):
    return Trajectory(name, task, "test", f"Issue of {task}", steps, "patch", "submitted", resolved)


def test_a_trajectory_is_read_back_as_it_was(tmp_path):
    written = [trajectory(), trajectory("t2", steps=(Step(Create("ü", "</think>\n"), "\r\u2028"),), resolved=None)]
    assert write_trajectories(tmp_path / "t.jsonl", written) == 2
    assert list(read_trajectories(tmp_path / "t.jsonl")) == written


def test_a_truncated_trajectory_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "t.jsonl"
    write_trajectories(path, [trajectory("a"), trajectory("b")])
    path.write_text(path.read_text()[:-40])
    rows = read_trajectories(path)
    assert next(rows).id == "a"
    with pytest.raises(InputError, match=r"t\.jsonl:2: .* cut off"):
        next(rows)


# --- lessons ---


def test_n_steps_give_n_minus_one_lessons_and_an_early_submission_is_never_one():
    taught = lessons([trajectory()])
    assert [type(lesson.action) for lesson in taught] == [Shell, View, Edit]
    without_submit = trajectory(steps=STEPS[:3])
    assert [type(lesson.action) for lesson in lessons([without_submit])] == [Shell, View]
    twice = trajectory(steps=(*STEPS, Step(Shell("rm x"), ""), STEPS[-1]))
    counts = Counter()
    assert [type(lesson.action) for lesson in lessons([twice], left_out=counts)] == [Shell, View, Edit, Shell]
    assert counts == {"submission before the end": 1, "last step of its trajectory": 1}
    assert len(lessons([without_submit], keep_last=True)) == 3


def test_a_last_submission_is_taught_only_where_all_steps_are_kept():
    assert Submit not in [type(lesson.action) for lesson in lessons([trajectory()])]
    taught = lessons([trajectory(steps=(*STEPS, Step(Shell("rm x"), ""), STEPS[-1]))], keep_last=True)
    assert [type(lesson.action) for lesson in taught] == [Shell, View, Edit, Shell, Submit]


def test_a_prompt_is_the_issue_and_the_rounds_before_without_thoughts():
    turns = prompt_of(lessons([trajectory()])[2])
    assert [turn.role for turn in turns] == ["user", "assistant", "user", "assistant", "user"]
    assert turns[0].text == "Issue of task-1"
    assert turns[1].text == f"<think></think>\n{render(Shell('ls'))}"
    assert turns[2].text == STEPS[0].observation
    assert "look" not in prompt_text(lessons([trajectory()])[2])


def test_a_window_of_rounds_and_a_budget_that_moves_in_blocks():
    steps = tuple(Step(Shell(f"echo {n}"), "x" * 100) for n in range(30))
    long = trajectory(steps=steps)
    assert [lesson.first for lesson in lessons([long], context_rounds=2)] == [max(0, k - 2) for k in range(29)]
    starts = [lesson.first for lesson in lessons([long], length_budget=2000, block=4)]
    assert starts[0] == 0 and starts == sorted(starts) and len(set(starts)) <= 7
    assert {b - a for a, b in pairwise(starts)} == {0, 4}
    for lesson in lessons([long], length_budget=2000, block=4):
        assert sum(len(turn.text) for turn in prompt_of(lesson)) <= 2000
    counts = Counter()
    assert lessons([long], length_budget=5, left_out=counts) == []
    assert counts["issue is longer than the budget"] == 29


def test_filters_count_what_they_leave_out():
    counts = Counter()
    rows = [trajectory("a"), trajectory("b", resolved=False), trajectory("c", resolved=None)]
    assert len(lessons(rows, resolved_only=True, left_out=counts)) == 3
    assert counts["trajectory is not known to be resolved"] == 2
    assert lessons(rows, max_steps=3) == []
    assert all(len(lesson.target) <= 60 for lesson in lessons(rows, max_action_chars=60))


def test_validation_shares_no_task_with_training():
    rows = [trajectory(f"t{n}", f"task-{n // 2}") for n in range(20)]
    train, held = split_by_trajectory(rows, 5, seed=1)
    assert len(held) == 6 and len(train) == 14
    assert not {row.task for row in train} & {row.task for row in held}
    assert split_by_trajectory(rows, 5, seed=1) == (train, held)
    assert split_by_trajectory(rows, 0)[1] == []
    with pytest.raises(InputError, match="leaves none"):
        split_by_trajectory(rows, 20)


def test_chat_rows_hold_the_prompt_the_reply_and_the_experts_action():
    row = list(chat_rows(lessons([trajectory()])))[1]
    assert [turn["role"] for turn in row["prompt"]] == ["user", "assistant", "user"]
    assert parse_reply(row["completion"][0]["content"]).action == parse(row["expert"]) == STEPS[1].action


# --- stores ---

EDITOR = "str_replace_editor"
CALLS = [
    ("I look.", "bash", {"command": "cd /testbed && ls\necho 'a'"}, "a.py\r\n"),
    ("", EDITOR, {"command": "view", "path": "/testbed"}, "a.py"),
    ("Read.", EDITOR, {"command": "view", "path": "/testbed/a.py", "view_range": [1, 20]}, "1\tx"),
    ("Rest.", EDITOR, {"command": "view", "path": "/testbed/a.py", "view_range": [5, -1]}, "5\tx"),
    ("New.", EDITOR, {"command": "create", "path": "/testbed/r.py", "file_text": "print('x')\nif 1:\n    2\n"}, ""),
    ("Fix.", EDITOR, {"command": "str_replace", "path": "/testbed/a.py", "old_str": "  x\n", "new_str": "  y\n"}, ""),
    ("Cut.", EDITOR, {"command": "str_replace", "path": "/testbed/a.py", "old_str": "q"}, "ok"),
    ("Add.", EDITOR, {"command": "insert", "path": "/testbed/a.py", "insert_line": 3, "new_str": "z"}, "ok"),
    ("Done.", "submit", {}, "Please review.\r\n<diff>\r\n</diff>"),
    ("Clean.", "bash", {"command": "rm r.py"}, "Your command ran successfully and did not produce any output."),
    ("Done.", "submit", {}, None),
]  # fmt: skip
EXPECTED = [
    Shell("cd /testbed && ls\necho 'a'"), View("."), View("a.py", 1, 20), View("a.py", 5),
    Create("r.py", "print('x')\nif 1:\n    2\n"), Edit("a.py", "  x\n", "  y\n"), Edit("a.py", "q", ""),
    Shell("str_replace_editor insert /testbed/a.py --insert_line 3 --new_str z"), Submit(), Shell("rm r.py"), Submit(),
]  # fmt: skip
WRAPPED = {"old_str", "new_str", "file_text"}


def as_xml(name, arguments):
    values = {key: f"\n{value}\n" if key in WRAPPED else value for key, value in arguments.items()}
    parameters = "".join(f"<parameter={key}>{value}</parameter>\n" for key, value in values.items())
    return f"<function={name}>\n{parameters}</function>"


def as_ticks(name, arguments):
    if name == "bash":
        return arguments["command"]
    words = [name, arguments.get("command", ""), arguments.get("path", "")]
    for key, value in arguments.items():
        if key == "view_range":
            words.append(f"--view_range {value[0]} {value[1]}")
        elif key not in ("command", "path"):
            words.append(f"--{key} {shlex.quote(str(value))}")
    return " ".join(word for word in words if word)


def swe_smith_row(rendering, calls=CALLS, **columns):
    issue = (
        "<uploaded_files>\n/testbed</uploaded_files>\n<pr_description>\nIt breaks.\r\nBadly.\n</pr_description>\nDo it."
    )
    messages = [{"role": "system", "content": "You are…"}, {"role": "user", "content": issue}]
    for number, (thought, name, arguments, seen) in enumerate(calls):
        if rendering == "tool":
            call = {
                "id": f"c{number}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            messages.append({"role": "assistant", "content": thought, "tool_calls": [call]})
            content = [{"type": "text", "text": f"OBSERVATION:\n{seen}"}]
            observation = {"role": "tool", "tool_call_ids": [f"c{number}"], "content": content}
        else:
            text = as_xml(name, arguments) if rendering == "xml" else f"```\n{as_ticks(name, arguments)}\n```"
            messages.append({"role": "assistant", "content": f"{thought}\n\n{text}"})
            observation = {"role": "user", "content": f"OBSERVATION:\n{seen}"}
        if seen is not None:
            messages.append(observation)
    return {
        "messages": messages,
        "instance_id": "a__b.1",
        "resolved": True,
        "traj_id": "a__b.1.x",
        "patch": "other",
        **columns,
    }


def read_all(path, **options):
    report = ImportReport()
    return list(read_stores([path], report, **options)), report


@pytest.mark.parametrize("rendering", ["xml", "tool", "ticks"])
@pytest.mark.parametrize("as_string", [False, True])
def test_swe_smith_renderings_give_the_same_trajectory(tmp_path, rendering, as_string):
    row = swe_smith_row(rendering)
    if as_string:
        row["messages"] = json.dumps(row["messages"])
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    [read], report = read_all(tmp_path / "rows.jsonl")
    assert [step.action for step in read.steps] == EXPECTED
    assert read.source == f"swe-smith/{rendering}" and read.id == "a__b.1.x" and read.task == "a__b.1"
    assert read.problem_statement == "It breaks.\nBadly." and read.resolved is True and read.patch == ""
    assert read.steps[0].observation == "a.py\n" and read.steps[0].thought == "I look."
    assert read.steps[8].observation == "Please review.\n<diff>\n</diff>" and read.steps[-1].observation == ""
    assert (report.steps, report.raw_actions, report.lessons, report.refused) == (11, 1, 9, {})
    assert read.steps[1].raw is not None


def test_an_observation_prefix_on_the_same_line_is_stripped(tmp_path):
    row = swe_smith_row("xml")
    row["messages"][3]["content"] = "Observation: a.py"
    (tmp_path / "rows.json").write_text(json.dumps([row]))
    assert read_all(tmp_path / "rows.json")[0][0].steps[0].observation == "a.py"


def test_ticks_with_fences_inside_a_file_are_read_whole(tmp_path):
    text = "# Use\n\n```\npip install x\n```\n\n```python\nx()\n```\n"
    create = (
        "Doc.\n```python\nx\n```",
        EDITOR,
        {"command": "create", "path": "/testbed/r.md", "file_text": text},
        "ok",
    )
    (tmp_path / "rows.json").write_text(json.dumps(swe_smith_row("ticks", [create, *CALLS])))
    [read], _ = read_all(tmp_path / "rows.json")
    assert [step.action for step in read.steps] == [Create("r.md", text), *EXPECTED]


def test_a_swe_smith_turn_without_a_call_is_refused_and_counted(tmp_path):
    row = swe_smith_row("xml")
    row["messages"].insert(2, {"role": "assistant", "content": "Let me think."})
    row["messages"].insert(3, {"role": "user", "content": "Please call a function."})
    (tmp_path / "rows.json").write_text(json.dumps(row))
    [read], report = read_all(tmp_path / "rows.json")
    assert len(read.steps) == 11 and report.refused == {"a turn without an action": 1}


def test_a_bash_block_in_a_thought_does_not_make_a_mini_trajectory(tmp_path):
    calls = [(f"Say\n```bash\nls\n```\n{thought}", *rest) for thought, *rest in CALLS]
    (tmp_path / "rows.json").write_text(json.dumps(swe_smith_row("xml", calls)))
    assert read_all(tmp_path / "rows.json")[0][0].source == "swe-smith/xml"


def test_the_second_call_of_a_turn_is_not_part_of_the_first(tmp_path):
    row = swe_smith_row("xml")
    row["messages"][2]["content"] += "\n\n" + as_xml("bash", {"command": "rm -rf /"})
    (tmp_path / "rows.json").write_text(json.dumps(row))
    assert read_all(tmp_path / "rows.json")[0][0].steps[0].action == EXPECTED[0]


def test_other_stores_are_refused_and_not_misread(tmp_path):
    openhands = swe_smith_row("tool")
    openhands["messages"][2]["tool_calls"][0]["function"]["name"] = "execute_bash"
    (tmp_path / "a.json").write_text(json.dumps(openhands))
    (tmp_path / "b.jsonl").write_text('{"instance_id": "x", "model_patch": "p"}\n3\n')
    read, report = read_all(tmp_path)
    assert read == []
    assert report.refused == {"a row that is no trajectory of a known format": 2, "a row that is no JSON object": 1}


def mini_1(replies, **columns):
    messages = [{"role": "system", "content": "…"}]
    messages.append(
        {
            "role": "user",
            "content": "<pr_description>\nConsider the following PR description:\nIt breaks.\n</pr_description>",
        }
    )
    for reply, seen in replies:
        messages += [{"role": "assistant", "content": reply}, {"role": "user", "content": seen}]
    info = {"exit_status": "Submitted", "submission": "diff --git a/x b/x\n"}
    return {
        "info": info,
        "messages": messages,
        "trajectory_format": "mini-swe-agent-1",
        "instance_id": "a__b-1",
        **columns,
    }


SENTINEL = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"


def block(command, thought="THOUGHT: go."):
    return f"{thought}\n\n```bash\n{command}\n```"


def test_mini_1_runs_turns_with_exactly_one_block(tmp_path):
    long = (
        "<returncode>0</returncode>\n<warning>\nToo long.\n</warning><output_head>\nabc</output_head>\n"
        "<elided_chars>\n12 characters elided\n</elided_chars>\n<output_tail>\nxyz\n</output_tail>"
    )
    row = mini_1([
        (block("ls -la"), "<returncode>0</returncode>\n<output>\na.py\n</output>"),
        (block("a") + "\n" + block("b"), "Please always provide EXACTLY ONE action, found 2."),
        ("THOUGHT: hm", "Please always provide EXACTLY ONE action, found 0."),
        (block("cat <<'EOF' > r.py\nprint(1)\nEOF"), "<returncode>1</returncode>\n<output>\n</output>"),
        (block("cat big"), long),
        (block(f"echo {SENTINEL}; false"), "<returncode>1</returncode>\n<output>\n</output>"),
        (block("sleep 99"), "The last command <command>sleep 99</command> timed out and has been killed."),
        (block(f"echo {SENTINEL} && git add -A && git diff --cached"), "diff --git a/x b/x\n"),
    ])  # fmt: skip
    (tmp_path / "a.traj.json").write_text(json.dumps(row, indent=1))
    [read], report = read_all(tmp_path / "a.traj.json")
    assert [step.action for step in read.steps[:2]] == [Shell("ls -la"), Shell("cat <<'EOF' > r.py\nprint(1)\nEOF")]
    assert isinstance(read.steps[3].action, Shell) and isinstance(read.steps[-1].action, Submit)
    assert [step.observation for step in read.steps[:3]] == [
        "exit code 0\na.py", "exit code 1", "exit code 0\nabc\n(12 characters left out)\n\nxyz",
    ]  # fmt: skip
    assert read.steps[4].observation.startswith("The last command")
    assert (read.problem_statement, read.patch, read.exit_status) == ("It breaks.", "diff --git a/x b/x\n", "Submitted")
    assert read.steps[0].thought == "go." and read.source == "mini-swe-agent/1" and read.resolved is None
    assert report.refused == {"a turn without exactly one action, not executed": 2}
    assert (report.steps, report.lessons) == (6, 5)


def test_rows_of_mini_text_without_info_are_known_by_their_blocks(tmp_path):
    row = mini_1([(block("ls"), "<returncode>0</returncode>\n<output>\n</output>")] * 3)
    del row["info"], row["trajectory_format"]
    row["verified"] = True
    (tmp_path / "rows.json").write_text(json.dumps([row, row]))
    read, report = read_all(tmp_path / "rows.json")
    assert [one.resolved for one in read] == [True, True] and report.steps == 6
    assert report.files[str(tmp_path / "rows.json")] == {"format": "mini-swe-agent/1", "trajectories": 2, "steps": 6}


def test_mini_2_takes_every_executed_action_with_its_own_observation(tmp_path):
    def turn(content, *commands):
        actions = [{"command": command, "tool_call_id": command} for command in commands]
        return {
            "role": "assistant",
            "content": content,
            "tool_calls": [],
            "extra": {"actions": actions, "response": {}},
        }

    def seen(name, output, code=0):
        text = f"<returncode>{code}</returncode>\n<output>\n{output}\n</output>"
        return {
            "role": "tool",
            "tool_call_id": name,
            "content": text,
            "extra": {"raw_output": output, "returncode": code},
        }

    error = {"role": "user", "content": "No tool calls found.", "extra": {"interrupt_type": "FormatError"}}
    submit = f"echo {SENTINEL} && cat patch.txt"
    messages = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "<pr_description>\nIt breaks.\n</pr_description>"},
        turn("Look.", "ls", "pwd"), seen("pwd", "/testbed"), seen("ls", "a.py"), error, turn(None, "false"),
        seen("false", "", 1), turn("Send.", "git diff > patch.txt", submit, "echo never"),
        {"role": "exit", "content": "diff", "extra": {"exit_status": "Submitted", "submission": "diff"}},
    ]  # fmt: skip
    row = {"info": {"exit_status": "Submitted", "submission": "diff"}, "messages": messages, "instance_id": "x",
           "trajectory_format": "mini-swe-agent-1.1"}  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(row))
    [read], report = read_all(tmp_path / "a.json")
    assert [step.action for step in read.steps] == [
        Shell("ls"), Shell("pwd"), Shell("false"), Shell("git diff > patch.txt"), Submit(),
    ]  # fmt: skip
    assert [step.observation for step in read.steps] == [
        "exit code 0\na.py",
        "exit code 0\n/testbed",
        "exit code 1",
        "",
        "",
    ]
    assert [step.thought for step in read.steps] == ["Look.", "", "", "Send.", ""]
    assert report.refused == {"a turn without exactly one action, not executed": 1} and read.patch == "diff"


def test_a_file_that_breaks_off_keeps_what_stands_before(tmp_path):
    rows = [swe_smith_row("xml", traj_id=f"t{n}") for n in range(3)]
    for name, text in (("list.json", json.dumps(rows)), ("lines.jsonl", "\n".join(map(json.dumps, rows)))):
        (tmp_path / name).write_text(text[:-500])
        read, report = read_all(tmp_path / name)
        assert [one.id for one in read] == ["t0", "t1"]
        entry = report.files[str(tmp_path / name)]
        assert f"{name}: is cut off or not JSON after row 2" in entry["error"] and entry["trajectories"] == 2
        assert report.errors == [entry["error"]]
        assert report.refused["a file that breaks off or is not JSON"] == 1
    (tmp_path / "noise.json").write_bytes(bytes(range(256)))
    assert read_all(tmp_path / "noise.json")[1].refused["a file that breaks off or is not JSON"] == 1
    (tmp_path / "empty.json").write_text("")
    assert read_all(tmp_path / "empty.json")[0] == []


def test_rows_longer_than_a_chunk_are_read_whole(tmp_path):
    long = ("", "bash", {"command": "cat big"}, "x, [1] {2}\n" * 250_000)  # more than two chunks of a megabyte
    rows = [swe_smith_row(kind, [long, *CALLS], traj_id=kind) for kind in ("xml", "tool", "ticks")]
    (tmp_path / "a.json").write_text(json.dumps(rows, indent=2))
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    assert [one.id for one in read_all(tmp_path)[0]] == ["xml", "tool", "ticks"] * 2


def test_parquet_tables_are_read(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [{**swe_smith_row("xml"), "messages": json.dumps(swe_smith_row("xml")["messages"])}] * 20
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet")
    assert len(read_all(tmp_path)[0]) == 20
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "rows.parquet").read_bytes()[:-300])
    assert (
        "not a whole parquet file"
        in read_all(tmp_path / "cut.parquet")[1].files[str(tmp_path / "cut.parquet")]["error"]
    )


def test_secrets_are_taken_out_of_every_text(tmp_path):
    secret = "sk-" + "a1B2" * 8
    row = swe_smith_row("xml", [("t " + secret, "bash", {"command": f"export K={secret}"}, secret), *CALLS])
    row["agent_args"] = {"other_args": {"api_key": "plain"}}
    (tmp_path / "a.json").write_text(json.dumps(row))
    out = tmp_path / "out.jsonl"
    report = import_trajectories([tmp_path / "a.json"], out=out)
    assert report.trajectories == 1
    assert secret not in out.read_text() and "plain" not in out.read_text() and "[secret]" in out.read_text()


def test_an_import_is_written_read_back_and_imported_again(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([swe_smith_row("xml"), swe_smith_row("ticks")]))
    out = tmp_path / "out.jsonl"
    report = import_trajectories([tmp_path / "a.json"], out=out)
    read = list(read_trajectories(out))
    assert len(read) == report.trajectories == 2 and report.to_json()["lessons"] == len(lessons(read)) == 18
    assert list(read_stores([out], ImportReport())) == read


def test_a_wrong_path_or_format_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        import_trajectories([tmp_path / "nope"])
    with pytest.raises(InputError, match="did you mean 'swe-smith xml'"):
        import_trajectories([tmp_path], format="swe-smith xm")
    (tmp_path / "a.json").write_text(json.dumps(swe_smith_row("xml")))
    assert read_all(tmp_path, format="mini-swe-agent 1")[0] == []
    with pytest.raises(InputError, match="cannot be written"):
        import_trajectories([tmp_path / "a.json"], out=tmp_path / "no" / "folder" / "out.jsonl")


# --- the scripted expert ---


@pytest.fixture(scope="module")
def pristine():
    return checkout(load_repository("texttable"))


def task_for(pristine, path, old, new, issue="`wrap_text` gives a wrong result.", tests=()):
    before = pristine.files
    text = before[path].decode()
    assert text.count(old) == 1
    buggy = {**before, path: text.replace(old, new).encode()}
    snippet = "from texttable.wrapping import wrap_text\nprint(wrap_text('aa bb', 3))"
    statement = f"{issue}\n\n```\n{snippet}\n```\nprints `1`, expected `2`."
    return Task(
        "texttable-x", "texttable", statement, diff_trees(buggy, before), diff_trees(before, buggy), (), tests, ()
    )


def in_memory(files):
    """The editor over a dict of files, for scripts that need no shell."""
    files = {path: content.decode() for path, content in files.items()}

    def do(action):
        match action:
            case View(path, start, end):
                return viewed(path, files[path], start, end)
            case Edit(path, old, new):
                observation, after = edited(path, files[path], old, new)
                files[path] = after if after is not None else files[path]
                return observation
            case Search(text, path):
                lines = [(f, n, line) for f, body in files.items() if path in (".", f)
                         for n, line in enumerate(body.split("\n"), 1) if text in line]  # fmt: skip
                return found(text, path, lines)
        return "exit code 0"

    return do, files


def test_the_expert_reaches_and_undoes_a_bug_on_every_line(pristine):
    source = {path: text for path, text in pristine.files.items() if path.startswith("texttable/")}
    played = 0
    for path, content in source.items():
        lines = content.decode().split("\n")
        for number, line in enumerate(lines):
            if not re.search(r" (return|if|=) ", line) or number % 3:
                continue
            changed = re.sub(r" (return|if|=) ", r" \1 None or ", line, count=1)
            buggy = {**source, path: "\n".join([*lines[:number], changed, *lines[number + 1 :]]).encode()}
            try:
                compile(buggy[path], path, "exec")
            except SyntaxError:
                continue
            task = Task(f"t-{played}", "texttable", "`wrap_text` fails.", diff_trees(buggy, source), "", (), (), ())
            do, files = in_memory(buggy)
            steps = play(script(task, buggy), do)
            assert {name: text.encode() for name, text in files.items()} == source
            assert isinstance(steps[-1].action, Submit) and not any("error" in s.observation[:6] for s in steps)
            assert_copied(steps)
            played += 1
    assert played > 40


def test_the_expert_reads_on_in_a_function_longer_than_a_window():
    fixed = "def long():\n" + "".join(f"    x{n} = {n}\n" for n in range(100)) + "    return x1\n"
    files = {"m.py": fixed.replace("x90 = 90", "x90 = 91").encode()}
    task = Task("t", "r", "`long` fails.", diff_trees(files, {"m.py": fixed.encode()}), "", (), (), ())
    do, after = in_memory(files)
    steps = play(script(task, files), do)
    assert [step.action.start for step in steps if isinstance(step.action, View)] == [1, 40, 79]
    assert after == {"m.py": fixed}
    assert_copied(steps)


def test_the_expert_adds_what_is_missing_at_the_end_of_a_file():
    fixed = "def last(items):\n    found = items[-1]\n    return found\n"
    files = {"m.py": fixed.replace("    return found\n", "").encode()}
    task = Task("t", "r", "`last` fails.", diff_trees(files, {"m.py": fixed.encode()}), "", (), (), ())
    do, after = in_memory(files)
    assert_copied(play(script(task, files), do))
    assert after == {"m.py": fixed}


def test_the_expert_plays_fixes_of_several_files_of_any_kind(tier):
    before = {"setup.cfg": b"[a]\nx = 1\n", "m.py": b"def f():\n    return 1\n", "old.py": b"x = 1\n"}
    after = {"setup.cfg": b"[a]\nx = 2\n", "m.py": b"def f():\n    return 2\n", "new.py": b"y = 2\n"}
    task = Task("t", "r", "Something is wrong.", diff_trees(before, after), "", (), (), ())
    with open_sandbox(tier, Root(), before) as sandbox:
        play(script(task, before), lambda action: perform(action, sandbox))
        assert sandbox.tree() == after
    with pytest.raises(TaskError, match="does not apply"):
        next(script(task, {"m.py": b"other"}))


def assert_copied(steps):
    """Every line number and every old text was on the screen before."""
    seen = ""
    for step in steps:
        match step.action:
            case View(path, start):
                assert f"{path}:{start}: " in seen or start is None or f"\n{start}\t" in seen
            case Edit(_, old):
                assert all(f"\t{line}\n" in seen for line in old.split("\n"))
        seen += f"{step.observation}\n"


def test_moves_are_set_by_task_and_seed(pristine):
    task = task_for(pristine, "texttable/wrapping.py", "if current or not lines:", "if current and not lines:")
    buggy = apply_patch(pristine.files, task.bug_patch)

    def moves(seed):
        return [(step.thought, step.action) for step in play(script(task, buggy, seed=seed), in_memory(buggy)[0])]

    assert moves(0) == moves(0)
    assert len({str([thought for thought, _ in moves(seed)]) for seed in range(4)}) > 1


def test_the_smallest_edit_is_of_whole_lines_and_unique():
    before = "def a():\n    x = 1\n    return x\n\ndef b():\n    x = 1\n    return x + 1\n"
    edit = smallest_edit("m.py", before, before.replace("x + 1", "x - 1"))
    assert edit == Edit("m.py", "    return x + 1", "    return x - 1")
    after = "def a():\n    x = 1\n    return x\n\ndef b():\n    x = 2\n    return x + 1\n"
    edit = smallest_edit("m.py", before, after)
    assert before.count(edit.old) == 1 and before.replace(edit.old, edit.new) == after and edit.old.count("\n") == 1
    dropped = before.replace("    x = 1\n    return x + 1", "    return x + 1")
    edit = smallest_edit("m.py", dropped, before)
    assert dropped.replace(edit.old, edit.new) == before and dropped.count(edit.old) == 1


def test_a_snippet_reaches_python_unchanged(tier):
    snippets = [
        "print(1)\nprint('a b')",
        'print("a")',
        "print('$HOME `x` \\\\n')",
        'print("it\'s")',
        "x = {\"a\": 'b'}\nprint(x)",
    ]
    with open_sandbox(tier, Root(), {}) as sandbox:
        for snippet in snippets:
            result = perform(Shell(python_command(f"import sys; sys.argv\n{snippet}")), sandbox)
            plain = perform(Shell(f"python - <<'END'\n{snippet}\nEND"), sandbox)
            assert result == plain and result.startswith("exit code 0\n")


def test_a_fix_that_changes_nothing_is_a_task_error(pristine):
    task = Task("t", "texttable", "x", "", "", (), (), ())
    with pytest.raises(TaskError, match="changes nothing"):
        next(script(task, pristine.files))


def test_the_expert_solves_a_task_in_a_sandbox_and_twice_the_same(pristine, tier):
    tests = sorted(path for path in pristine.files if path == "tests/test_wrapping.py")
    task = task_for(pristine, "texttable/wrapping.py", "if current or not lines:", "if current and not lines:",
                    tests=("tests/test_wrapping.py::test_wrap_text_breaks_at_spaces",) if tests else ())  # fmt: skip
    first, second = (play_expert(task, pristine, tier=tier) for _ in range(2))
    assert json.dumps(first.to_json()) == json.dumps(second.to_json())
    assert 6 <= len(first.steps) <= 9 and first.patch == task.gold_patch
    assert first.steps[0].observation != first.steps[-2].observation


def test_a_task_that_cannot_be_played_is_left_out_with_its_reason(pristine, tier):
    tasks = [Task("t", "texttable", "x", "", "", (), (), ())]
    left_out = []
    assert list(play_all(tasks, {"texttable": pristine}, tier=tier, left_out=left_out)) == []
    assert left_out == ["task t: its fix changes nothing"]
    with pytest.raises(TaskError):
        list(play_all(tasks, {"texttable": pristine}, tier=tier))


# --- what ships ---


@pytest.fixture(scope="module")
def shipped():
    return list(read_trajectories(bundled("data", "trajectories", "expert.jsonl")))


def test_the_shipped_trajectories_are_of_every_training_task_and_of_no_other(shipped):
    tasks = {task.id: task for name in repositories() for task in read_tasks(name)}
    assert {one.task for one in shipped} == {task.id for task in tasks.values() if task.split == "train"}
    assert len(shipped) == len({one.task for one in shipped}) >= 400
    for one in shipped:
        assert one.resolved and one.patch == tasks[one.task].gold_patch
        assert one.problem_statement == tasks[one.task].problem_statement


def test_the_shipped_expert_edits_only_what_it_has_seen(shipped):
    for one in shipped:
        assert_copied(one.steps)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="tracebacks differ between versions of Python")
def test_a_shipped_trajectory_is_made_again_to_the_byte(shipped, tier):
    one = shipped[len(shipped) // 2]
    task = next(task for name in repositories() for task in read_tasks(name) if task.id == one.task)
    again = play_expert(task, checkout(load_repository(task.repository)), tier=tier)
    assert json.dumps(again.to_json()) == json.dumps(one.to_json())
