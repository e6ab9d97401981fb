# SPDX-License-Identifier: MIT
# CPack runs this on what it has installed, before it makes a package of it: it compresses manual pages
# and the changelog, and makes directories readable, whatever the umask is.
set(root ${CPACK_TEMPORARY_DIRECTORY}/usr)
file(GLOB_RECURSE texts ${root}/share/man/* ${root}/share/doc/rowsum/changelog)
execute_process(COMMAND gzip -9n ${texts} COMMAND_ERROR_IS_FATAL ANY)
file(CHMOD_RECURSE ${root} DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
