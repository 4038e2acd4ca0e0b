"""A policy that says what it was told to say: for tests, and for experts that play through the policy's door.

Its token ids are the chat tokenizer's, its log-probabilities are 0 (it was certain), and it never looks at a seed.
"""

__all__ = ["ScriptedPolicy"]

from collections.abc import Callable, Iterator, Mapping, Sequence

from srl_swe.policy.chat import ChatFormat
from srl_swe.policy.policy import Sample

Script = Sequence[str] | Mapping[str, str] | Callable[[str], str]


class ScriptedPolicy:
    """Answers from a script.

    A sequence is said in order, over all calls, prompts and samples; a mapping answers the last prompt text it finds a
    key of (the key that begins latest in the prompt wins); a function is given the prompt's whole text.
    """

    def __init__(self, chat: ChatFormat, script: Script) -> None:
        self.chat = chat
        self._script = script
        self._in_order: Iterator[str] = iter(script if isinstance(script, Sequence) else ())

    def sample(
        self,
        prompts_B: Sequence[Sequence[int]],
        *,
        group_size: int = 1,
        max_tokens: int,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> list[list[Sample]]:
        """The scripted answers, cut at `max_tokens`. Raises LookupError when the script has none."""
        return [[self._sample(prompt, max_tokens) for _ in range(group_size)] for prompt in prompts_B]

    def _sample(self, prompt: Sequence[int], max_tokens: int) -> Sample:
        token_ids = (*self.chat.encode(self._answer(self.chat.decode(prompt))), self.chat.stop_id)[:max_tokens]
        finish = "stop" if token_ids[-1] == self.chat.stop_id else "length"
        return Sample(token_ids, (0.0,) * len(token_ids), self.chat.decode(token_ids), finish)

    def _answer(self, prompt: str) -> str:
        if callable(self._script):
            return self._script(prompt)
        if isinstance(self._script, Mapping):
            found = [(prompt.rfind(key), key) for key in self._script if key in prompt]
            if not found:
                raise LookupError(f"the script has no answer to a prompt that ends in {prompt[-80:]!r}")
            return self._script[max(found)[1]]
        answer = next(self._in_order, None)
        if answer is None:
            raise LookupError(f"the script of {len(self._script)} answers is used up")
        return answer
