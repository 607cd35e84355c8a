// SPDX-License-Identifier: MIT
// What a server tells a writer of the values that lost: in a conflict, in a merge, and later. Part of messages.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/strong.hpp"

namespace tether::protocol {

struct ConflictReport {
  MutationId mutation_id;
  std::string server_state = "{}";        // the full payload with tether_id; `{}` when deleted
  std::int64_t server_updated_at_us = 0;  // when the server took the change that won
  std::optional<Rev> server_rev;          // ext
  std::vector<std::string> fields;        // ext: the fields in which the two differ
  bool deleted = false;                   // ext
  ClientId server_written_by;             // ext: whose change won; empty: not said
  bool by_program = false;                // ext: a program of the server decided it
  bool operator==(const ConflictReport&) const = default;
};

/// ext: what of a mutation that was applied is not what is stored, as far as its writer may see it.
struct LossReport {
  MutationId mutation_id;
  std::vector<std::string> fields;        // those that lost
  std::string sent = "{}";                // their values as they were sent
  std::string stands = "{}";              // what is stored instead; a field that is not there, or not told, is missing
  bool deleted = false;                   // the record was deleted instead
  ClientId server_written_by;             // who had written the record that it met; empty: not said
  std::int64_t server_updated_at_us = 0;  // and when the server took that; 0: not said
  bool by_program = false;                // a program of the server decided it
  bool operator==(const LossReport&) const = default;
};

/// ext: values of this client that an applied edit took the place of, by someone who had not seen them.
struct OverwriteReport {
  MutationId mutation_id;  // that took their place
  EntityKey key;
  std::int64_t version = 0;        // of the mutation that had written them: its client's count for the entity
  std::int64_t written_at_ms = 0;  // when that was made, by the server's clock
  std::vector<std::string> fields;
  std::string lost = "{}";                // the values that they had
  bool deleted = false;                   // what lost is that the record had been deleted
  ClientId server_written_by;             // who wrote instead; empty: not told
  std::int64_t server_updated_at_us = 0;  // and when the server took that
  bool by_program = false;                // a program of the server decided it
  bool operator==(const OverwriteReport&) const = default;
};

}  // namespace tether::protocol
