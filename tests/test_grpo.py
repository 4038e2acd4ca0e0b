"""GRPO against numbers computed by hand, and against the mistakes that implementations of SRL usually make."""

import inspect
import math

import numpy as np
import pytest
import torch

from srl_swe.train import grpo
from srl_swe.train.grpo import advantages, informative, policy_loss, spread

REWARDS = np.array([[0.0, 1.0, 1.0, 0.0], [0.5, 0.5, 0.5, 0.5], [0.6, 0.6, 0.6, -1.0]])


def test_spread_is_the_population_deviation():
    # 0 1 1 0: every reward is 0.5 from the mean. A lone -1 under three of 0.6: 1.6 * sqrt(3) / 4
    assert spread(REWARDS) == pytest.approx([0.5, 0.0, 1.6 * math.sqrt(3) / 4])


def test_filter_uses_the_population_deviation_and_is_strict():
    rewards = np.array([[0.0, 0.04]])  # population 0.02, sample 0.0283
    assert informative(rewards, min_std=0.019).tolist() == [True]
    assert informative(rewards, min_std=0.021).tolist() == [False]


def test_group_of_equals_teaches_nothing():
    assert informative(REWARDS, min_std=0.0).tolist() == [True, False, True]
    assert advantages(REWARDS)[1].tolist() == [0.0] * 4


def test_equal_rewards_with_rounding_noise_are_not_informative():
    equal = np.full((1, 7), 0.97)
    assert spread(equal)[0] > 0
    assert not informative(equal, min_std=0.0).any()


def test_a_small_epsilon_keeps_groups_in_which_only_the_fix_differs():
    rewards = np.array([[0.97, 1.0, 0.97, 0.97, 0.97, 0.97, 0.97, 0.97]])  # one right operator among eight
    assert informative(rewards, min_std=0.001).all()
    assert not informative(rewards, min_std=0.02).any()


def test_advantages_match_hand_computed_numbers():
    assert advantages(REWARDS, std="population")[0] == pytest.approx([-1, 1, 1, -1], abs=1e-5)
    assert advantages(REWARDS, std="sample")[0] == pytest.approx(np.array([-1, 1, 1, -1]) * math.sqrt(3 / 4), abs=1e-5)


def test_sample_and_population_differ_by_a_constant_factor():
    rewards = np.random.default_rng(0).random((5, 8))
    assert advantages(rewards, std="sample") == pytest.approx(
        advantages(rewards, std="population") * math.sqrt(7 / 8), rel=1e-4
    )


def test_broken_format_reaches_the_advantage_as_minus_one():
    with_failure = advantages(np.array([[0.6, 0.6, 0.6, -1.0]]), std="population")[0]
    assert with_failure == pytest.approx([1 / math.sqrt(3)] * 3 + [-math.sqrt(3)], abs=1e-5)
    # Scored as 0 it would weigh the same in this group, but not in one of mixed answers
    mixed, as_zero = advantages(np.array([[0.2, 0.4, -1.0]]))[0], advantages(np.array([[0.2, 0.4, 0.0]]))[0]
    assert mixed[0] > 0 > as_zero[0] - 1e-9


def _loss(new, old, weights, **settings):
    return policy_loss(
        [torch.tensor(row, requires_grad=True) for row in new], [torch.tensor(row) for row in old], weights, **settings
    )


def test_clipping_matches_equation_1_by_hand():
    # Ratios 1.5, 0.5 with advantage +1: min(1.5, 1.2) and min(0.5, 0.8). With -1: min(-1.5, -1.2), min(-0.5, -0.8)
    new = [[math.log(1.5), math.log(0.5)]] * 2
    result = _loss(new, [[0.0, 0.0]] * 2, [1.0, -1.0], clip=0.2, loss="seq-mean", normaliser=2)
    assert result.loss.item() == pytest.approx(-((1.2 + 0.5) / 2 + (-1.5 - 0.8) / 2) / 2)
    assert (result.clipped, result.tokens) == (2, 4)


def test_clipped_tokens_have_no_gradient():
    new = torch.tensor([math.log(1.5), 0.0], requires_grad=True)
    policy_loss([new], [torch.zeros(2)], [1.0], clip=0.2, loss="seq-mean", normaliser=1).loss.backward()
    assert new.grad.tolist() == pytest.approx([0.0, -0.5])


def test_seq_mean_and_token_mean_weigh_long_answers_differently():
    new, old, weights = [[0.0], [0.0, 0.0, 0.0]], [[0.0], [0.0, 0.0, 0.0]], [1.0, -1.0]
    by_sequence = _loss(new, old, weights, clip=0.2, loss="seq-mean", normaliser=2)
    by_token = _loss(new, old, weights, clip=0.2, loss="token-mean", normaliser=4)
    assert by_sequence.loss.item() == pytest.approx(0.0)  # (1 - 1)/2
    assert by_token.loss.item() == pytest.approx((3 - 1) / 4)


def test_parts_of_a_batch_add_up_to_the_batch():
    generator = torch.Generator().manual_seed(0)
    new = [torch.randn(length, generator=generator).tolist() for length in (3, 1, 5, 2)]
    old = [torch.randn(length, generator=generator).tolist() for length in (3, 1, 5, 2)]
    weights = [1.0, -0.5, 0.3, -2.0]
    whole = _loss(new, old, weights, clip=0.2, loss="seq-mean", normaliser=4).loss.item()
    parts = [
        _loss(new[a:b], old[a:b], weights[a:b], clip=0.2, loss="seq-mean", normaliser=4).loss.item()
        for a, b in ((0, 1), (1, 4))
    ]
    assert sum(parts) == pytest.approx(whole)


def test_there_is_no_kl_term():
    on_policy = _loss([[-3.0, -4.0]], [[-3.0, -4.0]], [0.0], clip=0.2, loss="seq-mean", normaliser=1)
    assert on_policy.loss.item() == 0.0
    assert "kl" not in inspect.getsource(grpo.policy_loss).lower()
