// SPDX-License-Identifier: MIT
// The open mutations of one entity folded ahead, for a push session that files its outcomes batch by batch: what is
// left of them can be laid over the server's state without going through the log again. Internal to lib/replica.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "replica/record_row.hpp"

namespace tether::replica {

/// Mutations in log order as one overlay: of each field the value that was written last, and by which.
class Overlay {
 public:
  void add(const OpenMutation& mutation);
  /// Lays those after log id `after` over `laid`. False: where records die or come to life, only the log can tell.
  bool lay_over(Laid& laid, std::int64_t after) const;
  std::int64_t newest() const { return newest_; }

 private:
  struct Field {
    std::string key;  // as written between quotes
    std::string value;
    std::int64_t log_id;
  };
  void set(std::string_view fields, std::int64_t log_id);
  /// What the server took of these fields stands.
  void give_way(const OpenMutation& taken);

  std::vector<Field> fields_;
  std::unordered_map<std::string, std::size_t> positions_;  // by the unescaped key
  std::int64_t newest_ = 0;
  std::int64_t last_create_ = 0;
  std::int64_t last_remove_ = 0;
};

class EditsAhead {
 public:
  /// What is open of the entity, laid over `server`, once all outcomes up to log id `filed` are in the log; `filed`
  /// only grows. nullopt: the log must be folded.
  std::optional<Laid> lay_over(sql::Transaction& transaction, const EntityKey& key, const rules::LocalState& server,
                               std::int64_t filed);

 private:
  Overlay refused_;  // up to filed_, still open
  Overlay ahead_;    // all that was open when it was read; those up to filed_ count no more
  std::int64_t filed_ = 0;
  bool taken_ahead_ = false;  // the server took some of those beyond already, and what is in refused_ gives way to them
};

}  // namespace tether::replica
