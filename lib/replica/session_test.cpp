// SPDX-License-Identifier: MIT
// Push and pull against the real authority, where the point is what both sides make of it together.
#include <doctest/doctest.h>

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "authority/authority.hpp"
#include "replica/exchange.hpp"
#include "replica/pull.hpp"
#include "replica/push.hpp"
#include "testing/world.hpp"

namespace tether::replica {
namespace {

using testing::Laptop;
using testing::World;

/// Carries to the world's wire from whatever thread it is called in, slowly enough that the other thread gets its work
/// done.
class SlowTransport final : public Transport {
 public:
  explicit SlowTransport(testing::FakeWire& wire) : wire_(wire) {}
  Answer push(std::string_view body) override { return carry(Call::push, body); }
  Answer pull(std::string_view body) override { return carry(Call::pull, body); }
  Answer info() override { return Reply{"{}"}; }
  void cancel() override {}

 private:
  Answer carry(Call call, std::string_view body) {
    SystemClock().sleep_for(std::chrono::milliseconds(2));
    const std::lock_guard lock(one_at_a_time_);
    return wire_.carry(call, body);
  }
  std::mutex one_at_a_time_;
  testing::FakeWire& wire_;
};

/// A laptop's file as another process would open it: with a clock and chance of its own, which no other thread uses.
struct OtherProcess {
  SteppingClock clock{parse_rfc3339("2026-11-21T20:50:00Z")};
  SeededRandom random{5};
  SlowTransport transport;
  File file;
  OtherProcess(World& world, Laptop& laptop)
      : transport(world.wire()), file(File::open(laptop.file().path(), clock, random)) {}
  Exchange exchange(std::function<bool()> interrupted) {
    return {testing::every_way_is(transport), clock, random, {}, std::move(interrupted)};
  }
};

TEST_CASE("a real thread on the wire while this one files makes no difference") {
  World world(1);
  Laptop& ann = world.laptop("ann");
  Laptop& ben = world.laptop("ben");
  const std::string id = ann.create("Task", R"({"n":0})");
  for (int n = 1; n < 20; ++n) {
    ann.update("Task", id, R"({"n":)" + std::to_string(n) + "}");
    ann.create("Task", R"({"other":)" + std::to_string(n) + "}");
  }
  OtherProcess pushing(world, ann);
  Exchange to_server = pushing.exchange([] { return false; });
  CHECK(push(pushing.file, to_server, {.batch = 4}).pushed == 39);
  OtherProcess pulling(world, ben);
  Exchange from_server = pulling.exchange([] { return false; });
  CHECK(pull(pulling.file, from_server, {.page = 3}).pulled == 20);
  CHECK(ben.show("Task", id) == R"({"n":19})");
  CHECK(ben.records() == ann.records());
  world.settle();
  CHECK(world.broken_promises() == std::vector<std::string>{});
}

TEST_CASE("two batches in real threads on the wire make no difference") {
  World world(6);
  Laptop& ann = world.laptop("ann");
  Laptop& ben = world.laptop("ben");
  ann.create("Task", R"({"n":0})");
  ann.push();  // the epoch is known from now on
  for (int n = 1; n <= 40; ++n) ann.create("Task", R"({"n":)" + std::to_string(n) + "}");
  OtherProcess pushing(world, ann);
  Exchange to_server = pushing.exchange([] { return false; });
  CHECK(push(pushing.file, to_server, {.batch = 3}).pushed == 40);
  CHECK(ann.pull().pulled == 0);
  ben.sync();
  CHECK(ben.records() == ann.records());
  world.settle();
  CHECK(world.broken_promises() == std::vector<std::string>{});
}

TEST_CASE("Ctrl-C in the middle of a push keeps what was answered") {
  World world(2);
  Laptop& ann = world.laptop("ann");
  for (int n = 0; n < 6; ++n) ann.create("Task", R"({"n":1})");
  OtherProcess pushing(world, ann);
  int asked = 0;
  Exchange exchange = pushing.exchange([&] { return ++asked > 2; });  // once per request, as each is over in a moment
  CHECK_THROWS_AS(push(pushing.file, exchange, {.batch = 2}), Error);
  std::size_t synced = 0;
  for (const LogEntry& entry : ann.log()) synced += entry.sync_status == "synced" ? 1 : 0;
  CHECK(synced == 4);
  world.settle();
  CHECK(world.broken_promises() == std::vector<std::string>{});
}

TEST_CASE("answers that arrived and were never filed are given again") {
  World world(3);
  Laptop& ann = world.laptop("ann");
  Laptop& ben = world.laptop("ben");
  const std::string id = ann.create("Task", R"({"n":1})");
  world.wire().drop_next_reply();
  CHECK(ann.push().end == End::unreachable);
  ben.sync();
  ben.update("Task", id, R"({"n":2})");
  ben.sync();
  ann.restart();
  ann.update("Task", id, R"({"t":"x"})");
  world.settle();
  CHECK(ann.records() == ben.records());
  CHECK(ann.differences().empty());
}

/// What a backup of the store taken before `id` was made would hold.
void restore_without(World& world, const std::string& id) {
  world.store().execute("DELETE FROM tether_records WHERE entity_id = '" + id + "'");
  world.store().execute("DELETE FROM tether_mutations WHERE entity_id = '" + id + "'");
  world.store().execute("UPDATE tether_scopes SET epoch = 'restored'");
}

TEST_CASE("what a restored server still has, and someone else changed since, never shows as it was before") {
  World world(5);
  Laptop& ann = world.laptop("ann");
  Laptop& ben = world.laptop("ben");
  const std::string id = ann.create("Task", R"({"title":"pump"})");
  world.settle();
  ben.update("Task", id, R"({"title":"main pump"})");
  world.settle();
  world.store().execute("UPDATE tether_scopes SET epoch = 'restored'");
  CHECK(ann.pull().push_first);
  CHECK(ann.show("Task", id) == R"({"title":"main pump"})");
  ann.update("Task", id, R"({"done":true})");
  ann.push();
  CHECK(ann.show("Task", id) == R"({"title":"main pump","done":true})");
  world.settle();
  CHECK(ben.show("Task", id) == R"({"title":"main pump","done":true})");
  CHECK(world.broken_promises() == std::vector<std::string>{});
}

TEST_CASE("a server restored from a backup gets back from the laptops what it lost") {
  World world(4);
  Laptop& ann = world.laptop("ann");
  Laptop& ben = world.laptop("ben");
  const std::string kept = ann.create("Task", R"({"n":1})");
  const std::string lost = ann.create("Task", R"({"n":2})");
  world.settle();
  ben.update("Task", kept, R"({"t":"ben"})");
  world.settle();
  restore_without(world, lost);
  world.settle();
  world.settle();
  CHECK(ann.show("Task", kept) == R"({"n":1,"t":"ben"})");
  CHECK(ann.show("Task", lost) == R"({"n":2})");
  CHECK(ann.records() == ben.records());
  CHECK(world.broken_promises() == std::vector<std::string>{});
}

}  // namespace
}  // namespace tether::replica
