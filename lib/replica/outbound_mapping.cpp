// SPDX-License-Identifier: MIT
#include "replica/outbound_mapping.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

#include "protocol/payload.hpp"
#include "replica/record_row.hpp"
#include "rules/fields.hpp"

namespace tether::replica {
namespace {

constexpr std::string_view k_config = "config.";
constexpr std::string_view k_models = "models.";
constexpr std::string_view k_setting_prefix = "config.models.";
constexpr std::string_view k_earlier_prefix = "field_mapping.";  // then the last log id; an object of settings

// Up to which log id mutations may have reached the server; k_all_offered while a push is under way.
constexpr std::string_view k_offered = "offered";
constexpr std::int64_t k_all_offered = std::numeric_limits<std::int64_t>::max();

// Mutations looked at in one transaction.
constexpr std::int64_t k_mutations_per_step = 500;

// The character behind `.` ends both ranges.
constexpr sql::Statement k_settings{
    "SELECT key, value FROM tether_sync_state WHERE key >= 'config.models.' AND key < 'config.models/' "
    "UNION ALL "
    "SELECT key, value FROM tether_sync_state WHERE key >= 'field_mapping.' AND key < 'field_mapping/'"};

constexpr sql::Statement k_set_offered{
    "INSERT INTO tether_sync_state(key, value) VALUES ('offered', $1) "
    "ON CONFLICT(key) DO UPDATE SET value = excluded.value"};

// Each of them alone is read from an end of the table.
constexpr sql::Statement k_log_ends{
    "SELECT coalesce((SELECT min(id) FROM tether_mutation_logs), 0), "
    "coalesce((SELECT max(id) FROM tether_mutation_logs), 0)"};

// `sync_status <> 'synced'` is said again so that SQLite sees that the partial index applies.
constexpr sql::Statement k_count_offered{
    "SELECT count(*) FROM tether_mutation_logs WHERE sync_status = 'pending' AND sync_status <> 'synced' "
    "AND model = $1 AND id <= $2"};

constexpr sql::Statement k_pending_updates{
    "SELECT id, model, entity_id, before FROM tether_mutation_logs WHERE sync_status = 'pending' "
    "AND sync_status <> 'synced' AND operation = 'update' AND before IS NOT NULL AND id > $1 ORDER BY id LIMIT $2"};

constexpr sql::Statement k_synced{
    "UPDATE tether_mutation_logs SET sync_status = 'synced', synced_at = $2, updated_at = $2 WHERE id = $1"};

struct LogEnds {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

LogEnds log_ends(sql::Transaction& transaction) {
  LogEnds ends;
  transaction.run(k_log_ends, {}, [&](const sql::Row& row) { ends = {row.integer(0), row.integer(1)}; });
  return ends;
}

std::int64_t number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault == std::errc() && end == text.data() + text.size()) return number;
  throw Error(ErrorCode::corrupt, "the file names a log entry by '" + std::string(text) + "', which is no number",
              "Run `tether doctor`.");
}

rules::FieldMappings mappings_in(std::string_view object) {
  protocol::check_object(object);
  rules::FieldMappings mappings;
  for (const protocol::Member& member : protocol::members(object)) {
    const std::string_view quoted = member.value;
    rules::add_setting(mappings, protocol::unescaped(member.key),
                       protocol::unescaped(quoted.substr(1, quoted.size() - 2)));
  }
  return mappings;
}

/// Of a file that never offered anything under this program: whatever another sent, it sent before the last contact.
std::int64_t offered(sql::Transaction& transaction, std::int64_t last_log_id) {
  const auto text = state(transaction, k_offered);
  if (text) return std::min(number_in(*text), last_log_id);
  const bool never_synced = !state(transaction, "last_sync_at") && !state(transaction, "last_sync_cursor");
  return never_synced ? 0 : last_log_id;
}

std::string as_object(const std::map<std::string, std::string, std::less<>>& settings) {
  protocol::ObjectWriter object;
  for (const auto& [name, value] : settings) object.text_member(name.substr(k_models.size()), value);
  return std::move(object).finish();
}

/// What was offered up to `last` keeps what is in force now. Of two changes without anything offered between them, the
/// first counts.
void keep_for_offered(sql::Transaction& transaction, std::int64_t last, Instant now) {
  bool is_kept = last == 0;
  const std::int64_t first = log_ends(transaction).first;
  std::vector<std::string> forgotten;
  transaction.run(k_settings, {}, [&](const sql::Row& row) {
    const std::string_view key = row.text(0);
    if (!key.starts_with(k_earlier_prefix)) return;
    const std::int64_t holds_to = number_in(key.substr(k_earlier_prefix.size()));
    is_kept = is_kept || holds_to >= last;
    if (holds_to < first) forgotten.emplace_back(key);
  });
  for (const std::string& key : forgotten) clear_state(transaction, key);
  if (is_kept) return;
  set_state(transaction, std::string(k_earlier_prefix) + std::to_string(last), as_object(mapping_settings(transaction)),
            now);
}

void set_offered(sql::Transaction& transaction, std::int64_t last) {
  transaction.run(k_set_offered, {std::to_string(last)});
}

struct LocalEdit {
  std::int64_t log_id = 0;
  EntityKey key;
};

/// The next of them behind log id `after`, which moves behind all that were looked at; false at the end.
bool next_local_edits(sql::Transaction& transaction, const OutboundMappings& mappings, std::int64_t& after,
                      std::vector<LocalEdit>& found) {
  const std::int64_t seen = transaction.run(k_pending_updates, {after, k_mutations_per_step}, [&](const sql::Row& row) {
    after = row.integer(0);
    protocol::Mutation mutation;
    mutation.operation = protocol::Operation::update;
    mutation.before = std::string(row.text(3));
    const rules::FieldMapping* mapping = mappings.of(row.text(1), after);
    if (mapping == nullptr || !mapping->is_all_local(mutation)) return;
    found.push_back({after, {{std::string(row.text(1))}, {std::string(row.text(2))}}});
  });
  return seen == k_mutations_per_step;
}

/// Takes it into the state beneath what is open.
void settle(sql::Transaction& transaction, const OutboundMappings& mappings, const LocalEdit& edit, Instant now) {
  std::optional<RecordRow> row = read_record(transaction, edit.key);
  if (!row) return;
  rules::LocalState server = server_state(*row);
  if (!server.exists) return;  // its create is not sent yet
  const rules::FieldMapping& mapping = *mappings.of(edit.key.model.value, edit.log_id);
  server.payload = rules::overlay(server.payload, mapping.local_fields(row->payload));
  transaction.run(k_synced, {edit.log_id, rfc3339_ms(now)});
  store_over(transaction, *std::move(row), server);
}

}  // namespace

