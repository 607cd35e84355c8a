// SPDX-License-Identifier: MIT
#include "testing/authorship.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "protocol/payload.hpp"
#include "rules/fields.hpp"

namespace tether::testing {
namespace {

using protocol::Operation;

constexpr std::string_view k_record =
    "SELECT rev, deleted, payload FROM tether_records WHERE scope = 'default' AND model || '/' || entity_id = $1";

constexpr std::string_view k_overwritten =
    "SELECT model || '/' || entity_id, rev, written_by, fields FROM tether_overwritten WHERE deleted = 0 "
    "UNION ALL "
    "SELECT o.model || '/' || o.entity_id, o.rev, s.written_by, s.fields FROM tether_overwritten AS o "
    "JOIN tether_overwritten_shares AS s ON s.scope = o.scope AND s.mutation_id = o.mutation_id WHERE o.deleted = 0";

std::string record_of(const protocol::Mutation& mutation) {
  return mutation.model.value + "/" + mutation.entity_id.value;
}

}  // namespace

void Authorship::hear(const protocol::PushRequest& request, const protocol::PushReply& reply, sql::Database& store) {
  std::set<std::string> touched;
  for (const protocol::Mutation& mutation : request.mutations) {
    const auto applied = std::ranges::find(reply.revs, mutation.mutation_id, &std::pair<MutationId, Rev>::first);
    State& state = now_[record_of(mutation)];
    if (applied == reply.revs.end() || applied->second.value <= state.rev) continue;  // refused, or said again
    if (mutation.operation == Operation::create && state.deleted) state.fields.clear();
    state.deleted = mutation.operation == Operation::remove;
    touched.insert(record_of(mutation));
  }
  for (const std::string& record : touched) look_at(now_.at(record), record, request.client_id.value, store);
}

void Authorship::look_at(State& state, const std::string& record, const std::string& writer, sql::Database& store) {
  std::map<std::string, Field> earlier = std::exchange(state.fields, {});
  store.execute(k_record, std::array{sql::Value(record)}, [&](const sql::Row& row) {
    state.rev = row.integer(0);
    for (const protocol::Member& member : protocol::members(row.text(2))) {
      const std::string name = protocol::unescaped(member.key);
      const auto found = earlier.find(name);
      const bool stayed = found != earlier.end() && found->second.value == member.value;
      state.fields[name] = {std::string(member.value), stayed ? found->second.author : writer};
    }
  });
  was_[record][state.rev] = state;
}

std::vector<std::string> Authorship::misattributed(sql::Database& store) const {
  std::vector<std::string> found;
  store.execute(k_overwritten, {}, [&](const sql::Row& row) {
    const auto record = was_.find(std::string(row.text(0)));
    if (record == was_.end()) return;
    const auto state = record->second.find(row.integer(1));
    if (state == record->second.end()) return;  // within one push
    for (const std::string_view name : rules::elements(row.text(3))) {
      const std::string field = *rules::text_value(name);
      const std::string& author = state->second.fields.at(field).author;
      if (author != row.text(2)) {
        found.push_back(field + " of " + record->first + " was written by " + author + ", not by " +
                        std::string(row.text(2)));
      }
    }
  });
  return found;
}

}  // namespace tether::testing
