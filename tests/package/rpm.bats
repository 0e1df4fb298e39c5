#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The .rpm has what the .deb has, with the same modes, and needs what that one needs.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load package

# of_deb and of_rpm: mode, size and name of each file, sorted by name. Folders of others are no part of an .rpm.
of_deb() {
  (cd "$(unpacked)" && find . -type f ! -name changelog.Debian.gz -printf '%#m %s %P\n' | sed 's/^0//; s, \([^ ]*\)$, /\1,' |
    sort -k 3)
}
of_rpm() {
  rpm --query --package --queryformat '[%{FILEMODES:octal} %{FILESIZES} %{FILENAMES}\n]' "$RPM" |
    sed -n 's/^10\([0-7]*\)/\1/p' | sed 's/^0//' | grep -v '/usr/share/licenses/' | sort -k 3
}

@test "the same files, with the same modes and sizes" {
  diff <(of_deb) <(of_rpm)
  of_rpm | grep -q '^755 .* /usr/lib/ocf/resource.d/loadshare/ClusterIP$'
  of_rpm | grep -q '^755 .* /usr/sbin/loadshare$'
}

@test "all belongs to root" {
  run -0 rpm --query --package --queryformat '[%{FILEUSERNAME}:%{FILEGROUPNAME}\n]' "$RPM"
  [ "$(sort -u <<<"$output")" = root:root ]
}

@test "it owns its folder among the agents, and no folder of others" {
  local folders
  folders=$(rpm --query --package --queryformat '[%{FILEMODES:octal} %{FILENAMES}\n]' "$RPM" | sed -n 's/^4[0-7]* //p')
  [ "$(sort <<<"$folders")" = "$(printf '%s\n' /usr/lib/ocf/resource.d/loadshare /usr/share/doc/loadshare \
    /usr/share/doc/loadshare/docs /usr/share/doc/loadshare/docs/performance /usr/share/licenses/loadshare)" ]
}

@test "it needs the same libraries, and resource-agents" {
  local of_helper
  of_helper=$(objdump -p "$(unpacked)/usr/sbin/loadshare" | awk '$1 == "NEEDED" { print $2 }' | grep -v ^ld- | sort)
  diff <(echo "$of_helper") \
    <(rpm --query --package --requires "$RPM" | sed -n 's/^\(lib[^(]*\)(.*/\1/p' | sort -u)
  rpm --query --package --requires "$RPM" | grep -qx resource-agents
}

@test "it has the version of the .deb, and the licence" {
  [ "$(rpm --query --package --queryformat '%{VERSION}-%{RELEASE}' "$RPM")" = "$(dpkg-deb --field "$DEB" Version)" ]
  [ "$(rpm --query --package --queryformat '%{LICENSE}' "$RPM")" = GPL-2.0-or-later ]
  rpm --query --package --list "$RPM" | grep -qx /usr/share/licenses/loadshare/LICENSE
}
