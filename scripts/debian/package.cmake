# SPDX-License-Identifier: MIT
# cpack makes a package for Debian. README has the options of the build with which lintian(1) accepts
# it: programs that share their libraries, below /usr.
set(CPACK_GENERATOR DEB)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PACKAGE_CONTACT "The row sums authors <rowsum@users.noreply.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "row sums of CSV files, by several processes joined with pipes")
set(CPACK_PACKAGE_DESCRIPTION "\
Reads CSV files of integers and prints \"index,sum\" for each row, in the order
of the input. Three small filters do the work: p1_read finds the rows, p2_sum
sums them, and p3_write puts the sums in order. run_pipeline.sh runs several
p2_sum at once, and replaces those that die.

Any other program can answer the rows in place of p2_sum. For workers in C++
there are a header, a library, and packages for CMake and pkg-config.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION math)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bzip2, xz-utils, zstd") # for compressed files

# Files that only a package of Debian has.
install(FILES ../LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright
  COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES debian/changelog DESTINATION ${CMAKE_INSTALL_DOCDIR}
  COMPONENT debian EXCLUDE_FROM_ALL)
set(CPACK_INSTALL_CMAKE_PROJECTS
  ${CMAKE_BINARY_DIR} ${PROJECT_NAME} ALL /
  ${CMAKE_BINARY_DIR} ${PROJECT_NAME} debian /)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/finish.cmake)
include(CPack)
