#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The .deb on a bare Debian: installed with its dependencies alone, used, removed. As root: ./dev package
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load package

README=$REPOSITORY/README.md
AGENT=/usr/lib/ocf/resource.d/loadshare/ClusterIP

setup_file() { bare_debian_up; }
teardown_file() { bare_debian_down; }

# agent ACTION: bucket 1 of 1, as Pacemaker calls it.
agent() {
  OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=cluster-ip OCF_RESKEY_ip=10.99.0.100 OCF_RESKEY_nic=eth0 \
    OCF_RESKEY_cidr_netmask=24 OCF_RESKEY_arp_count=1 inside "$AGENT" "$1"
}

# files: what lies in the bare Debian, but for notes and caches.
files() { (cd "$ROOT" && find . \( -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/log -o -path ./var/cache \) -prune -o -print | sort); }

@test "it says what it is" {
  [ "$(dpkg-deb --field "$DEB" Package)" = loadshare ]
  [ "$(dpkg-deb --field "$DEB" Version)" = "$(dpkg-parsechangelog -l "$REPOSITORY/packaging/debian/changelog" -S Version)" ]
  [ "$(dpkg-deb --field "$DEB" Section)" = admin ]
  [ "$(dpkg-deb --field "$DEB" Recommends)" = pacemaker ]
  [[ ", $(dpkg-deb --field "$DEB" Depends), " == *", resource-agents, "* ]]
  [[ $(dpkg-deb --field "$DEB" Depends) != *-dev* ]]
}

# lintian-known: the package is not made to be uploaded to Debian, and so closes no bug there.
@test "lintian has nothing to say that we do not know" {
  run lintian --allow-root --no-cfg --tag-display-limit 0 "$DEB"
  grep -v -f "$REPOSITORY/tests/package/lintian-known" <<<"$output" | grep . && return 1
  [ "$status" -eq 0 ]
}

@test "without its dependencies it refuses to be installed" {
  cp "$DEB" "$ROOT/loadshare.deb"
  inside dpkg --remove --force-depends resource-agents
  run inside dpkg --install /loadshare.deb
  [ "$status" -ne 0 ]
  [[ $output == *resource-agents* ]]
  inside dpkg --purge loadshare
  remove_root
  unpack_root "$("$REPOSITORY/tests/package/root" "$CACHE" "$DEB")"
}

@test "installed, the agent serves an address on a machine that has nothing but its dependencies" {
  mkdir -p "$ROOT/root/build/main/packages"
  cp "$DEB" "$ROOT/root/build/main/packages/"
  files >"$BATS_FILE_TMPDIR/files-before"
  # `./dev package` has been run; a recommended pacemaker cannot be had in here.
  inside sh -ec "cd /root; $("$REPOSITORY/tests/docs/snippet" "$README" "Install" 1 | sed '/^\.\/dev package$/d')"
  inside dpkg --status loadshare | grep -qx "Status: install ok installed"
  [ "$(inside stat --format '%a %U' "$AGENT")" = "755 root" ]
  inside dpkg --search /usr/lib/ocf/resource.d/loadshare
  agent meta-data | xmllint --noout --nonet -
  agent validate-all
  run -7 agent monitor
  agent start
  agent monitor
  friend ping -c 1 -W 5 10.99.0.100
  [ "$(friend ip neigh show 10.99.0.100 | awk '{ print $5 }')" = \
    "$(inside loadshare switch-config 10.99.0.100 --vendor linux | sed -n 's/^# Cluster MAC \([^,]*\),.*/\1/p')" ]
  agent stop
  run -7 agent monitor
}

@test "removed, nothing of it is left" {
  inside dpkg --purge loadshare
  files | diff "$BATS_FILE_TMPDIR/files-before" -
}
