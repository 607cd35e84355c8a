// SPDX-License-Identifier: MIT
// Short histories from seeds: three laptops with wrong clocks write, sync and resolve over a wire that loses, repeats,
// delays and cuts; at the end the weather clears, and every promise must have been kept. A failure prints its seed:
// TETHER_SEED=… runs that history alone; TETHER_HISTORIES=… runs more of them.
#include <doctest/doctest.h>

#include "authority/store.hpp"
#include "base/error.hpp"
#include "testing/seeds.hpp"
#include "testing/world.hpp"

namespace tether::testing {
namespace {

using namespace std::chrono_literals;
using replica::Resolution;

constexpr std::uint64_t k_histories = 1'000;
constexpr int k_steps = 30;
constexpr int k_step_of_backup = 12;
constexpr int k_step_of_restore = 22;
constexpr std::size_t k_short_payload = 32;  // three fields of two digits each are longer

class History {
 public:
  /// In every fourth, the server is put back from a backup at some time; in every third, it refuses long payloads.
  explicit History(std::uint64_t seed)
      : world_(seed, limits_for(seed)), random_(world_.random()), is_restored_(seed % 4 == 0) {
    for (const char* name : {"ann", "ben", "cleo"}) {
      const auto hours = static_cast<std::int64_t>(random_.below(97)) - 48;
      laptops_.push_back(&world_.laptop(name, std::chrono::hours(hours)));
      laptops_.back()->patience = std::chrono::seconds(random_.below(4));
    }
    world_.wire().set_weather(
        {.lost_requests = 10, .lost_replies = 10, .duplicates = 10, .delays = 10, .broken_replies = 3});
  }

  std::vector<std::string> run() {
    for (int step = 0; step < k_steps; ++step) {
      if (is_restored_ && step == k_step_of_backup) backup_ = world_.store_bytes();
      if (is_restored_ && step == k_step_of_restore) restore();
      do_something(*laptops_[random_.below(laptops_.size())]);
      world_.clock().advance(std::chrono::seconds(random_.below(600)));
    }
    world_.settle();
    return world_.broken_promises();
  }

 private:
  static protocol::Limits limits_for(std::uint64_t seed) {
    protocol::Limits limits;
    if (seed % 3 == 0) limits.payload_bytes_max = k_short_payload;
    return limits;
  }

  void restore() {
    world_.put_store_back(backup_);
    authority::renew_epochs(world_.store(), world_.clock(), world_.random());
  }

  void do_something(Laptop& laptop) {
    switch (random_.below(10)) {
      case 0:
      case 1:
        laptop.create(model(), fields());
        break;
      case 2:
      case 3:
        with_some_record(laptop, [&](auto& kind, auto& id) { laptop.update(kind, id, fields()); });
        break;
      case 4:
        with_some_record(laptop, [&](auto& kind, auto& id) { laptop.remove(kind, id); });
        break;
      case 5:
        tolerating_nonsense([&] { laptop.push(1 + static_cast<std::int64_t>(random_.below(4))); });
        break;
      case 6:
        tolerating_nonsense([&] { laptop.pull(1 + static_cast<std::int64_t>(random_.below(4))); });
        break;
      case 7:
        tolerating_nonsense([&] { laptop.push(), laptop.pull(); });
        break;
      case 8:
        resolve_something(laptop);
        break;
      case 9:
        random_.below(2) == 0 ? laptop.restart() : world_.wire().deliver_delayed();
        break;
    }
    REQUIRE(laptop.differences() == std::vector<std::string>{});
  }

  /// A reply cut short is a fault that the person sees; nothing may be lost by it.
  template <typename Act>
  void tolerating_nonsense(Act&& act) {
    try {
      act();
    } catch (const Error& error) {
      REQUIRE(error.code() == ErrorCode::unexpected_reply);
    }
  }

  template <typename Act>
  void with_some_record(Laptop& laptop, Act&& act) {
    const auto records = laptop.records();
    if (records.empty()) return;
    const auto& chosen = records[random_.below(records.size())];
    const auto slash = chosen.find('/');
    const auto space = chosen.find(' ');
    const auto kind = chosen.substr(0, slash);
    const auto id = chosen.substr(slash + 1, space - slash - 1);
    act(kind, id);
  }

  void resolve_something(Laptop& laptop) {
    const auto open = laptop.conflicts();
    if (open.empty()) return;
    const auto& conflict = open[random_.below(open.size())];
    Resolution resolution;
    const auto kind = random_.below(3);
    if (kind == 0) resolution.kind = Resolution::Kind::mine;
    if (kind == 1) resolution = {.kind = Resolution::Kind::set, .fields = fields()};
    laptop.resolve(conflict.mutation_id.value, resolution);
  }

  std::string model() { return random_.below(3) == 0 ? "Part" : "Task"; }

  std::string fields() {
    static constexpr const char* k_names[] = {"title", "done", "count"};
    std::string text = "{";
    for (const auto* name : k_names) {
      if (random_.below(3) == 0) continue;
      if (text.size() > 1) text += ',';
      text += '"' + std::string(name) + "\":" + std::to_string(random_.below(100));
    }
    return text + "}";
  }

  World world_;
  Random& random_;
  bool is_restored_;
  std::string backup_;
  std::vector<Laptop*> laptops_;
};

TEST_CASE("a thousand histories keep every promise") {
  for (const auto seed : seeds(k_histories)) {
    CAPTURE(seed);
    History history(seed);
    CHECK(history.run() == std::vector<std::string>{});
  }
}

}  // namespace
}  // namespace tether::testing
