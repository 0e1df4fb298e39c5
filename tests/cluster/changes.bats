#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The administrator changes the configuration of a live cluster. As root: ./dev cluster
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0
source "$BATS_TEST_DIRNAME/suite.bash"

teardown() {
  observe_no_more
  property 1 maintenance-mode false
}

@test "configured with crm: each of 64 clients is answered by one node" {
  audit
  [ "$(buckets 1) $(buckets 2) $(buckets 3)" = "2 2 2" ]
  [ "$lost" = 0 ]
}

@test "configured as pcs writes it" {
  unconfigure 1
  print_as_pcs_does | on 1 cibadmin --create --scope resources --xml-pipe
  await 30 all_started 1 6
  await_settled 1
  audit
}

print_as_pcs_does() {
  cat <<END
<clone id="cluster-ip-clone">
  <primitive class="ocf" id="cluster-ip" provider="loadshare" type="ClusterIP">
    <instance_attributes id="cluster-ip-instance_attributes">
      <nvpair id="cluster-ip-instance_attributes-backend" name="backend" value="$BACKEND"/>
      <nvpair id="cluster-ip-instance_attributes-cidr_netmask" name="cidr_netmask" value="16"/>
      <nvpair id="cluster-ip-instance_attributes-ip" name="ip" value="$VIP"/>
      <nvpair id="cluster-ip-instance_attributes-mac" name="mac" value="$VIP_MAC"/>
      <nvpair id="cluster-ip-instance_attributes-nic" name="nic" value="cluster0"/>
    </instance_attributes>
    <meta_attributes id="cluster-ip-meta_attributes">
      <nvpair id="cluster-ip-meta_attributes-resource-stickiness" name="resource-stickiness" value="0"/>
    </meta_attributes>
    <operations>
      <op id="cluster-ip-monitor-interval-3s" interval="3s" name="monitor" timeout="20s"/>
      <op id="cluster-ip-start-interval-0s" interval="0s" name="start" timeout="20s"/>
      <op id="cluster-ip-stop-interval-0s" interval="0s" name="stop" timeout="20s"/>
    </operations>
  </primitive>
  <meta_attributes id="cluster-ip-clone-meta_attributes">
    <nvpair id="cluster-ip-clone-meta_attributes-clone-max" name="clone-max" value="6"/>
    <nvpair id="cluster-ip-clone-meta_attributes-clone-node-max" name="clone-node-max" value="8"/>
    <nvpair id="cluster-ip-clone-meta_attributes-globally-unique" name="globally-unique" value="true"/>
  </meta_attributes>
</clone>
END
}

@test "clone-max changed while it runs: after a monitor interval nobody is answered twice" {
  local buckets
  for buckets in 8 6; do
    meta 1 clone-max "$buckets"
    await 30 all_started 1 "$buckets"
    sleep 4
    await_settled 1
    await 30 all_started 1 "$buckets"
    look
    echo "# clone-max $buckets: ${seen[duplicate]} double answers, ${seen[lost]} pings lost, outage ${seen[outage]}" >&3
    everyone_once
  done
}

@test "moves from all sides at once" {
  local round jobs=()
  for round in 1 2 3 4; do
    standby $((round % 3 + 1)) & jobs=($!)
    on $((round % 2 + 1)) crm_resource --ban --resource cluster-ip-clone --node "node$(((round + 1) % 3 + 1))" >/dev/null 2>&1 & jobs+=($!)
    meta 3 resource-stickiness $((round % 2)) & jobs+=($!)
    wait "${jobs[@]}"
    use $((round % 3 + 1)) & jobs=($!)
    on 3 crm_resource --clear --resource cluster-ip-clone >/dev/null 2>&1 & jobs+=($!)
    wait "${jobs[@]}"
  done
  meta 1 resource-stickiness 0
  await_settled 1
  await 30 all_started 1 6
  audit
}

@test "in maintenance mode all go on answering, and nothing is repaired" {
  property 1 maintenance-mode true
  await_settled 1
  audit
  [ "$lost" = 0 ]
  take_program_away 2
  sleep 4
  look
  nothing_twice
  [ "${clients_of[2]}" = 0 ]
  property 1 maintenance-mode false
  await 20 answering_again
  await_settled 1
  audit
}

answering_again() { look && nothing_twice && [ "${seen[silent]}" = 0 ]; }
