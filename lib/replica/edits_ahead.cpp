// SPDX-License-Identifier: MIT
#include "replica/edits_ahead.hpp"

#include <algorithm>
#include <utility>

#include "protocol/payload.hpp"
#include "rules/fields.hpp"

namespace tether::replica {

using protocol::Operation;

void Overlay::add(const OpenMutation& mutation) {
  if (mutation.taken) {
    give_way(mutation);
    return;
  }
  newest_ = mutation.log_id;
  switch (mutation.operation) {
    case Operation::create:
      last_create_ = mutation.log_id;
      set(mutation.payload, mutation.log_id);
      return;
    case Operation::update:
      set(mutation.before ? rules::selected(mutation.payload, *mutation.before) : mutation.payload, mutation.log_id);
      return;
    case Operation::remove:
      last_remove_ = mutation.log_id;
      return;
  }
}

void Overlay::give_way(const OpenMutation& taken) {
  if (taken.operation != Operation::update) {
    last_remove_ = taken.log_id;
    return;
  }
  for (const std::string& name : rules::field_names(taken.before ? *taken.before : taken.payload)) {
    const auto found = positions_.find(name);
    if (found != positions_.end()) fields_[found->second].log_id = 0;
  }
}

void Overlay::set(std::string_view fields, std::int64_t log_id) {
  for (const protocol::Member& member : protocol::members(fields)) {
    const auto [found, is_new] = positions_.emplace(protocol::unescaped(member.key), fields_.size());
    if (is_new) fields_.push_back({std::string(member.key), {}, 0});
    Field& field = fields_[found->second];
    field.value = member.value;
    field.log_id = log_id;
  }
}

bool Overlay::lay_over(Laid& laid, std::int64_t after) const {
  if (newest_ <= after) return true;
  const bool alive = laid.state.exists && !laid.state.deleted;
  if (last_remove_ > after || (!alive && last_create_ > after)) return false;
  laid.newest_log_id = newest_;
  if (!alive) return true;
  protocol::ObjectWriter patch;
  for (const Field& field : fields_) {
    if (field.log_id > after) patch.member(field.key, field.value);
  }
  laid.state.payload = rules::overlay(laid.state.payload, std::move(patch).finish());
  return true;
}

std::optional<Laid> EditsAhead::lay_over(sql::Transaction& transaction, const EntityKey& key,
                                         const rules::LocalState& server, std::int64_t filed) {
  // Between the two, everything was read before and is in ahead_.
  read_open(transaction, key, filed_, filed, [&](const OpenMutation& mutation) { refused_.add(mutation); });
  const std::int64_t known = std::max(ahead_.newest(), filed);
  read_open(transaction, key, known, k_no_end, [&](const OpenMutation& mutation) {
    ahead_.add(mutation);
    taken_ahead_ = taken_ahead_ || mutation.taken;
  });
  if (taken_ahead_) return std::nullopt;
  filed_ = filed;
  Laid laid{server};
  if (!refused_.lay_over(laid, 0) || !ahead_.lay_over(laid, filed)) return std::nullopt;
  return laid;
}

}  // namespace tether::replica
