# SPDX-License-Identifier: MIT
# One alias per dependency; nothing is downloaded. README.md gives the reason for each. Where a library comes with a CMake package
# of its own, as from vcpkg, that is taken, since it knows what the library needs in turn; Debian's have pkg-config or just a name.
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
find_package(OpenSSL REQUIRED)
find_package(httplib CONFIG QUIET)
if(NOT TARGET httplib::httplib)
  pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET GLOBAL cpp-httplib)
endif()
# CMake's own module asks for the headers of the server as well, which Debian has in another package.
find_package(PostgreSQL QUIET)
if(NOT TARGET PostgreSQL::PostgreSQL)
  pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET GLOBAL libpq)
endif()
find_package(re2 CONFIG QUIET)
find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
find_path(VALIJSON_INCLUDE_DIR valijson/schema.hpp REQUIRED)

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

# The archive of RE2, where there is one, for the same reason: only the service checks payloads against schemas. A newer RE2 needs
# Abseil, of which only its own package knows the parts.
add_library(dep_schema INTERFACE)
target_include_directories(dep_schema SYSTEM INTERFACE ${VALIJSON_INCLUDE_DIR})
target_link_libraries(dep_schema INTERFACE dep_json Threads::Threads)
if(TARGET re2::re2)
  target_link_libraries(dep_schema INTERFACE re2::re2)
else()
  find_path(RE2_INCLUDE_DIR re2/re2.h REQUIRED)
  find_library(RE2_LIBRARY NAMES libre2.a re2 REQUIRED)
  target_include_directories(dep_schema SYSTEM INTERFACE ${RE2_INCLUDE_DIR})
  target_link_libraries(dep_schema INTERFACE ${RE2_LIBRARY})
endif()

# libpq itself: statements in a pipeline, binary arrays and SQLSTATEs are not to be had from the C++ library above it.
add_library(dep_postgres INTERFACE)
target_link_libraries(dep_postgres INTERFACE $<IF:$<TARGET_EXISTS:PostgreSQL::PostgreSQL>,PostgreSQL::PostgreSQL,PkgConfig::LIBPQ>)

# Debian's cpp-httplib is a library built with TLS and compression: its flags are part of its ABI.
add_library(dep_http INTERFACE)
target_link_libraries(dep_http INTERFACE
  $<IF:$<TARGET_EXISTS:httplib::httplib>,httplib::httplib,PkgConfig::HTTPLIB> Threads::Threads OpenSSL::SSL OpenSSL::Crypto)

add_library(dep_hash INTERFACE)
target_include_directories(dep_hash SYSTEM INTERFACE ${XXHASH_INCLUDE_DIR})

add_library(dep_cli INTERFACE)
if(TARGET CLI11::CLI11)
  target_link_libraries(dep_cli INTERFACE CLI11::CLI11)
endif()
