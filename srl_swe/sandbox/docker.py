"""The Docker tier: the supervisor as the one process of a hardened container, spoken to over its attached streams.

Covered: no network, a read-only root, no new privileges, Docker's own list of refused system calls and ours on top;
memory (swap included), processes and cpus by cgroup; every writable place a tmpfs of limited size, its pages counted
as memory. The engine ends the container when the attached stream closes, so a killed owner leaves nothing.

The container's root keeps six capabilities, because the supervisor switches users (SETUID, SETGID), kills what they
start (KILL), and reads, gives away and removes their files (DAC_OVERRIDE, CHOWN, FOWNER). Commands have none.

Not covered: a kernel exploit; each of /testbed and /tmp may grow to `disk_mb`, not both together. The site folder is
a bind mount, so the engine must be on this machine. Podman's socket serves too (DOCKER_HOST), but is not tested.
"""

__all__ = ["docker_works", "ensure_base_image", "open_docker", "reap_containers"]

import contextlib
import fcntl
import hashlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srl_swe.bundled import bundled
from srl_swe.errors import SandboxError
from srl_swe.sandbox.lease import is_dead, lease_name
from srl_swe.sandbox.sandbox import WORKSPACE, Limits, Root
from srl_swe.sandbox.stream import Stream
from srl_swe.sandbox.supervised import AGENT, GRADER, INODES, Supervised, settings

if TYPE_CHECKING:
    import docker

_LABEL = "srl-swe.lease"
_KEPT = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID"]