OutboundMappings::OutboundMappings(sql::Transaction& transaction) {
  transaction.run(k_settings, {}, [&](const sql::Row& row) {
    const std::string_view key = row.text(0);
    if (key.starts_with(k_setting_prefix)) {
      with_context("the file's setting " + std::string(key.substr(k_config.size())),
                   [&] { rules::add_setting(in_force_, key.substr(k_setting_prefix.size()), row.text(1)); });
    } else {
      earlier_.emplace(number_in(key.substr(k_earlier_prefix.size())), mappings_in(row.text(1)));
    }
  });
}

const rules::FieldMapping* OutboundMappings::of(std::string_view model, std::int64_t log_id) const {
  const auto earlier = earlier_.lower_bound(log_id);
  if (earlier == earlier_.end()) return in_force(model);
  const auto found = earlier->second.find(model);
  return found == earlier->second.end() ? nullptr : &found->second;
}

const rules::FieldMapping* OutboundMappings::in_force(std::string_view model) const {
  if (in_force_.empty()) return nullptr;
  const auto found = in_force_.find(model);
  return found == in_force_.end() ? nullptr : &found->second;
}

bool OutboundMappings::has_local() const {
  const auto in = [](const rules::FieldMappings& mappings) {
    return std::ranges::any_of(mappings, [](const auto& pair) { return pair.second.has_local(); });
  };
  return in(in_force_) || std::ranges::any_of(earlier_, [&](const auto& pair) { return in(pair.second); });
}

std::map<std::string, std::string, std::less<>> mapping_settings(sql::Transaction& transaction) {
  std::map<std::string, std::string, std::less<>> settings;
  transaction.run(k_settings, {}, [&](const sql::Row& row) {
    if (!row.text(0).starts_with(k_setting_prefix)) return;
    settings.emplace(row.text(0).substr(k_config.size()), row.text(1));
  });
  return settings;
}

std::int64_t change_mapping_setting(sql::Transaction& transaction, std::string_view name,
                                    std::optional<std::string_view> value, Instant now) {
  const std::string model = rules::parse_mapping_setting(name.substr(k_models.size())).model;
  const std::int64_t last = offered(transaction, log_ends(transaction).last);
  keep_for_offered(transaction, last, now);
  const std::string key = std::string(k_config) + std::string(name);
  if (value) {
    set_state(transaction, key, *value, now);
  } else {
    clear_state(transaction, key);
  }
  const OutboundMappings mappings(transaction);
  if (const rules::FieldMapping* mapping = mappings.in_force(model)) rules::check_mapping(*mapping);
  // What was pulled before has the names of before: everything is pulled once more.
  clear_state(transaction, "last_sync_cursor");
  clear_state(transaction, "full_pull");
  std::int64_t unsent = 0;
  transaction.run(k_count_offered, {model, last}, [&](const sql::Row& row) { unsent = row.integer(0); });
  return unsent;
}

Offering::Offering(File& file) : file_(file) {
  sql::in_transaction(file_.database(), sql::Access::write,
                      [](sql::Transaction& transaction) { set_offered(transaction, k_all_offered); });
}

Offering::~Offering() {
  try {
    sql::in_transaction(file_.database(), sql::Access::write,
                        [](sql::Transaction& transaction) { set_offered(transaction, log_ends(transaction).last); });
  } catch (const Error&) {
    // Everything goes on counting as offered, which is right, if more than is so.
  }
}

void settle_local_edits(File& file) {
  std::int64_t after = 0;
  bool more = true;
  while (more) {
    more = sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
      const OutboundMappings mappings(transaction);
      if (!mappings.has_local()) return false;
      std::vector<LocalEdit> edits;
      const bool is_more = next_local_edits(transaction, mappings, after, edits);
      const Instant now = file.clock().now();
      for (const LocalEdit& edit : edits) settle(transaction, mappings, edit, now);
      return is_more;
    });
  }
}

}  // namespace tether::replica
