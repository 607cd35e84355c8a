// SPDX-License-Identifier: MIT
// What SQLite says, as Error and Fatal with a plain message and a hint. Private to the driver.
#pragma once

#include <cstdint>
#include <string>

struct sqlite3;

namespace tether::sql {

/// Throws what `code` (an extended result code) stands for. `path` names the file; `connection` may be null.
[[noreturn]] void throw_sqlite_error(int code, sqlite3* connection, const std::string& path);

/// Throws Error when `path` cannot be the file to open, told from the file system alone: so that a folder, an empty
/// file or a missing one is named as what it is.
void check_path(const std::string& path, bool may_create);

/// Throws Fatal(corrupt) when the file is not a whole number of pages: SQLite would read the torn one as if zeros
/// followed.
void check_size(const std::string& path, std::int64_t page_size);

}  // namespace tether::sql
