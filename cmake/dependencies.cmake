# SPDX-License-Identifier: MIT
# One alias per dependency; nothing is downloaded. README.md gives the reason for each.
# Whoever links a library of this project sees what that library links.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(SQLite3 REQUIRED)
if(TETHER_PROGRAMS)
  find_package(doctest REQUIRED)
  find_package(CLI11 QUIET)
endif()
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET GLOBAL cpp-httplib)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET GLOBAL libpq)
find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
find_path(VALIJSON_INCLUDE_DIR valijson/schema.hpp REQUIRED)
find_path(RE2_INCLUDE_DIR re2/re2.h REQUIRED)

add_library(dep_fmt ALIAS fmt::fmt)
if(TETHER_PROGRAMS)
  add_library(dep_doctest ALIAS doctest::doctest)
endif()
add_library(dep_json ALIAS nlohmann_json::nlohmann_json)

# The archive, where there is one: `tether` starts faster with fewer libraries to load.
find_library(SQLITE3_ARCHIVE libsqlite3.a)
add_library(dep_sqlite INTERFACE)
target_link_libraries(dep_sqlite INTERFACE
  $<IF:$<BOOL:${SQLITE3_ARCHIVE}>,${SQLITE3_ARCHIVE},SQLite::SQLite3> Threads::Threads ${CMAKE_DL_LIBS} m)

# The archive of RE2, where there is one, for the same reason: only the service checks payloads against schemas.
find_library(RE2_LIBRARY NAMES libre2.a re2 REQUIRED)
add_library(dep_schema INTERFACE)
target_include_directories(dep_schema SYSTEM INTERFACE ${VALIJSON_INCLUDE_DIR} ${RE2_INCLUDE_DIR})
target_link_libraries(dep_schema INTERFACE dep_json ${RE2_LIBRARY} Threads::Threads)

# libpq itself: statements in a pipeline, binary arrays and SQLSTATEs are not to be had from the C++ library above it.
add_library(dep_postgres INTERFACE)
target_link_libraries(dep_postgres INTERFACE PkgConfig::LIBPQ)

# Debian's cpp-httplib is a library built with TLS and compression: its pkg-config flags are part of its ABI.
add_library(dep_http INTERFACE)
target_link_libraries(dep_http INTERFACE PkgConfig::HTTPLIB Threads::Threads ssl crypto)

add_library(dep_hash INTERFACE)
target_include_directories(dep_hash SYSTEM INTERFACE ${XXHASH_INCLUDE_DIR})

add_library(dep_cli INTERFACE)
if(TARGET CLI11::CLI11)
  target_link_libraries(dep_cli INTERFACE CLI11::CLI11)
endif()
