# Target elfutils: libdw and libelf, and what they need that only a shared library remembers. Two of
# those are ours as well: liblzma for the symbols that a stripped program keeps compressed
# (.gnu_debugdata), zlib for the checksum of a file of debug information (.gnu_debuglink).
find_path(EBPF_ELFUTILS_INCLUDE_DIR elfutils/libdwelf.h REQUIRED)
add_library(elfutils INTERFACE)
target_include_directories(elfutils SYSTEM INTERFACE ${EBPF_ELFUTILS_INCLUDE_DIR})
set(libraries dw elf lzma z)
if(EBPF_STATIC)
  # In the order of need. libdwfl's half of libdw.a, with bzip2 and dlopen, is not linked: nothing
  # here calls it.
  list(TRANSFORM libraries REPLACE "(.+)" "lib\\1.a")
endif()
foreach(name IN LISTS libraries)
  find_library(EBPF_LIBRARY_${name} ${name} REQUIRED)
  target_link_libraries(elfutils INTERFACE ${EBPF_LIBRARY_${name}})
endforeach()
if(EBPF_STATIC)
  # Since elfutils 0.189, where it was built with it.
  find_library(EBPF_LIBRARY_libzstd.a libzstd.a)
  if(EBPF_LIBRARY_libzstd.a)
    target_link_libraries(elfutils INTERFACE ${EBPF_LIBRARY_libzstd.a})
  endif()
endif()
