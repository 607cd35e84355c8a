// SPDX-License-Identifier: MIT
// The order in which clients arrive changes no final state: under last_write_wins with right clocks, and under merge
// with strategies that commute, as far as merge.hpp promises it. Clients edit offline what they all have seen, and push
// in every order.
#include <algorithm>
#include <array>
#include <set>

#include "authority/fixture.hpp"
#include "protocol/payload.hpp"
#include "rules/fields.hpp"

namespace tether::authority {
namespace {

using namespace fixture;
using rules::DeletePolicy;
using rules::Policy;
using rules::Strategy;
using Batch = std::vector<protocol::Mutation>;

constexpr std::array<const char*, 3> k_clients{"ann", "ben", "cleo"};
constexpr std::array<const char*, 2> k_entities{"E1", "E2"};
// Every field is there from the start: one that an older edit adds stays when it arrives first, since a payload leaves
// alone what it does not name.
constexpr std::string_view k_start = R"({"title":0,"note":0,"count":10,"high":50,"low":50,"tags":["a","b"]})";

/// What clients do offline.
enum class Edits {
  anew,    // of any field, again and again
  once,    // of every field once
  adding,  // again and again, and no tag that a client added is removed by it
};

/// What a client holds offline of the records that all have seen, and what it records of it.
class Offline {
  static constexpr std::uint64_t k_kinds = 4;  // of edits

 public:
  Offline(SeededRandom& random, int& next_number, int& next_tick)
      : random_(random), next_number_(next_number), next_tick_(next_tick) {
    payloads_.fill(std::string(k_start));
  }

