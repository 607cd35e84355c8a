// SPDX-License-Identifier: MIT
#include "testing/world.hpp"

#include <doctest/doctest.h>

#include "authority/store.hpp"
#include "base/error.hpp"

namespace tether::testing {
namespace {

using namespace std::chrono_literals;
using replica::End;
using replica::Resolution;

const std::vector<std::string> k_none;

TEST_CASE("what one laptop writes, another reads, with its very text") {
  World world(1);
  auto& ann = world.laptop("ann");
  auto& ben = world.laptop("ben");
  const auto id =
      ann.create("Task", R"({"title":"pump","cost":2.0,"serial":123456789012345678901234567890,"nul":"\u0000"})");
  ann.sync();
  ben.sync();
  CHECK(ben.show("Task", id) ==
        R"({"title":"pump","cost":2.0,"serial":123456789012345678901234567890,"nul":"\u0000"})");
  CHECK(world.broken_promises() == k_none);
}

TEST_CASE("a reply lost on the way is answered the same on resend") {
  World world(7);
  auto& ann = world.laptop("ann");
  ann.create("Task", R"({"title":"pump"})");
  world.wire().drop_next_reply();
  CHECK(ann.push().end == End::unreachable);
  const auto again = ann.push();
  CHECK(again.end == End::done);
  CHECK(again.pushed == 1);
  world.settle();
  CHECK(world.broken_promises() == k_none);
}

TEST_CASE("days offline lose nothing: create, edit and delete in one go") {
  World world(2);
  auto& ann = world.laptop("ann");
  world.wire().cut();
  const auto kept = ann.create("Task", R"({"title":"pump"})");
  const auto gone = ann.create("Task", R"({"title":"valve"})");
  ann.update("Task", kept, R"({"done":true})");
  ann.remove("Task", gone);
  CHECK(ann.push().end == End::unreachable);
  world.wire().mend();
  CHECK(ann.push().pushed == 4);
  world.settle();
  CHECK(world.laptop("ben").records() == k_none);
  world.laptop("ben").sync();
  CHECK(world.laptop("ben").records() == std::vector{"Task/" + kept + R"( {"title":"pump","done":true})"});
  CHECK(world.broken_promises() == k_none);
}

TEST_CASE("a pull lays an unpushed edit over what it brings") {
  World world(3);
  auto& ann = world.laptop("ann");
  auto& ben = world.laptop("ben");
  const auto id = ann.create("Task", R"({"title":"pump","done":false})");
  ann.sync();
  ben.sync();
  ben.update("Task", id, R"({"title":"main pump"})");
  ben.sync();
  ann.update("Task", id, R"({"done":true})");
  ann.pull();
  CHECK(ann.show("Task", id) == R"({"title":"main pump","done":true})");
  CHECK(ann.differences() == k_none);
}

TEST_CASE("the older of two edits is kept as a conflict, and resolving it for mine travels to everyone") {
  World world(4);
  auto& ann = world.laptop("ann");
  auto& ben = world.laptop("ben");
  const auto id = ann.create("Task", R"({"title":"pump"})");
  ann.sync();
  ben.sync();
  ann.update("Task", id, R"({"title":"pump of ann"})");
  world.clock().advance(1h);
  ben.update("Task", id, R"({"title":"pump of ben"})");
  ben.sync();
  const auto report = ann.push();
  CHECK(report.conflicts == 1);
  CHECK(ann.show("Task", id) == R"({"title":"pump of ben"})");
  const auto conflicts = ann.conflicts();
  REQUIRE(conflicts.size() == 1);
  CHECK(conflicts[0].base == R"({"title":"pump"})");
  CHECK(conflicts[0].mine == R"({"title":"pump of ann"})");
  CHECK(conflicts[0].theirs == R"({"title":"pump of ben"})");
  ann.resolve(conflicts[0].mutation_id.value, {.kind = Resolution::Kind::mine});
  CHECK(ann.conflicts().empty());
  world.settle();
  CHECK(ben.show("Task", id) == R"({"title":"pump of ann"})");
  CHECK(ben.conflicts().empty());
  CHECK(world.broken_promises() == k_none);
}

TEST_CASE("resolving for theirs records nothing and ends equal") {
  World world(5);
  auto& ann = world.laptop("ann");
  auto& ben = world.laptop("ben");
  const auto id = ann.create("Task", R"({"title":"pump"})");
  ann.sync();
  ben.sync();
  ann.update("Task", id, R"({"title":"a"})");
  world.clock().advance(1h);
  ben.update("Task", id, R"({"title":"b"})");
  ben.sync();
  ann.sync();
  ann.resolve(ann.conflicts().at(0).mutation_id.value, {.kind = Resolution::Kind::theirs});
  world.settle();
  CHECK(ann.show("Task", id) == R"({"title":"b"})");
  CHECK(ann.log().size() == 2);
  CHECK(world.broken_promises() == k_none);
}

TEST_CASE("an edit of what someone deleted meanwhile is a conflict, and keeping mine brings it back") {
  World world(6);
  auto& ann = world.laptop("ann");
  auto& ben = world.laptop("ben");
  const auto id = ann.create("Task", R"({"title":"pump"})");
  ann.sync();
  ben.sync();
  ben.remove("Task", id);
  ben.sync();
  ann.update("Task", id, R"({"title":"still here"})");
  ann.sync();
  const auto conflicts = ann.conflicts();
  REQUIRE(conflicts.size() == 1);
  CHECK(conflicts[0].theirs_deleted);
  CHECK(ann.show("Task", id) == "");
  ann.resolve(conflicts[0].mutation_id.value, {.kind = Resolution::Kind::mine});
  world.settle();
  CHECK(ben.show("Task", id) == R"({"title":"still here"})");
  CHECK(world.broken_promises() == k_none);
}

TEST_CASE("a fast clock locks nobody out") {
  World world(8);
  auto& ann = world.laptop("ann", 48h);
  auto& ben = world.laptop("ben");
  const auto id = ann.create("Task", R"({"title":"pump"})");
  ann.sync();
  ben.sync();
  ben.update("Task", id, R"({"title":"valve"})");
  ben.sync();
  CHECK(ben.conflicts().empty());
  world.settle();
  CHECK(ann.show("Task", id) == R"({"title":"valve"})");
}

TEST_CASE("two laptops that make the same entity end with one") {
  World world(9);
  auto& ann = world.laptop("ann");
  auto& ben = world.laptop("ben");
  ann.create_as("Part", "01ARZ3NDEKTSV4RRFFQ69G5FAV", R"({"name":"seal","price":1})");
  world.clock().advance(1h);
  ben.create_as("Part", "01ARZ3NDEKTSV4RRFFQ69G5FAV", R"({"name":"seal","price":2})");
  ann.sync();
  ben.sync();
  world.settle();
  CHECK(ann.records() == std::vector<std::string>{R"(Part/01ARZ3NDEKTSV4RRFFQ69G5FAV {"name":"seal","price":2})"});
  CHECK(world.broken_promises() == k_none);
}

TEST_CASE("a copied file writes under a name of its own") {
  World world(11);
  auto& ann = world.laptop("ann");
  const auto id = ann.create("Task", R"({"title":"pump"})");
  ann.sync();
  auto& copy = world.copy_of("ann", "copy");
  CHECK(copy.file().client_id() != ann.file().client_id());
  copy.update("Task", id, R"({"title":"of the copy"})");
  copy.sync();
  ann.update("Task", id, R"({"title":"of ann"})");
  world.clock().advance(1h);
  ann.sync();
  world.settle();
  CHECK(ann.show("Task", id) == R"({"title":"of ann"})");
  CHECK(world.broken_promises() == k_none);
}

TEST_CASE("a file put back from a backup under its own name gets back what it pushed since") {
  World world(12);
  auto& ann = world.laptop("ann");
  const auto id = ann.create("Task", R"({"title":"pump","done":false})");
  ann.sync();
  const auto backup = ann.bytes();
  ann.update("Task", id, R"({"done":true})");
  const auto lost = ann.create("Task", R"({"title":"valve"})");
  ann.sync();
  const auto name = ann.file().client_id();
  ann.put_back(backup);
  CHECK(ann.file().client_id() == name);
  CHECK(ann.show("Task", lost) == "");
  ann.sync();
  CHECK(ann.show("Task", lost) == R"({"title":"valve"})");
  CHECK(ann.show("Task", id) == R"({"title":"pump","done":true})");
  CHECK(world.broken_promises() == k_none);
}

TEST_CASE("a file put back from a backup gets back what it pushed since, also when it records before it syncs") {
  World world(14);
  auto& ann = world.laptop("ann");
  ann.create("Task", R"({"title":"pump"})");
  ann.sync();
  const auto backup = ann.bytes();
  const auto lost = ann.create("Task", R"({"title":"valve"})");
  ann.sync();
  ann.put_back(backup);
  ann.create("Task", R"({"title":"seal"})");
  ann.sync();
  CHECK(ann.show("Task", lost) == R"({"title":"valve"})");
  CHECK(world.broken_promises() == k_none);
}

TEST_CASE("what a laptop pushed alone does not come back to it") {
  World world(15);
  auto& ann = world.laptop("ann");
  for (int i = 0; i < 10; ++i) ann.create("Task", R"({"n":1})");
  ann.sync();
  ann.create("Task", R"({"n":2})");
  ann.push();
  CHECK(ann.pull().pulled == 0);
  world.laptop("ben").sync();
  world.laptop("ben").create("Task", R"({"n":3})");
  world.laptop("ben").sync();
  ann.create("Task", R"({"n":4})");
  ann.push();
  CHECK(ann.pull().pulled == 2);  // ben's, and behind it its own
  world.settle();
  CHECK(world.broken_promises() == k_none);
}

TEST_CASE("a server put back from a backup gets again what it lost, from everyone who had it acknowledged") {
  for (const bool told : {true, false}) {
    CAPTURE(told);
    World world(16);
    auto& ann = world.laptop("ann");
    auto& ben = world.laptop("ben");
    const auto id = ann.create("Task", R"({"title":"pump","done":false})");
    ann.sync();
    ben.sync();
    const auto backup = world.store_bytes();
    ann.update("Task", id, R"({"done":true})");
    ann.update("Task", id, R"({"title":"main pump"})");
    const auto lost = ann.create("Task", R"({"title":"valve"})");
    ann.sync();
    ben.sync();
    world.put_store_back(backup);
    if (told) authority::renew_epochs(world.store(), world.clock(), world.random());
    const auto fresh = ben.create("Task", R"({"title":"seal"})");
    // Untold, the server shows that it went back only until others have written beyond where it was.
    told ? ben.sync() : ann.sync();
    ann.sync();
    world.settle();
    CHECK(ben.show("Task", lost) == R"({"title":"valve"})");
    CHECK(ben.show("Task", id) == R"({"title":"main pump","done":true})");
    CHECK(ann.show("Task", fresh) == R"({"title":"seal"})");
    CHECK(world.broken_promises() == k_none);
  }
}

TEST_CASE("a laptop that only ever pushed keeps its work when the server's store is gone") {
  World world(17);
  auto& ann = world.laptop("ann");
  const auto empty = world.store_bytes();
  const auto first = ann.create("Task", R"({"title":"pump"})");
  ann.push();
  world.put_store_back(empty);
  ann.update("Task", first, R"({"title":"main pump"})");
  ann.sync();
  world.settle();
  CHECK(ann.show("Task", first) == R"({"title":"main pump"})");
  world.laptop("ben").sync();
  CHECK(world.laptop("ben").show("Task", first) == R"({"title":"main pump"})");
  CHECK(world.broken_promises() == k_none);
}

TEST_CASE("two laptops that import the same table do not disagree") {
  World world(18);
  auto& ann = world.laptop("ann");
  auto& ben = world.laptop("ben");
  ben.create_as("Part", "01ARZ3NDEKTSV4RRFFQ69G5FAV", R"({"name":"seal","price":1})");
  ann.create_as("Part", "01ARZ3NDEKTSV4RRFFQ69G5FAV", R"({"name":"seal","price":1})");
  ann.sync();
  ben.sync();
  CHECK(ben.conflicts().empty());
  world.settle();
  CHECK(world.broken_promises() == k_none);
}

TEST_CASE("an edit made on a file put back from a backup does not silently overwrite a later edit of its own") {
  World world(13);
  auto& ann = world.laptop("ann");
  const auto id = ann.create("Task", R"({"title":"pump"})");
  ann.sync();
  const auto backup = ann.bytes();
  world.clock().advance(1h);
  ann.update("Task", id, R"({"title":"the later one"})");
  ann.sync();
  ann.put_back(backup);
  world.clock().advance(-2h);
  ann.update("Task", id, R"({"title":"from the backup"})");
  world.clock().advance(3h);
  CHECK(ann.push().conflicts == 1);
  CHECK(ann.show("Task", id) == R"({"title":"the later one"})");
}

TEST_CASE("a laptop that was away beyond the horizon starts over and keeps its own unsent work") {
  World world(10);
  auto& ann = world.laptop("ann");
  auto& ben = world.laptop("ben");
  std::vector<std::string> ids;
  for (int i = 0; i < 8; ++i) ids.push_back(ann.create("Task", R"({"n":)" + std::to_string(i) + "}"));
  ann.sync();
  ben.sync();
  ann.remove("Task", ids[2]);
  ann.sync();
  world.clock().advance(24h * 100);
  world.authority().compact(world.store(), 90 * 24h);
  const auto fresh = ben.create("Task", R"({"n":"of ben"})");
  world.settle();
  CHECK(ben.show("Task", ids[2]) == "");
  CHECK(ann.show("Task", fresh) == R"({"n":"of ben"})");
  CHECK(ben.records().size() == 8);
  CHECK(world.broken_promises() == k_none);
}

TEST_CASE("a correction takes the place of the edit that the server refused, and the world sees if it did not") {
  protocol::Limits limits;
  limits.payload_bytes_max = 20;
  World world(7, limits);
  Laptop& ann = world.laptop("ann");
  const auto id = ann.create("Task", R"({"title":"first"})");
  ann.sync();
  ann.update("Task", id, R"({"title":"much longer"})");
  ann.sync();
  CHECK(ann.show("Task", id) == R"({"title":"much longer"})");
  CHECK(world.broken_promises().empty());
  ann.update("Task", id, R"({"title":"short"})");
  world.settle();
  CHECK(ann.show("Task", id) == R"({"title":"short"})");
  CHECK(world.broken_promises().empty());
}

TEST_CASE("what a dry run foresees is what the push then does") {
  World world(11);
  auto& ann = world.laptop("ann");
  auto& ben = world.laptop("ben");
  const std::string pump = ann.create("Task", R"({"title":"pump"})");
  ann.sync();
  ben.sync();
  ann.update("Task", pump, R"({"title":"valve"})");
  const std::string gate = ann.create("Task", R"({"title":"gate"})");
  ann.update("Task", gate, R"({"title":"door"})");
  world.clock().advance(std::chrono::seconds(60));
  ben.update("Task", pump, R"({"title":"hose"})");
  ben.sync();
  const auto foreseen = ann.preview();
  REQUIRE(foreseen.size() == 3);
  CHECK(foreseen[0].ends_with(" conflict"));
  CHECK(foreseen[1].ends_with(" applied"));
  CHECK(foreseen[2].ends_with(" applied"));
  CHECK(ann.preview() == foreseen);
  const auto pushed = ann.push(100);
  CHECK(pushed.conflicts == 1);
  CHECK(pushed.pushed == 2);
  CHECK(ann.preview().empty());
}

}  // namespace
}  // namespace tether::testing