def open_docker(root: Root, limits: Limits) -> Supervised:
    """Start an empty sandbox in a container of its own; SandboxError if the engine does not."""
    with contextlib.ExitStack() as undo:
        client = _client()
        undo.callback(client.close)
        with _engine_trouble("the container could not be started"):
            container = client.api.create_container(
                root.image or ensure_base_image(),
                ["python3", "-I", "-S", "-c", bundled("sandbox", "supervisor.py").read_text()],
                entrypoint=[],
                user="0:0",
                working_dir="/",
                hostname="sandbox",
                stdin_open=True,
                network_disabled=not limits.network,
                labels={_LABEL: lease_name(secrets.token_hex(4))},
                host_config=_host_config(client, root, limits),
            )["Id"]
            undo.callback(_remove, client, container)
            attached = client.api.attach_socket(container, {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
            client.api.start(container)

        def stop(failed: bool) -> None:
            # The closed stream has ended the supervisor and the engine removes the container; asking costs 180 ms
            attached.close()
            if failed:
                _remove(client, container)
            client.close()

        sandbox = Supervised("docker", Stream(getattr(attached, "_sock", attached), multiplexed=True), limits, stop)
        undo.callback(sandbox.close)
        sandbox.begin(settings(root, limits) | {"notes": ["memory, pids and cpus by cgroup", "disk by tmpfs"]})
        undo.pop_all()
    return sandbox


@cache
def ensure_base_image() -> str:
    """The name of the base image, built first if this engine does not have it: once, a minute or three."""
    script = bundled("sandbox", "build-base.sh")
    name = f"srl-swe-base:{hashlib.sha256(script.read_bytes()).hexdigest()[:12]}"
    with contextlib.closing(_client()) as client, _one_builder():
        if not _has_image(client, name):
            print(f"docker: building the base image {name}, once; this takes a few minutes", file=sys.stderr)
            built = subprocess.run(["/bin/sh", str(script), name], capture_output=True, text=True, check=False)
            if built.returncode != 0:
                said = (built.stderr or built.stdout).strip()[-500:]
                raise SandboxError(f"docker: sandbox/build-base.sh could not build {name}: {said}")
    return name


def docker_works() -> tuple[bool, str]:
    """Whether an engine answers and runs a sandbox, and a sentence about it. Builds nothing."""
    try:
        with contextlib.closing(_client()) as client, _engine_trouble("no engine answers"):
            version = client.version()["Version"]
            script = bundled("sandbox", "build-base.sh").read_bytes()
            ready = _has_image(client, f"srl-swe-base:{hashlib.sha256(script).hexdigest()[:12]}")
        if not ready:
            return True, f"engine {version} answers; the first sandbox builds the base image, which takes minutes."
        with open_docker(Root(), Limits()) as sandbox:
            answer = sandbox.run("echo works", timeout_s=10.0)
    except SandboxError as error:
        return False, f"{str(error).removeprefix('docker: ')}. Start one (on Debian: sandbox/install-engine.sh)."
    if answer.output != b"works\n":
        return False, f"a command inside said {answer.text.strip()!r} instead of 'works'."
    return True, f"engine {version} works."


def reap_containers() -> list[str]:
    """Remove the containers whose owner is dead; none where no engine answers."""
    removed = []
    try:
        with contextlib.closing(_client()) as client, _engine_trouble("no engine answers"):
            for container in client.api.containers(all=True, filters={"label": _LABEL}):
                if is_dead(container["Labels"][_LABEL]):
                    with contextlib.suppress(SandboxError), _engine_trouble("already being removed"):
                        client.api.remove_container(container["Id"], force=True, v=True)
                        removed.append(f"container {container['Id'][:12]}")
    except SandboxError:
        return removed
    return removed


def _host_config(client: "docker.DockerClient", root: Root, limits: Limits) -> Any:
    import docker.types

    def tmpfs(size_mb: int, mode: str, owner: int = 0) -> str:
        return f"rw,exec,nosuid,nodev,size={size_mb}m,nr_inodes={INODES},mode={mode},uid={owner},gid={owner}"

    return client.api.create_host_config(
        network_mode="bridge" if limits.network else "none",
        cap_drop=["ALL"],
        cap_add=_KEPT,
        security_opt=["no-new-privileges:true"],
        mem_limit=f"{limits.memory_mb}m",
        memswap_limit=f"{limits.memory_mb}m",
        pids_limit=limits.pids + 2,  # the init and the supervisor
        nano_cpus=int(limits.cpus * 1e9),
        read_only=True,
        tmpfs={
            WORKSPACE: tmpfs(limits.disk_mb, "755", AGENT),
            "/tmp": tmpfs(limits.disk_mb, "1777"),
            "/home/agent": tmpfs(min(limits.disk_mb, 64), "755", AGENT),
            "/home/grader": tmpfs(min(limits.disk_mb, 64), "755", GRADER),
        },
        binds=[f"{root.site.resolve()}:/opt/site:ro"] if root.site else [],
        init=True,
        auto_remove=True,
        log_config=docker.types.LogConfig(type="none"),
        shm_size=f"{min(limits.disk_mb, 64)}m",
        privileged=False,
    )


def _client() -> "docker.DockerClient":
    import docker

    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    with _engine_trouble(f"no engine answers at {host}"):
        if host.startswith("unix://"):  # first by ourselves: the client leaves an open socket behind when it fails
            with socket.socket(socket.AF_UNIX) as knock:
                knock.connect(host.removeprefix("unix://"))
        return docker.DockerClient.from_env(timeout=120)


@contextlib.contextmanager
def _engine_trouble(what: str) -> Iterator[None]:
    """Whatever the engine or the way to it says becomes one sentence."""
    import docker.errors

    try:
        yield
    except (docker.errors.DockerException, OSError) as error:
        detail = getattr(error, "explanation", None) or error
        raise SandboxError(f"docker: {what}: {detail}") from error


def _has_image(client: "docker.DockerClient", name: str) -> bool:
    import docker.errors

    try:
        client.images.get(name)
    except docker.errors.ImageNotFound:
        return False
    return True


@contextlib.contextmanager
def _one_builder() -> Iterator[None]:
    """Several processes that need the image wait for the one that builds it."""
    with Path(tempfile.gettempdir(), f"srl-swe-base-{os.getuid()}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove(client: "docker.DockerClient", container: str) -> None:
    """Gone already is as good as removed: the engine removes a container whose stream was closed."""
    with contextlib.suppress(SandboxError), _engine_trouble("it is being removed"):
        client.api.remove_container(container, force=True, v=True)
