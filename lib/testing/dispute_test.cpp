// SPDX-License-Identifier: MIT
// Several people who resolve conflicts of one record without knowing of each other: it settles, and once.
#include <doctest/doctest.h>

#include <algorithm>

#include "testing/world.hpp"

namespace tether::testing {
namespace {

using namespace std::chrono_literals;
using replica::Resolution;

const std::vector<std::string> k_none;

/// Laptops whose edits of one record all lost against that of dora: each has a conflict of its own.
struct Dispute {
  explicit Dispute(const std::vector<std::string>& people) : names(people) {
    Laptop& dora = world.laptop("dora");
    id = dora.create("Task", R"({"title":"pump","done":false})");
    dora.sync();
    for (const auto& name : names) {
      world.laptop(name).sync();
      world.laptop(name).update("Task", id, R"({"title":"pump of )" + name + R"("})");
    }
    world.clock().advance(1h);
    dora.update("Task", id, R"({"title":"pump of dora","done":true})");
    dora.sync();
    for (const auto& name : names) world.laptop(name).sync();
  }

  /// Resolves every open conflict of one laptop.
  void resolve(const std::string& name, const Resolution& resolution) {
    for (const auto& conflict : world.laptop(name).conflicts()) {
      world.laptop(name).resolve(conflict.mutation_id.value, resolution);
    }
    world.clock().advance(1min);
  }

  bool any_open() {
    return std::ranges::any_of(names, [&](const auto& name) { return !world.laptop(name).conflicts().empty(); });
  }

  std::size_t recorded() {
    std::size_t count = world.laptop("dora").log().size();
    for (const auto& name : names) count += world.laptop(name).log().size();
    return count;
  }

  World world{19};
  std::vector<std::string> names;
  std::string id;
};

const std::vector<std::vector<std::string>> k_people{{"ann", "ben"}, {"ann", "ben", "cem"}};

std::string in_words(const std::vector<std::string>& names) {
  std::string words;
  for (const auto& name : names) words += name + " ";
  return words;
}

Resolution choice(unsigned number) {
  switch (number) {
    case 0:
      return {.kind = Resolution::Kind::mine};
    case 1:
      return {.kind = Resolution::Kind::theirs};
    default:
      return {.kind = Resolution::Kind::set, .fields = R"({"title":"pump of all"})"};
  }
}

TEST_CASE("whatever several people choose for one record, and in whatever order it travels, it settles") {
  for (const auto& people : k_people) {
    const auto combinations = people.size() == 2 ? 9U : 27U;
    for (unsigned combination = 0; combination < combinations; ++combination) {
      std::vector<std::string> order = people;
      do {
        CAPTURE(combination);
        CAPTURE(in_words(order));
        Dispute dispute(people);
        std::size_t rounds = 0;
        for (; dispute.any_open() && rounds < 10; ++rounds) {
          unsigned choices = combination;
          for (const auto& name : people) {
            dispute.resolve(name, choice(choices % 3));
            choices /= 3;
          }
          for (const auto& name : order) dispute.world.laptop(name).sync();
        }
        // Each round the last of those who still disagree prevails, so no more rounds than people are needed.
        CHECK(rounds <= people.size());
        dispute.world.settle();
        CHECK_FALSE(dispute.any_open());
        CHECK(dispute.world.broken_promises() == k_none);
      } while (std::ranges::next_permutation(order).found);
    }
  }
}

TEST_CASE("people who choose the same for one record settle it once, in whatever order it travels") {
  for (const auto& people : k_people) {
    std::vector<std::string> order = people;
    do {
      CAPTURE(in_words(order));
      Dispute dispute(people);
      for (const auto& name : people) dispute.resolve(name, choice(2));
      for (const auto& name : order) dispute.world.laptop(name).sync();
      CHECK_FALSE(dispute.any_open());
      const std::size_t recorded = dispute.recorded();
      dispute.world.settle();
      CHECK_FALSE(dispute.any_open());
      CHECK(dispute.recorded() == recorded);
      CHECK(dispute.world.laptop("dora").show("Task", dispute.id) == R"({"title":"pump of all","done":true})");
      CHECK(dispute.world.broken_promises() == k_none);
    } while (std::ranges::next_permutation(order).found);
  }
}

TEST_CASE("a file and its copy that resolve the same conflict settle it once") {
  for (const auto kind : {Resolution::Kind::mine, Resolution::Kind::theirs}) {
    for (const bool copy_first : {false, true}) {
      CAPTURE(name(kind));
      CAPTURE(copy_first);
      Dispute dispute(std::vector<std::string>{"ann"});
      Laptop& copy = dispute.world.copy_of("ann", "copy");
      dispute.names = {"ann", "copy"};
      for (const auto& name : dispute.names) dispute.resolve(name, {.kind = kind});
      Laptop& ann = dispute.world.laptop("ann");
      for (Laptop* laptop : copy_first ? std::vector{&copy, &ann} : std::vector{&ann, &copy}) laptop->sync();
      CHECK_FALSE(dispute.any_open());
      dispute.world.settle();
      CHECK_FALSE(dispute.any_open());
      CHECK(ann.show("Task", dispute.id) == copy.show("Task", dispute.id));
    }
  }
}

TEST_CASE("several people who delete, or bring back, what another changed or deleted settle it") {
  for (const bool dora_deletes : {false, true}) {
    std::vector<std::string> order = k_people.back();
    do {
      CAPTURE(dora_deletes);
      CAPTURE(in_words(order));
      Dispute dispute(std::vector<std::string>{});
      dispute.names = k_people.back();
      World& world = dispute.world;
      for (const auto& name : dispute.names) world.laptop(name).sync();
      for (const auto& name : dispute.names) {
        if (dora_deletes) {
          world.laptop(name).update("Task", dispute.id, R"({"title":"pump of )" + name + R"("})");
        } else {
          world.laptop(name).remove("Task", dispute.id);
        }
      }
      world.clock().advance(1h);
      if (dora_deletes) {
        world.laptop("dora").remove("Task", dispute.id);
      } else {
        world.laptop("dora").update("Task", dispute.id, R"({"place":"hall"})");
      }
      world.laptop("dora").sync();
      for (const auto& name : dispute.names) world.laptop(name).sync();
      std::size_t rounds = 0;
      for (; dispute.any_open() && rounds < 10; ++rounds) {
        for (const auto& name : dispute.names) dispute.resolve(name, choice(0));
        for (const auto& name : order) world.laptop(name).sync();
      }
      CHECK(rounds >= 1);
      CHECK(rounds <= dispute.names.size());
      world.settle();
      CHECK_FALSE(dispute.any_open());
      CHECK(world.broken_promises() == k_none);
    } while (std::ranges::next_permutation(order).found);
  }
}

}  // namespace
}  // namespace tether::testing
