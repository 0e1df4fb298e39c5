#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What `loadshare which --nodes` plans with is what Pacemaker's own scheduler does.
bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR" || return; }

# synthetic_cib NODES BUCKETS STICKINESS: such a cluster, up, with nothing started.
synthetic_cib() {
  local node
  echo '<cib crm_feature_set="3.0.14" validate-with="pacemaker-3.0" epoch="1" num_updates="0" admin_epoch="0" have-quorum="1" dc-uuid="1">'
  echo '<configuration><crm_config><cluster_property_set id="options">
    <nvpair id="stonith" name="stonith-enabled" value="false"/>
    <nvpair id="probes" name="enable-startup-probes" value="false"/></cluster_property_set></crm_config><nodes>'
  for ((node = 1; node <= $1; node++)); do echo "<node id=\"$node\" uname=\"node$node\"/>"; done
  cat <<END
</nodes><resources><clone id="clone"><meta_attributes id="of-clone">
    <nvpair id="unique" name="globally-unique" value="true"/>
    <nvpair id="max" name="clone-max" value="$2"/><nvpair id="node-max" name="clone-node-max" value="$2"/>
  </meta_attributes><primitive id="ip" class="ocf" provider="loadshare" type="ClusterIP">
    <meta_attributes id="of-ip"><nvpair id="sticky" name="resource-stickiness" value="$3"/></meta_attributes>
  </primitive></clone></resources><constraints/></configuration><status>
END
  for ((node = 1; node <= $1; node++)); do
    echo "<node_state id=\"$node\" uname=\"node$node\" in_ccm=\"true\" crmd=\"online\" join=\"member\" expected=\"member\">
      <lrm id=\"$node\"><lrm_resources/></lrm></node_state>"
  done
  echo '</status></cib>'
}

# simulate FROM TO [OPTION…]: the scheduler's next step; "INSTANCE NODE" of each, by instance.
simulate() {
  crm_simulate --xml-file "$1" --simulate --save-output "$2" "${@:3}" >simulated || return
  awk '/Full List of Resources/ { count = 0 }
    /ip:[0-9]+.*Started/ { split($2, ip, ":"); line[count++] = ip[2] " " $NF }
    END { for (at = 0; at < count; at++) print line[at] }' simulated | sort -n
}

# most: buckets of the node that has most; fails where nodes differ by more than one.
most() {
  awk -v nodes="$1" '{ count[$2]++ }
    END { for (node in count) { seen++; if (count[node] > most) most = count[node]
            if (least == "" || count[node] < least) least = count[node] }
          print most
          exit !(most - (seen < nodes ? 0 : least) <= 1) }'
}

# planned NODES BUCKETS: "UP MOST" with all nodes, one failed, two failed.
planned() {
  "$LOADSHARE_BUILD/loadshare" which 10.0.0.100 --total "$2" --nodes "$1" --json 192.0.2.1 |
    awk '/"up":/ { up = $2 + 0 } /"most_buckets":/ { print up, $2 + 0 }'
}

# stays SURVIVORS-OF BEFORE AFTER: no bucket of another node has moved.
stays() { diff <(grep -v " $1\$" "$2") <(join <(grep -v " $1\$" "$2" | sort) <(sort "$3") | awk '{ print $1, $3 }' | sort -n); }

# agree NODES BUCKETS STICKINESS
agree() {
  local failed up seen=()
  synthetic_cib "$@" >0.xml
  simulate 0.xml up-0.xml >0
  [ "$(wc -l <0)" = "$2" ]
  seen+=("$1 $(most "$1" <0)")
  for ((failed = 1, up = $1 - 1; failed <= 2 && up > 0; failed++, up--)); do
    simulate "up-$((failed - 1)).xml" "up-$failed.xml" "--node-fail=node$((failed + 1))" >"$failed"
    stays "node$((failed + 1))" "$((failed - 1))" "$failed"
    seen+=("$up $(most "$up" <"$failed")")
  done
  [ "$(planned "$1" "$2")" = "$(printf '%s\n' "${seen[@]}")" ] ||
    { echo "$*: Pacemaker: ${seen[*]}; planned: $(planned "$1" "$2")"; return 1; }
}

@test "Pacemaker deals buckets out as planned, through two failures, whatever the stickiness" {
  local nodes_and_buckets stickiness
  for nodes_and_buckets in "2 2" "3 3" "3 6" "3 7" "4 12" "5 15" "5 16" "8 40" "12 100"; do
    for stickiness in 0 1 100; do
      # shellcheck disable=SC2086 # two words
      agree $nodes_and_buckets "$stickiness"
    done
  done
}