  /// Edits of one or several fields, now and then a delete: what was deleted here is not touched again.
  void record(bool deletes, Edits edits) {
    const std::size_t which = random_.below(k_entities.size());
    if (gone_[which]) return;
    kind_ = random_.below(k_kinds);
    if (edits == Edits::once && !edited_.insert({which, kind_}).second) return;
    const int number = next_number_++;
    protocol::Mutation made;
    if (deletes && random_.below(4) == 0) {
      made = remove(number, k_entities[which]);
      gone_[which] = true;
    } else {
      if (edits != Edits::adding) tags_[which].clear();
      const std::string patch = edit(tags_[which]);
      made = update(number, k_entities[which], rules::overlay(payloads_[which], patch));
      made.before = rules::earlier_values(payloads_[which], rules::changes(payloads_[which], patch));
      payloads_[which] = made.payload;
    }
    batch.push_back(written_at(k_start_ms - 100'000 + next_tick_, seeing(1, made)));
    next_tick_ += 1 + static_cast<int>(random_.below(5));  // no two edits at the same time
  }

  Batch batch;

 private:
  /// `tags`: that stay beside the one that is added.
  std::string edit(std::string& tags) {
    const auto number = [&] { return std::to_string(random_.below(100)); };
    switch (kind_) {
      case 0:
        return R"({"title":)" + number() + "}";
      case 1:
        tags += R"(,"t)" + number() + '"';
        return R"({"count":)" + number() + R"(,"tags":["a")" + tags + "]}";
      case 2:
        return R"({"high":)" + number() + R"(,"low":)" + number() + "}";
      default:
        return R"({"note":)" + number() + "}";
    }
  }

  SeededRandom& random_;
  int& next_number_;
  int& next_tick_;
  std::array<std::string, k_entities.size()> payloads_;
  std::array<bool, k_entities.size()> gone_{};
  std::array<std::string, k_entities.size()> tags_;         // that were added here
  std::set<std::pair<std::size_t, std::uint64_t>> edited_;  // which records, and what of them
  std::uint64_t kind_ = 0;
};

/// Arrays as sets: a merge of sets promises their members.
std::string without_order(const std::string& payload) {
  std::string out;
  for (const auto& member : protocol::members(payload)) {
    std::string value(member.value);
    if (value.starts_with('[')) {
      std::set<std::string> texts;
      for (std::size_t at = 1, end = 0; at < value.size(); at = end + 1) {
        end = std::min(value.find(',', at), value.size() - 1);
        texts.insert(value.substr(at, end - at));
      }
      value.clear();
      for (const auto& text : texts) value += text + " ";
    }
    out += std::string(member.key) + "=" + value + ";";
  }
  return out;
}

std::string final_state(const rules::Model& model, const std::vector<Batch>& batches,
                        const std::vector<std::size_t>& order) {
  Server server;
  server.use("Task", model);
  server.push("zoe", {written_at(1, create(1, "E1", std::string(k_start))),
                      written_at(1, create(2, "E2", std::string(k_start)))});
  for (const std::size_t client : order) server.push(k_clients[client], batches[client]);
  std::vector<std::string> state;
  for (const auto& row : server.pull().snapshots) {
    state.push_back(row.key.id.value + " " + (row.deleted ? "deleted" : without_order(row.payload)));
  }
  std::ranges::sort(state);
  std::string text;
  for (const std::string& line : state) text += line + "\n";
  return text;
}

void check_every_order(const rules::Model& model, bool deletes, Edits edits, std::uint64_t seed) {
  SeededRandom random(seed);
  int next_number = 10;
  int next_tick = 0;
  std::vector<Offline> clients;
  for (std::size_t i = 0; i < k_clients.size(); ++i) clients.emplace_back(random, next_number, next_tick);
  for (int times = 0; times < 8; ++times) clients[random.below(clients.size())].record(deletes, edits);
  std::vector<Batch> batches;
  for (const Offline& client : clients) batches.push_back(client.batch);
  std::vector<std::size_t> order{0, 1, 2};
  const auto expected = final_state(model, batches, order);
  while (std::ranges::next_permutation(order).found) {
    CAPTURE(seed);
    CAPTURE(order[0]);
    CAPTURE(order[1]);
    CHECK(final_state(model, batches, order) == expected);
  }
}

/// Every order gets a store of its own, which in Postgres takes a hundred times as long to make.
std::uint64_t last_seed() {
  return testing::ServerStore::is_postgres() ? 10 : 60;
}

TEST_CASE("under last_write_wins with right clocks the order of arrival changes no final state") {
  for (std::uint64_t seed = 1; seed <= last_seed(); ++seed) {
    check_every_order({}, /*deletes=*/false, Edits::anew, seed);
    check_every_order({.delete_policy = DeletePolicy::delete_wins}, /*deletes=*/true, Edits::anew, seed);
  }
}

TEST_CASE("under merge with strategies that commute the order of arrival changes no final state") {
  rules::Model model{.policy = Policy::merge};
  model.strategies.set("count", Strategy::counter);
  model.strategies.set("high", Strategy::max);
  model.strategies.set("low", Strategy::min);
  model.strategies.set("tags", Strategy::set);
  for (const char* field : {"title", "note"}) model.strategies.set(field, Strategy::max);
  for (std::uint64_t seed = 1; seed <= last_seed(); ++seed)
    check_every_order(model, /*deletes=*/false, Edits::once, seed);
}

TEST_CASE("counters and sets that grow bear any number of edits by one client") {
  rules::Model model{.policy = Policy::merge};
  model.strategies.set("*", Strategy::counter);
  model.strategies.set("tags", Strategy::set);
  for (std::uint64_t seed = 1; seed <= last_seed(); ++seed)
    check_every_order(model, /*deletes=*/false, Edits::adding, seed);
}

/// Ann's two edits of one field and Ben's one, all upon `base`: what becomes of it with Ann first, and with Ben first.
std::array<std::string, 2> either_first(Strategy strategy, const std::string& base,
                                        const std::array<std::string, 2>& ann, const std::string& ben) {
  const auto edit = [](int number, const std::string& from, const std::string& to) {
    auto made = seeing(1, update(number, "E1", R"({"f":)" + to + "}"));
    made.before = R"({"f":)" + from + "}";
    return made;
  };
  rules::Model model{.policy = Policy::merge};
  model.strategies.set("f", strategy);
  std::array<std::string, 2> results;
  for (const bool ann_first : {true, false}) {
    Server server;
    server.use("Task", model);
    server.push("zoe", {create(1, "E1", R"({"f":)" + base + "}")});
    if (!ann_first) server.push("ben", {edit(4, base, ben)});
    server.push("ann", {edit(2, base, ann[0]), edit(3, ann[0], ann[1])});
    if (ann_first) server.push("ben", {edit(4, base, ben)});
    results[ann_first ? 0 : 1] = server.pull().snapshots.at(0).payload;
  }
  return results;
}

TEST_CASE("a client that takes back what its own earlier edit did takes back what others did alike meanwhile") {
  using Results = std::array<std::string, 2>;
  CHECK(either_first(Strategy::max, "10", {"50", "20"}, "30") == Results{R"({"f":30})", R"({"f":20})"});
  CHECK(either_first(Strategy::min, "90", {"50", "80"}, "70") == Results{R"({"f":70})", R"({"f":80})"});
  CHECK(either_first(Strategy::set, "[]", {R"(["x"])", "[]"}, R"(["x"])") == Results{R"({"f":["x"]})", R"({"f":[]})"});
  CHECK(either_first(Strategy::counter, "10", {"50", "20"}, "30") == Results{R"({"f":40})", R"({"f":40})"});
}

}  // namespace
}  // namespace tether::authority
