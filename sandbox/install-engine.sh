#!/bin/sh
# Install and start a Docker engine on a fresh Debian or Ubuntu, as root; does nothing where one answers already.
# What CI runs. Without systemd (a container, a small VM) the engine is started by hand, in a session of its own.
set -eu

answers() { [ -S /var/run/docker.sock ] && docker version >/dev/null 2>&1; }

if answers; then
    echo "docker: an engine answers already"
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "docker: no engine answers, and installing one takes root: sudo sandbox/install-engine.sh" >&2
    exit 1
fi
if ! command -v dockerd >/dev/null || ! command -v debootstrap >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    # docker-cli became a package of its own in Debian 13
    apt-get install -q -y --no-install-recommends docker.io iptables ca-certificates debootstrap
    command -v docker >/dev/null || apt-get install -q -y --no-install-recommends docker-cli
fi
if ! answers; then
    # Overlay needs a real file system below /var/lib/docker; on top of another overlay the engine falls back to vfs
    storage=overlay2
    [ "$(stat -f -c %T /var/lib)" != overlayfs ] || storage=vfs
    rm -f /var/run/docker.pid
    setsid dockerd --storage-driver "$storage" >/var/log/dockerd.log 2>&1 </dev/null &
fi
waited=0
until answers; do
    waited=$((waited + 1))
    if [ "$waited" -gt 60 ]; then
        echo "docker: the engine did not answer within a minute; the end of /var/log/dockerd.log:" >&2
        tail -n 20 /var/log/dockerd.log >&2
        exit 1
    fi
    sleep 1
done
echo "docker: an engine answers"
