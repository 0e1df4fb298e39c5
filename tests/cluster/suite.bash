# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every test begins and ends with: a whole cluster, and an observer among the clients.

here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
# shellcheck source=tests/cluster/lab.bash
source "$here/lab.bash"
# shellcheck source=tests/cluster/resource.bash
source "$here/resource.bash"
# shellcheck source=tests/cluster/audit.bash
source "$here/audit.bash"

setup() {
  whole
  observe
  everyone_once
}

teardown() { observe_no_more; }

# Whatever the test before has left: three nodes, all in use, six buckets, nothing failed.
whole() {
  local node
  for node in 1 2 3; do
    is_on "$node" || power_on "$node"
    heal_link "$node"
    rm -f "$CLUSTER/node$node/bin/loadshare"
  done
  await_members 1 2 3
  for node in 1 2 3; do use "$node"; done
  await_decided 1
  [ "$(all_started 1 6 && echo yes)" = yes ] || {
    on 1 crm_resource --cleanup >/dev/null 2>&1
    await 30 all_started 1 6
  }
  await_settled 1
}
