// SPDX-License-Identifier: MIT
// What the commands list: rows for people in columns, and members of JSON lines.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json_writer.hpp"

namespace tether::service {

/// The first row is the heading. Names come from clients: nothing in them reaches a terminal as a command.
void print_columns(std::vector<std::vector<std::string>> rows, std::ostream& out);

/// Sends on what was written. Throws Error(io) where not all of it could be.
void check_written(std::ostream& out);

/// Characters, not bytes; what a terminal would obey becomes `?`.
std::string printable(std::string text);

/// The member `name` as RFC 3339, or null.
void write_time(protocol::JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& ms);

}  // namespace tether::service
