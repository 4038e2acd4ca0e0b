"""A recipe says one clear sentence when it is wrong, and its written form repeats the run."""

import re

import pytest

from srl_swe.bundled import bundled
from srl_swe.errors import InputError
from srl_swe.recipe import Model, Recipe, _tables, override, read_recipe, write_recipe


def _refused(tmp_path, text):
    path = tmp_path / "srl.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_recipe(path)
    return str(caught.value).removeprefix(str(tmp_path) + "/")


def test_unknown_key_names_file_table_and_the_nearest_known_key(tmp_path):
    said = _refused(tmp_path, "[srl]\ngroup_sise = 8\n")
    assert said == "srl.toml: [srl] has no key 'group_sise'; did you mean 'group_size'?"


def test_unknown_table_is_refused(tmp_path):
    assert _refused(tmp_path, "[slr]\nlr = 1e-6\n") == "srl.toml: a recipe has no key 'slr'; did you mean 'srl'?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[srl]\ngroup_size = '8'\n", "[srl] group_size: "),
        ("[srl]\ngroup_size = 1\n", "[srl] group_size: "),
        ("[srl]\nlr = -1.0\n", "[srl] lr: "),
        ("[srl]\nloss = 'mean'\n", "[srl] loss: "),
        ("srl = 3\n", "srl: "),
        ("[srl\n", "not a readable TOML file"),
    ],
)
def test_wrong_value_is_one_sentence_with_its_place(tmp_path, text, expected):
    said = _refused(tmp_path, text)
    assert said.startswith("srl.toml: " + expected)
    assert "\n" not in said


def test_missing_file_says_where_recipes_are(tmp_path):
    with pytest.raises(InputError, match="no such recipe"):
        read_recipe(tmp_path / "absent.toml")


def test_overrides_replace_only_what_they_name():
    recipe = override(Recipe(), ["srl.group_size=4", "srl.loss=token-mean", "seed=7", 'data.trajectories=["a", "b"]'])
    assert (recipe.srl.group_size, recipe.srl.loss, recipe.seed) == (4, "token-mean", 7)
    assert recipe.data.trajectories == ("a", "b")
    assert recipe.srl.lr == Recipe().srl.lr
    assert recipe.rlvr.group_size == 8


@pytest.mark.parametrize("setting", ["srl.group_sise=4", "srl.group_size", "a.b.c=1", "seed.x=1", "nowhere.x=1", "=1"])
def test_wrong_override_names_itself(setting):
    with pytest.raises(InputError, match=re.escape(f"--set {setting}")):
        override(Recipe(), [setting])


def test_written_recipe_reads_back_equal(tmp_path):
    prompt = 'a\t"b"\n\\ é\x7f = [srl]'
    recipe = override(Recipe(model=Model(system_prompt=prompt)), ["srl.max_seconds=240", "sandbox.cpus=0.5", "seed=3"])
    write_recipe(recipe, tmp_path / "recipe.toml")
    assert read_recipe(tmp_path / "recipe.toml") == recipe


def test_defaults_are_the_papers():
    srl, rlvr, sft = Recipe().srl, Recipe().rlvr, Recipe().sft
    assert (srl.lr, srl.batch_size, srl.group_size, srl.temperature) == (5e-7, 512, 8, 1.0)
    assert (srl.grad_norm, srl.warmup, srl.schedule) == (1.0, 0, "constant")
    assert (rlvr.lr, rlvr.batch_size, rlvr.group_size, rlvr.temperature, rlvr.warmup) == (5e-7, 128, 8, 1.0, 0)
    assert (sft.lr, sft.batch_size, sft.epochs, sft.schedule, sft.warmup) == (5e-6, 64, 3, "cosine", 0.3)
    assert srl.loss == rlvr.loss == "seq-mean"
    assert "kl" not in " ".join(type(srl).model_fields)


def test_every_table_is_known_to_the_messages():
    assert {name: field.annotation for name, field in Recipe.model_fields.items() if name != "seed"} == _tables()


def test_shipped_recipes_are_valid():
    paths = sorted(bundled("data", "recipes").glob("*.toml"))
    assert {path.name for path in paths} >= {
        "quickstart.toml", "srl-swesmith-qwen2.5-coder-7b.toml", "rlvr-qwen2.5-coder-7b.toml",
    }  # fmt: skip
    for path in paths:
        read_recipe(path)


def test_the_papers_recipe_states_the_papers_values():
    recipe = read_recipe(bundled("data", "recipes", "srl-swesmith-qwen2.5-coder-7b.toml"))
    assert (recipe.srl.lr, recipe.srl.batch_size, recipe.srl.group_size) == (5e-7, 512, 8)
    assert recipe.data.holdout == 30
    assert recipe.model.dtype == "bfloat16"
