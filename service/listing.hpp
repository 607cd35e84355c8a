// SPDX-License-Identifier: MIT
// Rows for people, in columns.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace tether::service {

/// The first row is the heading. Names come from clients: nothing in them reaches a terminal as a command.
void print_columns(std::vector<std::vector<std::string>> rows, std::ostream& out);

/// Characters, not bytes; what a terminal would obey becomes `?`.
std::string printable(std::string text);

}  // namespace tether::service
