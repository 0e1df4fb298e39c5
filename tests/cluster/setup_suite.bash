# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# One cluster for all files of a run: six buckets, configured with crm, monitored every three seconds
# or every $MONITOR_INTERVAL.

source_cluster() {
  local folder
  folder=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
  # shellcheck source=tests/cluster/lab.bash
  source "$folder/lab.bash"
  # shellcheck source=tests/cluster/resource.bash
  source "$folder/resource.bash"
}

setup_suite() {
  local IFS=$' \t\n' # bats 1.8 leaves a comma behind when it filters by tags
  # Beside other work on few cores, a short token would split the cluster.
  export CLUSTER_TOKEN=${CLUSTER_TOKEN:-$((2000 * ${SLOWNESS:-1}))}
  source_cluster
  trap cluster_down EXIT
  # Kept from the terminal unless it fails: bats shows nothing of a setup_suite by itself.
  cluster_up 2>"$BATS_SUITE_TMPDIR/said" && configure 1 6 0 "${MONITOR_INTERVAL:-3}" 2>>"$BATS_SUITE_TMPDIR/said" && return
  sed 's/^/# /' "$BATS_SUITE_TMPDIR/said" >&3
  return 1
}

teardown_suite() {
  source_cluster
  cluster_down
}
