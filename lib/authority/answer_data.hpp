// SPDX-License-Identifier: MIT
// What an answer tells beside its outcome, as the JSON that goes over the wire and into the ledger. Private to the
// authority.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "authority/losses.hpp"
#include "protocol/messages.hpp"
#include "rules/model.hpp"
#include "rules/resolve.hpp"

namespace tether::authority {

/// Of a payload that is refused for its size.
std::string too_large_data(std::size_t bytes, std::size_t bytes_max);

/// `["title","done"]`
std::string names_array(const std::vector<std::string>& names);

/// Which fields of a record an edit took the place of; says so where a program decided that.
std::string overwritten_data(const std::vector<std::string>& names, bool by_program);

/// The data of a refusal that a program decided.
std::string by_program(std::string_view data);

/// A mutation that took effect, and not with all of its values. All outlive it.
struct Merge {
  const protocol::Mutation& sent;
  const rules::Record& met;  // the record that it came upon
  const rules::Applied& applied;
  const rules::Model& model;
  std::string_view claims;  // of its writer
  bool by_program = false;
  /// Which of its values are not what is stored, as its writer may see it.
  protocol::LossReport report() const;
};

/// What is remembered of it: the report, and in `lost` all of the fields, named as they are stored, or
/// as they were sent where they are not.
std::string lost_data(const Merge& merge);

/// What of that is told to the writer; nullopt: nothing, also where it was remembered before reports were.
std::optional<protocol::LossReport> told_loss(const MutationId& id, std::string_view data);

/// Of what was overwritten, what its writer, of whom `claims` are known, may be told; nullopt: nothing.
std::optional<protocol::OverwriteReport> told_overwrite(const Untold& untold, const rules::Model& model,
                                                        std::string_view claims);

/// Of a conflict: the record that stands, as the model tells it.
protocol::ConflictReport report(const protocol::Mutation& mutation, const rules::Record& record,
                                const rules::Model& model, rules::Conflict conflict, bool by_program);

}  // namespace tether::authority
