// SPDX-License-Identifier: MIT
// What SQLite says, as Error and Fatal with a plain message and a hint. Private to the driver.
#pragma once

#include <string>

struct sqlite3;

namespace tether::sql {

/// Throws what `code` (an extended result code) stands for. `path` names the file; `connection` may be null.
[[noreturn]] void throw_sqlite_error(int code, sqlite3* connection, const std::string& path);

/// Throws Error when `path` cannot be the file to open, told from the file system alone: so that a folder, an empty
/// file or a missing one is named as what it is.
void check_path(const std::string& path, bool may_create);

}  // namespace tether::sql
