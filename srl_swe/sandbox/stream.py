"""The outer end of a sandbox's stream: framed requests to the supervisor and its answers, one at a time.

A frame is 4 bytes of length, a JSON header, and `bytes` bytes of payload. The header says what happened; a command's
output is only ever payload. What is out of step, late or cut off is a `SandboxError`, and the stream is dead after it.
"""

__all__ = ["Header", "Stream"]

import contextlib
import json
import socket
import time
from typing import Any

from srl_swe.errors import SandboxError

Header = dict[str, Any]
_MAX_HEADER = 64 << 20


class Stream:
    """Owns `channel`. `multiplexed` is Docker's attach format: 8 bytes before each piece say whose output it is."""

    def __init__(self, channel: socket.socket, *, multiplexed: bool = False) -> None:
        self._channel = channel
        self._multiplexed = multiplexed
        self._arrived = bytearray()
        self.complaints = bytearray()  # what the other end wrote to its stderr

    def ask(self, header: Header, payload: bytes = b"", *, wait_s: float = 60.0) -> tuple[Header, bytes]:
        """Send one request and wait for its answer."""
        self.send(header, payload, wait_s=wait_s)
        return self.receive(wait_s=wait_s)

    def send(self, header: Header, payload: bytes = b"", *, wait_s: float = 60.0) -> None:
        text = json.dumps({**header, "bytes": len(payload)}).encode()
        try:
            self._channel.settimeout(wait_s)
            self._channel.sendall(len(text).to_bytes(4, "big") + text + payload)
        except OSError as error:
            raise SandboxError(f"the sandbox's supervisor is gone: {error}") from error

    def receive(self, *, wait_s: float = 60.0) -> tuple[Header, bytes]:
        deadline = time.monotonic() + wait_s
        size = int.from_bytes(self._take(4, deadline), "big")
        if size > _MAX_HEADER:
            raise SandboxError("the sandbox's supervisor answered with something that is no frame")
        header: Header = json.loads(self._take(size, deadline))
        return header, self._take(header["bytes"], deadline)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # not connected any more
            self._channel.shutdown(socket.SHUT_RDWR)
        self._channel.close()

    def _take(self, count: int, deadline: float) -> bytes:
        while len(self._arrived) < count:
            if self._multiplexed:
                source, size = self._docker_header(deadline)
                piece = self._read(size, deadline)
                (self.complaints if source == 2 else self._arrived).extend(piece)
            else:
                self._arrived += self._some(1 << 20, deadline)
        taken = bytes(self._arrived[:count])
        del self._arrived[:count]
        return taken

    def _docker_header(self, deadline: float) -> tuple[int, int]:
        head = self._read(8, deadline)
        return head[0], int.from_bytes(head[4:], "big")

    def _read(self, count: int, deadline: float) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            parts += self._some(count - len(parts), deadline)
        return bytes(parts)

    def _some(self, count: int, deadline: float) -> bytes:
        try:
            self._channel.settimeout(max(0.001, deadline - time.monotonic()))
            part = self._channel.recv(count)
        except OSError as error:
            raise SandboxError(f"the sandbox's supervisor does not answer: {error}") from error
        if not part:
            raise SandboxError("the sandbox's supervisor is gone")
        return part
