# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The packages, and a bare Debian in a network namespace of its own. Sourced by bats files.

: "${PACKAGES:?where ./dev package has put them}"
: "${CACHE:?where the bare Debian is kept}"
DEB=$(echo "$PACKAGES"/*.deb) RPM=$(echo "$PACKAGES"/*.rpm)
REPOSITORY=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)

# unpacked: the files of the .deb, in a folder of the test file.
unpacked() {
  local folder=$BATS_FILE_TMPDIR/unpacked
  [ -d "$folder" ] || dpkg-deb --extract "$DEB" "$folder"
  echo "$folder"
}

# bare_debian_up: returns with a machine that has eth0 in 10.99.0.0/24 and a friend on the wire.
bare_debian_up() {
  local archive
  export ROOT=$BATS_FILE_TMPDIR/root LAB=lspkg$$
  archive=$("$REPOSITORY/tests/package/root" "$CACHE" "$DEB") || return
  unpack_root "$archive" || return
  ip netns add "$LAB" && ip netns add "$LAB-friend" || return
  ip -n "$LAB" link add eth0 type veth peer name eth0 netns "$LAB-friend"
  printf '%s\n' "link set lo up" "link set eth0 up" "address add 10.99.0.1/24 brd + dev eth0" |
    ip -n "$LAB" -batch -
  printf '%s\n' "link set eth0 up" "address add 10.99.0.2/24 brd + dev eth0" |
    ip -n "$LAB-friend" -batch -
}

unpack_root() { mkdir "$ROOT" && tar -C "$ROOT" -xf "$1"; }

bare_debian_down() {
  ip netns del "$LAB" 2>/dev/null
  ip netns del "$LAB-friend" 2>/dev/null
  remove_root
}

# Nothing may be mounted there any more, as what is mounted is the machine's; and if it is, it stays.
remove_root() {
  if grep -qF " $ROOT/" /proc/self/mountinfo; then
    echo "still mounted below $ROOT" >&2
    return 1
  fi
  rm -rf --one-file-system "${ROOT:?}"
}

# inside COMMAND…: there, as root, with nothing of our own environment but OCF_….
inside() {
  # shellcheck disable=SC2016 # the shell inside expands it
  ip netns exec "$LAB" unshare --mount --pid --fork --kill-child --propagation private bash -c '
    mount -t proc proc "$1/proc" && mount -t sysfs sysfs "$1/sys" && mount --rbind /dev "$1/dev" &&
      mount -t tmpfs tmpfs "$1/run" || exit
    mkdir -p "$1/run/lock" "$1/run/resource-agents"
    mapfile -t given < <(env | grep ^OCF_)
    exec env -i "${given[@]}" PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot "$1" "${@:2}"
  ' inside "$ROOT" "$@"
}

friend() { ip netns exec "$LAB-friend" "$@"; }
