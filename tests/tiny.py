"""A very small random model with a byte tokenizer, and trajectories to learn from: what training tests run on."""

from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from srl_swe.experts.action import Edit, Submit, View
from srl_swe.experts.trajectory import Step, Trajectory, write_trajectories
from srl_swe.tasks.checkout import Checkout, tree_hash
from srl_swe.tasks.disk import write_task
from srl_swe.tasks.patch import diff_trees, reverse_patch
from srl_swe.tasks.repository import load_repository
from srl_swe.tasks.root import Root
from srl_swe.tasks.task import Task, content_id

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# Whole pieces of the action format as single tokens, so that even a random model can write an action now and then
PIECES = (
    "<think></think>\n", "<function=view>\n<parameter=path>\n", "<function=edit>\n<parameter=path>\n",
    "\n</parameter>\n<parameter=old>\n", "\n</parameter>\n<parameter=new>\n", "\n</parameter>\n</function>",
    "<function=submit>\n</function>", "a.py", "b.py", "x = 1", "x = 2",
)  # fmt: skip


def save_tiny_model(folder: Path, *, seed: int = 0) -> Path:
    """Write a random Qwen2 of some 30,000 parameters in `save_pretrained` layout."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {character: index for index, character in enumerate(alphabet)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|pad|>")
    fast.add_special_tokens({"additional_special_tokens": ["<|im_start|>"]})
    fast.add_tokens(list(PIECES))
    fast.chat_template = CHATML
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=len(fast), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=2048, tie_word_embeddings=True,
        eos_token_id=fast.eos_token_id, pad_token_id=fast.pad_token_id, bos_token_id=None,
    )  # fmt: skip
    model = Qwen2ForCausalLM(config)
    transformers.utils.logging.disable_progress_bar()
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def trajectory(number: int) -> Trajectory:
    """Look at one of two files, change a letter, submit."""
    path = ("a.py", "b.py")[number % 2]
    steps = (
        Step(View(path), "1: x = 1", thought="where is it?"),
        Step(Edit(path, "x = 1", "x = 2"), "edited", thought="one off"),
        Step(View(path), "1: x = 2"),
        Step(Submit(), ""),
    )
    return Trajectory(
        id=f"t{number}", task=f"task-{number}", source="test", problem_statement=f"x is wrong in {path}", steps=steps,
        patch="", exit_status="submitted", resolved=True,
    )  # fmt: skip


def save_trajectories(path: Path, count: int = 8) -> Path:
    write_trajectories(path, [trajectory(number) for number in range(count)])
    return path


def save_toy_repository(home: Path) -> Path:
    """Write a repository of two one-line files, and a task for each: x is 1 and should be 2."""
    folder = home / "toy"
    files = {f"{name}.py": b"x = 2\n" for name in "ab"} | {
        f"tests/test_{name}.py": f"import {name}\n\n\ndef test_{name}():\n    assert {name}.x == 2\n".encode()
        for name in "ab"
    }
    for path, content in files.items():
        file = folder / "repository" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (folder / "env.toml").write_text('name = "toy"\npackages = ["pytest==9.2.0"]\n[source]\npath = "repository"\n')
    pristine = Checkout(load_repository(folder), files, tree_hash(files), Root())
    for name in "ab":
        bug = diff_trees(files, files | {f"{name}.py": b"x = 1\n"})
        task = Task(
            id=content_id("toy", bug, pristine.tree_hash),
            repository="toy",
            problem_statement=f"x is wrong in {name}.py",
            gold_patch=reverse_patch(bug),
            bug_patch=bug,
            hidden_tests=(f"tests/test_{name}.py",),
            fail_to_pass=(f"tests/test_{name}.py::test_{name}",),
            pass_to_pass=(),
        )
        write_task(folder, task, pristine)
    return folder
