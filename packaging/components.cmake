# SPDX-License-Identifier: GPL-2.0-or-later
# Read by CPack once for each kind of package.
# Two builds of one commit give the same packages.
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  set(ENV{SOURCE_DATE_EPOCH} ${CPACK_EPOCH})
endif()
set(CPACK_COMPONENTS_ALL Unspecified)
if(CPACK_GENERATOR STREQUAL DEB)
  list(APPEND CPACK_COMPONENTS_ALL debian)
elseif(CPACK_GENERATOR STREQUAL RPM)
  list(APPEND CPACK_COMPONENTS_ALL rpm)
endif()
