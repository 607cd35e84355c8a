// SPDX-License-Identifier: MIT
// Whether conflicts are the true ones, no more and no fewer: an edit conflicts exactly when someone else's change was
// on the server that its writer had not seen. The referee knows the truth without revs and clocks: every edit leaves a
// token of its own in one or two of the record's fields, and which tokens a laptop shows beneath its own edits tell
// what it has seen. A conflict is one of whole records: also where the two changed different fields. And whoever edits
// a field again, beneath whose earlier value another's was pulled meanwhile, was never shown that one. Histories come
// from seeds, on laptops whose clocks are off by up to two days, over bad weather. TETHER_SEED and TETHER_HISTORIES as
// in simulation_test.cpp.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <set>

#include "protocol/payload.hpp"
#include "testing/seeds.hpp"
#include "testing/world.hpp"

namespace tether::testing {
namespace {

using protocol::Operation;

constexpr std::uint64_t k_histories = 1'000;
constexpr int k_steps = 24;
constexpr std::int64_t k_skew_ms_max = 48LL * 3600 * 1000;

constexpr std::array k_fields{"a", "b", "c"};
constexpr sql::Statement k_known{
    "SELECT entity_id, COALESCE(CASE WHEN open_log_id IS NULL THEN payload ELSE base END, '{}') FROM tether_records "
    "WHERE deleted = 0 ORDER BY entity_id"};

class Referee {
 public:
  /// `client` wrote `mutation_id` on top of what these changes had left; empty: of nothing.
  void saw(const std::string& mutation_id, const std::string& client, std::set<std::string> changes) {
    written_[mutation_id] = {client, std::move(changes)};
  }

  /// The server has answered; the first answer to a mutation is its decision.
  void hear(const protocol::PushRequest& request, const protocol::PushReply& reply) {
    for (const auto& mutation : request.mutations) {
      if (!decided_.insert({mutation.mutation_id.value, true}).second) continue;
      judge(mutation, reply);
    }
  }

  const std::string& wrong() const { return wrong_; }
  int conflicts() const { return conflicts_; }

 private:
  struct Written {
    std::string client;
    std::set<std::string> on_top_of;
  };
  struct Change {
    std::string mutation_id;
    std::string client;
    bool deletes = false;
  };

  void judge(const protocol::Mutation& mutation, const protocol::PushReply& reply) {
    const std::string& id = mutation.mutation_id.value;
    auto& changes = changes_[mutation.entity_id.value];
    const bool is_gone = !changes.empty() && changes.back().deletes;
    const bool agrees = is_gone && mutation.operation == Operation::remove;
    const bool is_true = !agrees && (has_unseen(changes, written_.at(id)) || opposes(mutation, written_.at(id)));
    const bool is_reported = std::ranges::find(reply.conflicts, mutation.mutation_id,
                                               &protocol::ConflictReport::mutation_id) != reply.conflicts.end();
    if (is_true != is_reported) wrong_ += id + (is_true ? " was not reported; " : " is no conflict; ");
    conflicts_ += is_reported ? 1 : 0;
    const bool applied = std::ranges::find(reply.applied, mutation.mutation_id) != reply.applied.end();
    if (applied && !agrees) take(mutation);
    if (applied && !agrees) changes.push_back({id, written_.at(id).client, mutation.operation == Operation::remove});
  }

  static bool has_unseen(const std::vector<Change>& changes, const Written& written) {
    // The last change of a state has a token in it.
    const auto is_seen = [&](const Change& change) { return written.on_top_of.contains(change.mutation_id); };
    const auto unseen = std::find_if(changes.rbegin(), changes.rend(), is_seen).base();
    return std::any_of(unseen, changes.end(), [&](const Change& change) { return change.client != written.client; });
  }

  /// Whether a field that it changes holds what another wrote, and its writer was shown something else there.
  bool opposes(const protocol::Mutation& mutation, const Written& written) const {
    const auto fields = values_.find(mutation.entity_id.value);
    if (fields == values_.end() || !mutation.before) return false;
    return std::ranges::any_of(protocol::members(*mutation.before), [&](const protocol::Member& shown) {
      const auto stands = fields->second.find(std::string(shown.key));
      return stands != fields->second.end() && stands->second.client != written.client &&
             stands->second.value != shown.value;
    });
  }

  void take(const protocol::Mutation& mutation) {
    auto& fields = values_[mutation.entity_id.value];
    const std::string& changes = mutation.before ? *mutation.before : mutation.payload;
    for (const auto& changed : protocol::members(changes)) {
      const std::string field(changed.key);
      fields[field] = {std::string(protocol::find_member(mutation.payload, field)),
                       written_.at(mutation.mutation_id.value).client};
    }
  }

