#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a call of the cluster costs, in what does not vary from run to run: processes, programs, messages
# to the kernel, system calls. Whoever adds to it meets the list below. For time there is ./dev bench.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster

# bats file_tags=ebpf

# At most so many of a call. Processes and programs: all that the agent starts, itself included.
# Messages: netlink's. Calls: system calls of the helper, without those of its loader.
#      call      processes programs messages calls
costs='first             3        2       43   694
       monitor           2        2       12   198
       probe             2        2       12   194
       further           3        2       30   511
       not-last          2        2       18   308
       last              3        2       40   622
       validate          2        2       14   165
       meta-data         3        2        0     0'

setup_file() { lab_up 1 1; }
teardown_file() { lab_down; }

# traced CALL BUCKET ACTION [INTERVAL]: as Pacemaker does it, on a member of a cluster, with the
# configuration in its place.
traced() {
  trace=$BATS_TEST_TMPDIR/$1
  # As many announcements as by default, which are sent in the background; strace waits for the last.
  # shellcheck disable=SC2016 # the shell inside expands it
  env OCF_RESKEY_arp_count=5 OCF_RESKEY_arp_interval=1 OCF_RESOURCE_INSTANCE=cluster-ip:0 PCMK_cluster_type=corosync \
    OCF_RESKEY_CRM_meta_clone=$(($2 - 1)) "OCF_RESKEY_CRM_meta_interval=${4:-0}" \
    ip netns exec "$LAB-node1" sh -c 'mount -t tmpfs none /var/lib && mkdir -p /var/lib/pacemaker/cib &&
      echo "$0" >/var/lib/pacemaker/cib/cib.xml && exec strace -f -qq -o "$@"' "$configuration" \
    "$trace" "$AGENT" "$3" >/dev/null
}
configuration='<cib><configuration><resources><clone id="c"><meta_attributes id="m">
  <nvpair id="n" name="clone-max" value="3"/></meta_attributes>
  <primitive id="cluster-ip" class="ocf" provider="loadshare" type="ClusterIP"/>
  </clone></resources></configuration></cib>'

# counted CALL: its line of the list, as it was this time.
counted() {
  awk -v call="$1" '
    { processes[$1] }
    / execve\(.* = 0$/ || / execve resumed.* = 0$/ { programs++ }
    / execve\("[^"]*\/loadshare"/ { helper[$1] }
    / resumed>/ || / [+-][+-][+-] / { next } # the second half of a line, or the end
    / sendto\(.*nlmsg_/ { messages++ }
    $1 in begun { calls++ }
    # The loader is done when it unmaps its cache.
    $1 in helper && / munmap\(/ { begun[$1] }
    END { print call, length(processes), programs, messages + 0, calls + 0 }' "$trace"
}

# no_more_than CALL: what the list says, and not much less either, or the list is no guard. System calls are libbpf's and
# the C library's, too, and listed for those of Debian 12; on another nobody compares them.
no_more_than() {
  local now compared=4
  # shellcheck source=/dev/null # the machine's
  [ "$(. /etc/os-release && echo "$VERSION_CODENAME")" != bookworm ] || compared=5
  now=$(counted "$1")
  awk -v now="$now" -v compared="$compared" '
    BEGIN { split(now, is) }
    $1 == is[1] {
      for (n = 2; n <= compared; n++) if (is[n] > $n || is[n] < $n * 0.9) bad = 1
      found = 1
      if (bad) print "listed: " $0 "; it is: " now
    }
    END { exit bad || !found }' <<<"$costs"
}

@test "eBPF: a resource's life costs what is listed" {
  only_on ebpf
  traced validate 1 validate-all
  no_more_than validate
  traced first 1 start
  no_more_than first
  traced monitor 1 monitor 10000
  no_more_than monitor
  traced probe 1 monitor
  no_more_than probe
  traced further 2 start
  no_more_than further
  traced not-last 2 stop
  no_more_than not-last
  traced last 1 stop
  no_more_than last
  traced meta-data 1 meta-data
  no_more_than meta-data
}
