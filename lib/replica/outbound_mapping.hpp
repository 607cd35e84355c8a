// SPDX-License-Identifier: MIT
// The field mappings of a file (rules/field_mapping.hpp): what `tether config models.…` stored, and what it was before.
// A server binds a mutation's id to its content, so a mutation that may have reached it is sent the same for ever: what
// was offered keeps the mapping of that time, all else is sent with the one in force.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "replica/file.hpp"
#include "rules/field_mapping.hpp"

namespace tether::replica {

class OutboundMappings {
 public:
  /// One statement; without mappings it finds nothing and that is all.
  explicit OutboundMappings(sql::Transaction& transaction);

  bool any() const { return !in_force_.empty() || !earlier_.empty(); }
  /// Whether some field of some model may stay here.
  bool has_local() const;
  /// What is sent of mutation `log_id`; null: all of it, as it is.
  const rules::FieldMapping* of(std::string_view model, std::int64_t log_id) const;
  /// How what the server has is seen here; null: as it is.
  const rules::FieldMapping* in_force(std::string_view model) const;

 private:
  rules::FieldMappings in_force_;
  std::map<std::int64_t, rules::FieldMappings> earlier_;  // by the last log id that they hold for
};

/// The settings stored, by name, as in `models.Task.rename.title`.
std::map<std::string, std::string, std::less<>> mapping_settings(sql::Transaction& transaction);

/// Stores a setting, or forgets it (nullopt). The caller holds the SyncLock. Throws Error(usage) for what is no
/// mapping. How many mutations are unsent and keep what was in force, since they may have reached the server.
std::int64_t change_mapping_setting(sql::Transaction& transaction, std::string_view name,
                                    std::optional<std::string_view> value, Instant now);

/// While one lives, what is pending may reach the server. Killed meanwhile, everything counts as offered.
class Offering {
 public:
  explicit Offering(File& file);
  ~Offering();
  Offering(const Offering&) = delete;
  Offering& operator=(const Offering&) = delete;

 private:
  File& file_;
};

/// Updates of nothing but fields that stay here are never sent; where the server has their records, this is the end of
/// their way: they count as synced.
void settle_local_edits(File& file);

}  // namespace tether::replica
