// SPDX-License-Identifier: MIT
// What an answer tells beside its outcome, as the JSON that goes over the wire and into the ledger. Private to the
// authority.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "protocol/messages.hpp"
#include "rules/model.hpp"
#include "rules/resolve.hpp"

namespace tether::authority {

/// Of a payload that is refused for its size.
std::string too_large_data(std::size_t bytes, std::size_t bytes_max);

/// `["title","done"]`
std::string names_array(const std::vector<std::string>& names);

/// Of a mutation that was merged: which of its values are not what was stored, for whoever looks for them.
std::string lost_data(const std::vector<std::string>& fields);

/// Of a conflict: the record that stands, as the model tells it.
protocol::ConflictReport report(const protocol::Mutation& mutation, const rules::Record& record,
                                const rules::Model& model, rules::Conflict conflict);

}  // namespace tether::authority
