// SPDX-License-Identifier: MIT
// Records and log entries as JSON: the same fields wherever they appear.
#pragma once

#include <string>

#include "cmd/json_out.hpp"
#include "cmd/output.hpp"
#include "replica/log.hpp"
#include "replica/records.hpp"

namespace tether::cmd {

/// `{id, model, payload, rev, pending, deleted, updated_at, failed, conflict}`, unfinished: `show` adds to it.
JsonObject record_json(const replica::RecordView& record);

/// The columns of the log by name.
std::string log_entry_json(const replica::LogEntry& entry);

/// The colour of a sync_status.
Colour colour_of(std::string_view sync_status);

/// What a mutation changed, as the words that would record it.
std::string change_words(const protocol::Mutation& mutation);

}  // namespace tether::cmd
