# CPack runs this before it packs what it has installed: manual pages and changelogs are compressed.
file(GLOB_RECURSE texts ${CPACK_TEMPORARY_DIRECTORY}/usr/share/man/*
  ${CPACK_TEMPORARY_DIRECTORY}/usr/share/doc/rowsum/changelog)
execute_process(COMMAND gzip -9n ${texts} COMMAND_ERROR_IS_FATAL ANY)
