"""An append-only, token-exact chat: what the policy reads is only ever extended, never written again.

The pieces come from the tokenizer's own chat template, which must be prefix-stable: a template that rewrites earlier
turns (by stripping their thoughts, say) is refused, because then a sample's tokens are not what the next prompt holds.
"""

__all__ = ["ChatFormat", "Conversation"]

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from jinja2 import TemplateError

from srl_swe.errors import InputError

# A fast tokenizer is switched between plain and special text, so one thread at a time may use it
_TOKENIZER = Lock()

# The reply has a thought, because thoughts are what templates like to strip
_MARKS = (
    "\u241fsystem\u241f", "\u241ffirst\u241f", "<think>\u241fthought\u241f</think>\n\u241freply\u241f",
    "\u241fsecond\u241f",
)  # fmt: skip


@dataclass(frozen=True)
class Conversation:
    """Token ids so far, and which of them the policy itself wrote (True: these carry loss)."""

    token_ids: tuple[int, ...]
    written: tuple[bool, ...]


@dataclass(frozen=True)
class ChatFormat:
    """Fixed text around the three kinds of turn, and the tokenizer that turns them into ids."""

    tokenizer: Any
    before_task: str
    after_task: str  # ends where the policy's reply begins
    before_observation: str  # begins after the reply's stop token
    stop_id: int
    _cache: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_tokenizer(cls, tokenizer: Any, system_prompt: str) -> "ChatFormat":
        """Read the pieces off the tokenizer's chat template. Raises InputError when it is not prefix-stable."""
        system, first, reply, second = _MARKS
        name = tokenizer.name_or_path or type(tokenizer).__name__
        messages = [{"role": "system", "content": system}] if system_prompt else []
        messages.append({"role": "user", "content": first})
        opening = _rendered(tokenizer, messages)
        messages += [{"role": "assistant", "content": reply}, {"role": "user", "content": second}]
        whole = _rendered(tokenizer, messages)
        if not whole.startswith(opening + reply):
            raise InputError(
                f"the chat template of {name} is not prefix-stable: a later turn changes an earlier one (by stripping "
                "its thought, say), so token ids cannot be carried over; use a template that only appends"
            )
        rest = whole[len(opening + reply) :]
        stop = _stop_token(tokenizer, rest)
        if stop is None:
            raise InputError(f"in the chat template of {name} no special token ends a reply, so none could stop it")
        if opening.count(first) != 1 or rest.count(second) != 1:
            raise InputError(f"the chat template of {name} changes or repeats what the user says")
        before_task, after_task = opening.split(first)
        before_observation, after_observation = rest[len(stop) :].split(second)
        if after_observation != after_task:
            raise InputError(f"the chat template of {name} ends a first turn unlike a later one")
        return cls(
            tokenizer, before_task.replace(system, system_prompt), after_task, before_observation,
            tokenizer.convert_tokens_to_ids(stop),
        )  # fmt: skip

    def encode(self, text: str) -> tuple[int, ...]:
        """Token ids of a text in which special tokens are plain text, so that no observation can forge a turn."""
        with _TOKENIZER:
            return tuple(self.tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True))

    def markup(self, text: str) -> tuple[int, ...]:
        """Token ids of the template's own text, special tokens included."""
        with _TOKENIZER:
            if text not in self._cache:
                self._cache[text] = tuple(self.tokenizer.encode(text, add_special_tokens=False))
            return self._cache[text]

    def start(self, task: str) -> Conversation:
        """The first prompt: system text, the task, and the opening of the reply."""
        ids = self.markup(self.before_task) + self.encode(task) + self.markup(self.after_task)
        return Conversation(ids, (False,) * len(ids))

    def reply(self, conversation: Conversation, token_ids: Sequence[int], *, written: bool = True) -> Conversation:
        """Append what the policy wrote (its exact ids), closing the turn if it did not."""
        ids = tuple(token_ids)
        closing = () if ids and ids[-1] == self.stop_id else (self.stop_id,)
        return Conversation(
            conversation.token_ids + ids + closing,
            conversation.written + (written,) * len(ids) + (False,) * len(closing),
        )

    def observe(self, conversation: Conversation, observation: str) -> Conversation:
        """Append an observation and the opening of the next reply."""
        ids = self.markup(self.before_observation) + self.encode(observation) + self.markup(self.after_task)
        return Conversation(conversation.token_ids + ids, conversation.written + (False,) * len(ids))

    def decode(self, token_ids: Sequence[int]) -> str:
        """The text of a sample, without its stop token."""
        ids = [token for token in token_ids if token != self.stop_id]
        with _TOKENIZER:
            return str(self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def _rendered(tokenizer: Any, messages: list[dict[str, str]]) -> str:
    name = tokenizer.name_or_path or type(tokenizer).__name__
    if tokenizer.chat_template is None:
        raise InputError(f"{name} has no chat template; use an instruction-tuned model's tokenizer, or give it one")
    try:
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
    except TemplateError as error:
        raise InputError(f"the chat template of {name} refuses these turns: {error}") from error


def _stop_token(tokenizer: Any, rest: str) -> str | None:
    """The special token that the text after a reply begins with; the end-of-sequence token if there is a choice."""
    special = [tokenizer.eos_token, *(str(one) for one in tokenizer.added_tokens_decoder.values() if one.special)]
    return next((token for token in special if token and rest.startswith(token)), None)
