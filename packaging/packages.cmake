# SPDX-License-Identifier: GPL-2.0-or-later
# .deb and .rpm, by CPack: `./dev package`.
set(CPACK_GENERATOR DEB RPM)
set(CPACK_PACKAGE_NAME ${PROJECT_NAME})
set(CPACK_PACKAGE_VENDOR "the loadshare authors")
set(CPACK_PACKAGE_CONTACT ${LOADSHARE_MAINTAINER})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "load-sharing cluster IP address for Pacemaker")
set(CPACK_PACKAGE_DESCRIPTION
"Several machines hold one IP address at the same time and answer its clients
together: every packet reaches all of them, each hashes it, and the one that
owns the hash bucket answers. No balancer stands in front and no machine
talks to another; when a machine dies, its buckets start on the others.

It is a resource agent for Pacemaker, ocf:loadshare:ClusterIP, and the command
loadshare behind it, which works without a cluster as well. It does what the
clone mode of ocf:heartbeat:IPaddr2 used to do, with CLUSTERIP on old kernels
and with an eBPF program on new ones, for IPv4 and IPv6.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_EPOCH ${LOADSHARE_EPOCH})
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
  GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_SOURCE_DIR}/components.cmake)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS resource-agents)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS pacemaker)

set(CPACK_RPM_COMPONENT_INSTALL ON)
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_RELEASE 1)
set(CPACK_RPM_PACKAGE_LICENSE GPL-2.0-or-later)
set(CPACK_RPM_PACKAGE_GROUP "System Environment/Daemons")
set(CPACK_RPM_PACKAGE_REQUIRES resource-agents)
# CPack has stripped the helper already; links from build-ids would be folders of others.
# The rest: that it is the same whenever and wherever it is made.
set(CPACK_RPM_SPEC_MORE_DEFINE "%define _build_id_links none\n%define __strip /bin/true
%define use_source_date_epoch_as_buildtime 1\n%define clamp_mtime_to_source_date_epoch 1
%define _buildhost localhost")
# What other packages own; resource.d/loadshare is ours.
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
  /usr/lib/ocf /usr/lib/ocf/resource.d /usr/sbin /usr/share/bash-completion
  /usr/share/bash-completion/completions /usr/share/licenses /usr/share/man /usr/share/man/man7
  /usr/share/man/man8)

include(CPack)
