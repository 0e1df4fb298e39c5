# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The cluster address as a resource of the cluster. Sourced behind lab.bash.

# print_configuration [BUCKETS [STICKINESS [SECONDS]]]: monitored every so many SECONDS; for crm configure. In one commit: a
# primitive that is committed alone starts alone, as the only bucket of one. More of both: PARAMETERS and CLONE_META.
print_configuration() {
  cat <<END
primitive $RESOURCE ocf:loadshare:ClusterIP \\
  params ip=$VIP nic=cluster0 cidr_netmask=$VIP_PREFIX \\
    mac=$VIP_MAC backend=$BACKEND ${PARAMETERS:-} \\
  op start timeout=$((20 * SLOWNESS))s op stop timeout=$((20 * SLOWNESS))s \\
  op monitor interval=${3:-10}s timeout=$((20 * SLOWNESS))s \\
  meta resource-stickiness=${2:-0}
clone $RESOURCE-clone $RESOURCE \\
  meta globally-unique=true clone-max=${1:-6} clone-node-max=${1:-6} ${CLONE_META:-}
END
}

# configure NODE [BUCKETS [STICKINESS [SECONDS]]]: the clone, with crm; returns when it runs, or says why not.
configure() {
  local said
  said=$({ print_configuration "${@:2}"; echo commit; } | on "$1" crm configure 2>&1) &&
    await 60 all_started "$1" "${2:-6}" && await_settled "$1" && return
  {
    echo "The cluster does not start its resource; crm and node$1 say:"
    echo "$said"
    on "$1" crm_mon --one-shot --include=none,dc,nodes,resources,failures
  } >&2
  return 1
}

# all_started NODE BUCKETS: each bucket on one node, as that node sees it.
all_started() {
  [ "$(cluster_xml "$1" | xmllint --xpath \
    "count(//clone[@id='$RESOURCE-clone']/resource[@role='Started' and @active='true' and @failed='false' and @nodes_running_on='1'])" -)" = "$2" ]
}

# unconfigure NODE: stops the clone and forgets it.
unconfigure() {
  meta "$1" target-role Stopped && await 30 all_started "$1" 0 && await_settled "$1" &&
    on "$1" cibadmin --delete --scope resources --xpath "//clone[@id='$RESOURCE-clone']"
}

# meta NODE NAME VALUE: changes a meta attribute of the clone.
meta() { on "$1" crm_resource --resource "$RESOURCE-clone" --meta --set-parameter "$2" --parameter-value "$3" >/dev/null; }

# operations NODE NAME SINCE: how many ms each such operation took that was begun at SINCE (in s) or later.
operations() {
  local times
  times=$(on "$1" cibadmin --query --xpath //status | xmllint --xpath \
    "//lrm_rsc_op[@operation='$2' and @last-rc-change>=$3]/@exec-time" - 2>/dev/null)
  times=${times//[^0-9]/ }
  # shellcheck disable=SC2086 # words
  echo $times
}

# standby NODE and use NODE: no resource runs there, or may again; asked of a node that is on.
standby() { on "$1" crm_standby --node "node$1" --update on --lifetime forever; }
use() { on "$1" crm_standby --node "node$1" --delete --lifetime forever >/dev/null 2>&1; }

# property NODE NAME VALUE: of the whole cluster.
property() { on "$1" crm_attribute --type crm_config --name "$2" --update "$3"; }

# holds_nothing NODE: the address is not even configured there.
holds_nothing() { ! on "$1" ip -o address show to "$VIP" | grep -q .; }
holds_something() { ! holds_nothing "$1"; }

# decides NODE: the address has buckets in the program there.
decides() { on "$1" "$TRAFFIC" decider --interface cluster0 --address "$VIP" | grep -q '[0-9]'; }

# take_program_away NODE: the one that decides, by a hand that is not ours.
take_program_away() { on "$1" "$TRAFFIC" decider --interface cluster0 --spoil detach; }

# reload_firewalls: of all nodes, as nftables.service does it.
reload_firewalls() {
  local node
  for node in 1 2 3; do on "$node" nft flush ruleset || return; done
}
