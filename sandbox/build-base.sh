#!/bin/sh
# Build the base image IMAGE: Debian 12 with python3 and git, and the users of a sandbox. As root with debootstrap it
# takes packages from the Debian mirror alone; where debootstrap is missing, from python:3.11-slim of a registry.
# Usage: build-base.sh [IMAGE]    (DEBIAN_MIRROR names another mirror)
# Without IMAGE the name is the one that srl-swe looks for, and nothing is done where the engine has it already.
set -eu

image=${1:-srl-swe-base:$(sha256sum "$0" | cut -c1-12)}
if [ $# = 0 ] && docker image inspect "$image" >/dev/null 2>&1; then
    echo "$image"
    exit 0
fi
work=$(mktemp -d -p /var/tmp) # /tmp may be mounted without devices, which debootstrap needs
trap 'rm -rf "$work"' EXIT INT TERM

furnish='
set -e
mkdir -p /opt/bin /opt/site /testbed /home/agent /home/grader
ln -sf "$(command -v python3)" /opt/bin/python
ln -sf "$(command -v python3)" /opt/bin/python3
printf "#!/bin/sh\nexec python3 -m pytest \"\$@\"\n" >/opt/bin/pytest
chmod 755 /opt/bin/pytest
for user in agent:10001 grader:10002; do
    echo "${user%:*}:x:${user#*:}:${user#*:}:${user%:*}:/home/${user%:*}:/bin/sh" >>/etc/passwd
    echo "${user%:*}:x:${user#*:}:" >>/etc/group
done
rm -rf /var/cache/apt/* /var/lib/apt/lists/* /var/log/* /usr/share/doc/* /usr/share/man/* /usr/share/locale/* \
    /usr/share/info/* /etc/machine-id
find / -xdev -type f -perm /6000 -exec chmod a-s {} +
'

if [ "$(id -u)" = 0 ] && command -v debootstrap >/dev/null; then
    debootstrap --variant=minbase --include=python3,git,patch,procps bookworm "$work/root" \
        "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$work/log" 2>&1 || {
        echo "debootstrap failed: $(tail -n 3 "$work/log")" >&2
        exit 1
    }
    chroot "$work/root" /bin/sh -c "$furnish"
    tar -C "$work/root" -c . | docker import -c 'CMD ["/bin/sh"]' - "$image" >/dev/null
else
    printf 'FROM python:3.11-slim\nRUN apt-get update && apt-get install -y --no-install-recommends git patch procps\n' >"$work/Dockerfile"
    printf '%s' "$furnish" >"$work/furnish"
    printf 'COPY furnish /furnish\nRUN sh /furnish && rm /furnish\n' >>"$work/Dockerfile"
    docker build -q -t "$image" "$work" >/dev/null
fi
echo "$image"
