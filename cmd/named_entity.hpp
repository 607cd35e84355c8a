// SPDX-License-Identifier: MIT
// The entity that a person means by an id or by the beginning of one.
#pragma once

#include "replica/file.hpp"

namespace tether::cmd {

/// `typed`, or the whole of the one id of this model that it begins, in the records or in the log; at least six
/// characters. `typed` as it is, where it begins none. Throws Error(not_found) where it begins several, naming them.
EntityKey entity_named(sql::Transaction& transaction, const EntityKey& typed);

}  // namespace tether::cmd