  struct Value {
    std::string value;
    std::string client;
  };
  std::map<std::string, std::map<std::string, Value>> values_;  // by entity and field
  std::map<std::string, Written> written_;                      // by mutation id
  std::map<std::string, std::vector<Change>> changes_;          // by entity, as the server applied them
  std::map<std::string, bool> decided_;
  std::string wrong_;
  int conflicts_ = 0;
};

class History {
 public:
  explicit History(std::uint64_t seed) : world_(seed), random_(world_.random()) {
    std::map<std::string, rules::Model, std::less<>> models;
    models.emplace("Task", rules::Model{.policy = rules::Policy::manual});
    world_.authority().use(std::make_shared<const rules::Models>(std::move(models)));
    world_.observe([this](const auto& request, const auto& reply) { referee_.hear(request, reply); });
    for (const char* name : {"ann", "ben", "cleo"}) {
      const auto off = static_cast<std::int64_t>(random_.below(2 * k_skew_ms_max + 1)) - k_skew_ms_max;
      laptops_.emplace_back(name, &world_.laptop(name, std::chrono::milliseconds(off)));
    }
    world_.wire().set_weather({.lost_requests = 8, .lost_replies = 8, .duplicates = 8, .delays = 8});
  }

  void run() {
    for (int step = 0; step < k_steps; ++step) {
      auto& [name, laptop] = laptops_[random_.below(laptops_.size())];
      do_something(name, *laptop);
      world_.clock().advance(std::chrono::seconds(random_.below(600)));
    }
    world_.settle();
  }

  const Referee& referee() const { return referee_; }

 private:
  void do_something(const std::string& name, Laptop& laptop) {
    switch (random_.below(8)) {
      case 0:
        return write(name, laptop, {}, [&] { laptop.create("Task", fields()); });
      case 1:
      case 2:
      case 3:
        return with_some_record(laptop, [&](const std::string& id, const Tokens& seen) {
          write(name, laptop, seen, [&] { laptop.update("Task", id, fields()); });
        });
      case 4:
        return with_some_record(laptop, [&](const std::string& id, const Tokens& seen) {
          write(name, laptop, seen, [&] { laptop.remove("Task", id); });
        });
      case 5:
        laptop.push(1 + static_cast<std::int64_t>(random_.below(4)));
        return;
      case 6:
        laptop.pull(1 + static_cast<std::int64_t>(random_.below(4)));
        return;
      default:
        laptop.push();
        laptop.pull();
    }
  }

  using Tokens = std::set<std::string>;

  /// `record` makes one mutation; its token, if it leaves one, stands for its id from now on.
  template <typename Record>
  void write(const std::string& name, Laptop& laptop, const Tokens& seen, Record&& record) {
    const int last_token = token_;
    record();
    const std::string id = laptop.log().back().mutation.mutation_id.value;
    std::set<std::string> changes;
    for (const std::string& token : seen) changes.insert(ids_.at(token));
    referee_.saw(id, name, std::move(changes));
    if (token_ != last_token) ids_[std::to_string(token_)] = id;
  }

  /// A live record, and the tokens in what the server has of it as far as this laptop knows.
  template <typename Act>
  void with_some_record(Laptop& laptop, Act&& act) {
    std::vector<std::pair<std::string, Tokens>> all;
    sql::in_transaction(laptop.file().database(), sql::Access::read, [&](sql::Transaction& transaction) {
      transaction.run(k_known, {}, [&](const sql::Row& row) {
        auto& [id, seen] = all.emplace_back(std::string(row.text(0)), Tokens());
        for (const auto& member : protocol::members(row.text(1))) seen.emplace(member.value);
      });
    });
    if (all.empty()) return;
    const auto& [id, seen] = all[random_.below(all.size())];
    act(id, seen);
  }

  /// The next token, in one or two fields.
  std::string fields() {
    const std::string token = std::to_string(++token_);
    const std::size_t first = random_.below(k_fields.size());
    protocol::ObjectWriter out;
    out.member(k_fields[first], token);
    if (random_.below(2) == 0) out.member(k_fields[(first + 1) % k_fields.size()], token);
    return std::move(out).finish();
  }

  World world_;
  Random& random_;
  Referee referee_;
  std::vector<std::pair<std::string, Laptop*>> laptops_;
  int token_ = 0;
  std::map<std::string, std::string> ids_;  // of mutations, by their tokens
};

TEST_CASE("conflicts are exactly the edits that were made without having seen another's, whatever the clocks say") {
  int conflicts = 0;
  for (const auto seed : seeds(k_histories)) {
    CAPTURE(seed);
    History history(seed);
    history.run();
    CHECK(history.referee().wrong() == "");
    conflicts += history.referee().conflicts();
  }
  MESSAGE(conflicts << " conflicts");
  CHECK(conflicts > 0);
}

}  // namespace
}  // namespace tether::testing
