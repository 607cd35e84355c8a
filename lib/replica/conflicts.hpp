// SPDX-License-Identifier: MIT
// Conflicts that wait for a person: what both had seen, what I wrote, what stands on the server. Resolving records a
// new mutation over the present state (or none, for theirs), so that it settles once and travels like any other edit.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protocol/messages.hpp"
#include "replica/file.hpp"
#include "replica/recorder.hpp"

namespace tether::replica {

struct ConflictView {
  MutationId mutation_id;
  EntityKey key;
  protocol::Operation operation;  // of mine
  std::string base;
  std::string mine;
  std::string theirs;
  bool theirs_deleted = false;
  Rev theirs_rev{0};
  ClientId theirs_written_by;     // empty: the server did not say
  std::string theirs_updated_at;  // when the server took theirs; empty: it did not say
  std::string detected_at;
  std::string resolved_at;  // empty: open
  std::string resolution;
  std::vector<std::string> fields;  // in which mine and theirs differ
};

void list_conflicts(sql::Transaction& transaction, bool include_resolved,
                    const std::function<void(const ConflictView&)>& sink);
/// By mutation id, resolved ones too, or by the entity id of an open conflict; Error(usage) when that has several.
std::optional<ConflictView> find_conflict(sql::Transaction& transaction, std::string_view id);

/// What shall stand. Fields are put over the record as it is now; a field that is not named stays as it is, since no
/// mutation can take a field away. What was deleted meanwhile is made again under its id, whole by mine and set.
struct Resolution {
  enum class Kind {
    mine,    // what mine changed over theirs, beneath what was written here later; where mine was a delete: a delete
    theirs,  // nothing is recorded
    set,     // some fields over theirs; over mine where theirs is gone
    data     // a payload made by hand over theirs
  } kind = Kind::theirs;
  std::string fields = "{}";  // of set and data
  // What was seen of the record when this was chosen, if that is said; nullopt in it: it was deleted. Where a field of
  // `fields` is another by now, nothing is recorded.
  struct Seen {
    std::optional<std::string> payload;
  };
  std::optional<Seen> seen = {};
};

/// As tether_conflicts and the JSON of cmd say it.
std::string_view name(Resolution::Kind kind);

/// The mutation that was recorded, or nullopt when what stands is what was wanted. Throws Error(not_found); an already
/// resolved conflict is Error(exists), and so is a record that changed since it was seen.
std::optional<Recorded> resolve_conflict(File& file, const MutationId& id, const Resolution& resolution);

}  // namespace tether::replica
