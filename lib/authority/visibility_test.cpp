// SPDX-License-Identifier: MIT
// Which records of a scope a client is told of, and how.
#include "authority/fixture.hpp"

namespace tether::authority {
namespace {

using namespace fixture;
using Lines = std::vector<std::string>;

constexpr std::string_view k_north = R"({"school":"north"})";
constexpr std::string_view k_south = R"({"school":"south"})";

/// Two schools in one scope: each sees its own tasks.
struct Schools {
  Server server;
  Schools() {
    rules::Model model;
    model.visible = {{.field = "school", .any_of = {{.claim = "school"}}}};
    server.use("Task", model);
    server.push_as(k_north, "ann", {create(1, "N1", R"({"school":"north"})")});
    server.push_as(k_south, "ben", {create(2, "S1", R"({"school":"south"})")});
  }
  /// A client of ours that has pulled everything as one of that school.
  protocol::PullRequest caught_up(std::string_view claims) {
    const auto reply = server.pull({.full = true}, claims);
    return {.cursor = reply.new_cursor, .full = false, .view = reply.view};
  }
};

TEST_CASE_FIXTURE(Schools, "a client is told what it may see; of the rest only that it is not there") {
  CHECK(lines(server.pull({}, k_north)) ==
        Lines{R"(N1 {"school":"north"} rev 1 by ann)", "S1 deleted rev 1 by nobody"});
  CHECK(lines(server.pull({.fresh = true}, k_north)) == Lines{R"(N1 {"school":"north"} rev 1 by ann)"});
  CHECK(lines(server.pull({.fresh = true}, "{}")).empty());
}

TEST_CASE_FIXTURE(Schools, "who deleted what a client may not see is none of its business") {
  server.push_as(k_north, "ann", {seeing(1, remove(3, "N1"))});
  server.push_as(k_south, "ben", {seeing(1, remove(4, "S1"))});
  CHECK(lines(server.pull({}, k_north)) == Lines{"N1 deleted rev 2 by ann", "S1 deleted rev 2 by nobody"});
  CHECK(lines(server.pull({}, k_south)) == Lines{"N1 deleted rev 2 by nobody", "S1 deleted rev 2 by ben"});
  CHECK(lines(server.pull({}, "{}")) == Lines{"N1 deleted rev 2 by nobody", "S1 deleted rev 2 by nobody"});
}

TEST_CASE_FIXTURE(Schools, "a record that leaves a client's view arrives there as a delete") {
  const auto north = caught_up(k_north);
  server.push_as(k_north, "ann", {seeing(1, update(3, "N1", R"({"school":"south"})"))});
  CHECK(lines(server.pull(north, k_north)) == Lines{"N1 deleted rev 2 by nobody"});
  const auto south = caught_up(k_south);
  server.push_as(k_south, "ben", {seeing(2, update(4, "N1", R"({"school":"north"})"))});
  CHECK(lines(server.pull(north, k_north)) == Lines{R"(N1 {"school":"north"} rev 3 by ben)"});
  CHECK(lines(server.pull(south, k_south)) == Lines{"N1 deleted rev 3 by nobody"});
}

TEST_CASE_FIXTURE(Schools, "a client that may see other records than before starts over, without waiting for an edit") {
  const auto north = caught_up(k_north);
  CHECK_FALSE(server.pull(north, k_north).reset);
  const auto moved = server.pull(north, k_south);
  CHECK(moved.reset);
  CHECK(lines(moved) == Lines{"N1 deleted rev 1 by nobody", R"(S1 {"school":"south"} rev 1 by ben)"});
  CHECK_FALSE(
      server
          .pull({.cursor = moved.new_cursor, .full = true, .horizon_us = moved.horizon_us, .view = moved.view}, k_south)
          .reset);
}

TEST_CASE_FIXTURE(Schools, "a client that cannot be told to start over is not") {
  const auto north = caught_up(k_north);
  CHECK_FALSE(server.pull({.cursor = north.cursor}, k_south).reset);
}

TEST_CASE_FIXTURE(Schools, "an edit of a record that its writer may not see is an edit of nothing") {
  const auto reply = server.push_as(k_north, "ann",
                                    {update(3, "S1", R"({"school":"north"})"), remove(4, "S1"), create(5, "S1", "{}")});
  CHECK(lines(reply) == Lines{"3 not_found {}", "4 not_found {}", "5 forbidden {}"});
}

TEST_CASE("what is hidden, masked and renamed is told so, in pages and in conflicts") {
  rules::Model model;
  model.hide = {"secret"};
  model.mask = {{"card", R"("****")"}};
  model.rename = {{"amount", "cents"}};
  model.timestamps = true;
  Server server;
  server.use("Task", model);
  server.push("ann", {create(1, "T1", R"({"amount":5,"card":"1234","secret":"x"})")});
  CHECK(server.column("SELECT payload FROM tether_records") == Lines{R"({"cents":5,"card":"1234","secret":"x"})"});
  const auto told = server.pull().snapshots.at(0).payload;
  CHECK(told.find(R"({"amount":5,"card":"****")") == 0);
  CHECK(told.find("secret") == std::string::npos);
  CHECK(told.find(R"("created_at":"2026-)") != std::string::npos);
  server.clock.advance(std::chrono::seconds(60));
  server.push("ben", {seeing(1, update(2, "T1", R"({"amount":6})"))});
  const auto refused = server.push("cleo", {written_at(1, seeing(1, update(3, "T1", R"({"amount":7,"secret":"y"})")))});
  REQUIRE(refused.conflicts.size() == 1);
  CHECK(refused.conflicts[0].server_state.find(R"({"amount":6,"card":"****")") == 0);
  CHECK(refused.conflicts[0].fields == Lines{"amount"});
  // The mask that a client was shown is no value of its own.
  server.push("ben", {seeing(2, update(4, "T1", R"({"amount":8,"card":"****"})"))});
  CHECK(server.column("SELECT payload FROM tether_records") == Lines{R"({"cents":8,"card":"1234","secret":"x"})"});
}

TEST_CASE("records of a model that the file names from now on arrive without an edit") {
  Server server;
  server.push("ann", {create(1, "T1", R"({"a":1})")});
  server.use("Note", {});
  const auto first = server.pull({.full = true});
  CHECK(lines(first).empty());
  server.use("Task", {});
  const auto next = server.pull({.cursor = first.new_cursor, .full = false, .view = first.view});
  CHECK(next.reset);
  CHECK(lines(next) == Lines{R"(T1 {"a":1} rev 1 by ann)"});
}

}  // namespace
}  // namespace tether::authority
