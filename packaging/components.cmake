# SPDX-License-Identifier: GPL-2.0-or-later
# Read by CPack once for each kind of package.
set(CPACK_COMPONENTS_ALL Unspecified)
if(CPACK_GENERATOR STREQUAL DEB)
  list(APPEND CPACK_COMPONENTS_ALL debian)
elseif(CPACK_GENERATOR STREQUAL RPM)
  list(APPEND CPACK_COMPONENTS_ALL rpm)
endif()
