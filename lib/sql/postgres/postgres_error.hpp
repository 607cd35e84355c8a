// SPDX-License-Identifier: MIT
// What Postgres says, as Error and Fatal with a plain message and a hint. Private to the driver.
#pragma once

#include <string>
#include <string_view>

namespace tether::sql {

/// Throws what `state` (an SQLSTATE) stands for. `name` is what messages call the database.
[[noreturn]] void throw_postgres_error(std::string_view state, std::string_view message, const std::string& name);

/// Throws Error(unreachable): nobody knows whether what was under way took effect.
[[noreturn]] void throw_lost_connection(std::string_view message, const std::string& name);

/// Throws why no connection could be made, told from libpq's message in its verbose form, which holds the SQLSTATE if
/// the server gave one: `FATAL:  28P01: password authentication failed for user "ann"`.
[[noreturn]] void throw_cannot_connect(std::string_view message, const std::string& name);

}  // namespace tether::sql
