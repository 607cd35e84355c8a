// SPDX-License-Identifier: MIT
#include "sql/sqlite_error.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <new>
#include <string_view>
#include <system_error>

#include "base/error.hpp"
#include "sql/sqlite.hpp"

namespace tether::sql {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t k_empty_bytes_max = 1;  // SQLite takes a file of one byte for a new database, too

std::uintmax_t size_of(const std::string& path) {
  std::error_code none;
  const auto size = fs::file_size(path, none);
  return none ? 0 : size;
}

std::string folder_of(const std::string& path) {
  const auto parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

bool writable(const std::string& path) {
  return access(path.c_str(), W_OK) == 0;
}

[[noreturn]] void throw_read_only(const std::string& path) {
  const std::string folder = folder_of(path);
  if (!writable(folder)) {
    throw Error(ErrorCode::read_only, path + ": its folder cannot be written",
                "SQLite keeps two files beside a database; make " + folder + " writable or move the database.");
  }
  throw Error(ErrorCode::read_only, path + " cannot be written", "Give yourself write permission to the file.");
}

[[noreturn]] void throw_cannot_open(const std::string& path) {
  const std::string folder = folder_of(path);
  std::error_code ignored;
  if (!fs::exists(folder, ignored)) {
    throw Error(ErrorCode::not_found, path + ": there is no folder " + folder, "Make the folder first.");
  }
  if (!writable(folder)) throw_read_only(path);
  throw Error(ErrorCode::io, path + " cannot be opened",
              "Look at the permissions of the file and of its -wal and -shm files.");
}

[[noreturn]] void throw_corrupt(const std::string& path, const std::string& how) {
  throw Fatal(ErrorCode::corrupt, path + ": the file is damaged (" + how + ")", "To go on, " + way_back_from(path));
}

[[noreturn]] void throw_busy(int code, const std::string& path) {
  if (code == SQLITE_BUSY_SNAPSHOT) {
    throw Error(ErrorCode::busy, path + ": changed by another process since this transaction read it", "Try again.");
  }
  throw Error(ErrorCode::busy, path + ": another process held the database too long",
              "Wait until the other process is done, then try again; nothing was changed.");
}

[[noreturn]] void throw_generic(int code, const std::string& message, const std::string& path) {
  // The one thing that a caller asks for by failing: whether a table is there.
  if (message.starts_with("no such table")) throw Error(ErrorCode::not_found, path + ": " + message);
  throw Error(ErrorCode::internal, path + ": " + message + " (SQLite code " + std::to_string(code) + ")");
}

[[noreturn]] void throw_full(const std::string& path) {
  throw Fatal(ErrorCode::disk_full, path + ": no room left; nothing of this step was kept",
              "Free some space, then try again.");
}

/// SQLite knows one way only in which a disk is full; a quota and a limit on the size of files are others. `cause` is
/// the errno that it left behind: it keeps none of its own for a commit.
[[noreturn]] void throw_io(int code, int cause, const std::string& path) {
  if (cause == ENOSPC || cause == EDQUOT || cause == EFBIG) throw_full(path);
  throw Error(ErrorCode::io, path + ": the file system failed (" + std::string(sqlite3_errstr(code)) + ")",
              "Check the disk; a database does not belong on a network file system.");
}

/// Beside a database of no bytes SQLite takes its WAL for a leftover and deletes it. It may hold all that there is.
void check_wal_has_its_database(const std::string& path, bool exists) {
  if (size_of(path) > k_empty_bytes_max || size_of(path + "-wal") == 0) return;
  throw Fatal(ErrorCode::not_a_database,
              path + (exists ? " is empty" : " is gone") + ", but what was written to it last is in " + path + "-wal",
              "Put the file back, or " + way_back_from(path));
}

}  // namespace

std::string way_back_from(const std::string& path) {
  return "move " + path +
         " and, where they are, its -wal and its -shm to another folder, all of them, then put a backup "
         "in its place.";
}

void throw_sqlite_error(int code, sqlite3* connection, const std::string& path) {
  const int cause = errno;
  const std::string message = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  switch (code & 0xff) {  // the primary code
    case SQLITE_NOTADB:
      throw Fatal(ErrorCode::not_a_database, path + " is no SQLite database",
                  "Look at what the file is; give the path of another one.");
    case SQLITE_CORRUPT:
      throw_corrupt(path, message);
    case SQLITE_FULL:
      throw_full(path);
    case SQLITE_READONLY:
      throw_read_only(path);
    case SQLITE_CANTOPEN:
      throw_cannot_open(path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw_busy(code, path);
    case SQLITE_PERM:
    case SQLITE_AUTH:
      throw Error(ErrorCode::read_only, path + ": access is not permitted", "Look at the permissions of the file.");
    case SQLITE_IOERR:
    case SQLITE_NOLFS:
    case SQLITE_PROTOCOL:
      throw_io(code, cause, path);
    case SQLITE_TOOBIG:
      throw Error(ErrorCode::too_large, path + ": a text is larger than a database can hold", "Split it.");
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    default:
      throw_generic(code, message, path);
  }
}

void check_path(const std::string& path, bool may_create) {
  if (path.empty()) throw Error(ErrorCode::usage, "no database file is named", "Give the path of a file.");
  if (path.find('\0') != std::string::npos) {
    throw Error(ErrorCode::usage, "the path of a file cannot hold a NUL", "Give the path of a file.");
  }
  std::error_code error;
  const auto status = fs::status(path, error);
  if (status.type() == fs::file_type::none) {
    throw Error(ErrorCode::io, path + " cannot be looked at (" + error.message() + ")",
                "Look at the permissions of the folders on the way.");
  }
  if (fs::is_directory(status)) {
    throw Error(ErrorCode::not_a_database, path + " is a folder", "Give the path of a database file.");
  }
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error(ErrorCode::not_a_database, path + " is no file but a pipe or a device",
                "Give the path of a database file.");
  }
  check_wal_has_its_database(path, fs::exists(status));
  if (may_create) return;
  if (!fs::exists(status)) throw Error(ErrorCode::not_found, path + ": there is no such file", "Look at the path.");
  // To whoever wanted an existing one it is a file that lost its content.
  if (size_of(path) <= k_empty_bytes_max) {
    throw Fatal(ErrorCode::not_a_database, path + ": the file is empty",
                "Remove it and begin anew, or restore a backup.");
  }
}

void check_size(const std::string& path, std::int64_t page_size) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error || size <= 1 || page_size <= 0 || size % static_cast<std::uintmax_t>(page_size) == 0) return;
  throw_corrupt(path, "it ends in the middle of a page");
}

}  // namespace tether::sql
