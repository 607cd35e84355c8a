// SPDX-License-Identifier: MIT
// What the files of `tether conflicts` share.
#pragma once

#include <string>

#include "cmd/command_line.hpp"
#include "replica/conflicts.hpp"

namespace tether::cmd {

/// The conflict that a person means by `typed`: a mutation id, an id of a record with one open conflict, or a beginning
/// of either. Throws Error(not_found) for none and for several.
replica::ConflictView conflict_named(sql::Transaction& transaction, const std::string& typed, bool include_resolved);

void define_resolve_conflict(CommandLine& line);

}  // namespace tether::cmd
