#!/usr/bin/env bats
# The scripts themselves: shellcheck, the shells that run them, their first lines.
# SPDX-License-Identifier: GPL-2.0-or-later

load agent

scripts() {
  printf '%s\n' "$agent" "$BATS_TEST_DIRNAME"/{.shellcheckrc,agent.bash,fixtures/*,*.bats}
}

@test "shellcheck finds nothing in the agent and the fake helper, as POSIX shell" {
  shellcheck --shell=sh "$agent" "$BATS_TEST_DIRNAME"/fixtures/loadshare
}

@test "shellcheck finds nothing in the tests" {
  shellcheck "$BATS_TEST_DIRNAME"/agent.bash "$BATS_TEST_DIRNAME"/*.bats
}

@test "every exception from shellcheck has its reason, in the same line or in the comment before it" {
  local files
  mapfile -t files < <(scripts)
  run -0 awk '/^( *# shellcheck )?(disable|source)=/ && !/=[^ ]* # / && before !~ /^ *# / {
    print FILENAME ": " $0 } { before = $0 }' "${files[@]}"
  echo "$output"
  [ -z "$output" ]
}

@test "every file says what it is and under which licence" {
  local script
  while read -r script; do
    head -n 3 "$script" | grep -Fx '# SPDX-License-Identifier: GPL-2.0-or-later'
    head -n 2 "$script" | grep '^# [A-Z]'
  done < <(scripts)
}

@test "the agent is executable for everybody" {
  [ "$(stat -c %a "$agent")" = 755 ]
}

@test "dash and bash --posix run every action alike" {
  given ip=10.0.0.100 CRM_meta_clone=1 CRM_meta_clone_max=3
  for action in start stop monitor status validate-all meta-data usage bogus; do
    for code in 0 1; do
      fake_helper $code $'information\n' $'reason\n'
      agent_shell=(dash)
      run --separate-stderr agent $action
      # ocf_log names the process and the second: not in the comparison
      by_dash="$status $output $stderr $(helper_calls) $(sed 's/.*]: *//' "$log" 2>/dev/null || :)"
      rm -f "$log" "$BATS_TEST_TMPDIR/calls"
      agent_shell=(bash --posix)
      run --separate-stderr agent $action
      by_bash="$status $output $stderr $(helper_calls) $(sed 's/.*]: *//' "$log" 2>/dev/null || :)"
      rm -f "$log" "$BATS_TEST_TMPDIR/calls"
      diff <(echo "$by_dash") <(echo "$by_bash")
    done
  done
}

@test "a kernel test is kept from the CLUSTERIP guest only where it says that it is about ebpf alone" {
  cd "$BATS_TEST_DIRNAME/../kernel"
  run -0 awk '
    FNR == 1 { tagged = 0 }
    tagged && /only_on ebpf|on_ipv6/ { tagged = 0 }
    tagged && /^}/ { print FILENAME ": " test; tagged = 0 }
    /^# bats test_tags=ebpf/ { tagged = 1 }
    /^@test/ { test = $0 }' ./*.bats
  [ -z "$output" ]
  run -0 grep -l 'file_tags=ebpf' ./*.bats
  for file in "${lines[@]}"; do grep -q 'only_on ebpf' "$file"; done
}
