// SPDX-License-Identifier: MIT
#include "replica/edits_ahead.hpp"

#include <ctime>

#include "replica/peer_fixture.hpp"

namespace tether::replica {
namespace {

using protocol::PushReply;
using protocol::PushRequest;

void edit_often(Desk& desk, std::int64_t count, const std::function<void(Recorder&, std::int64_t)>& edit) {
  sql::in_transaction(desk.file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    Recorder recorder(desk.file, transaction);
    for (std::int64_t n = 1; n <= count; ++n) edit(recorder, n);
  });
}

std::string field(std::string_view name, std::int64_t value) {
  return "{\"" + std::string(name) + "\":" + std::to_string(value) + "}";
}

/// Applies all but every ninth mutation, and looks at the local state before each batch.
void push_with_refusals(Desk& desk, const std::function<void()>& meanwhile) {
  desk.server.reply_to_push([&](const PushRequest& request) {
    CHECK(desk.differences().empty());
    meanwhile();
    PushReply reply;
    for (const protocol::Mutation& mutation : request.mutations) {
      if (mutation.version % 9 == 0) {
        reply.rejected.push_back({mutation.mutation_id, "forbidden", "{}"});
      } else {
        reply.applied.push_back(mutation.mutation_id);
        reply.revs.emplace_back(mutation.mutation_id, Rev{mutation.version + 5});
      }
    }
    return reply;
  });
  CHECK(desk.push(50).end == End::done);
  CHECK(desk.differences().empty());
}

double seconds_to_push_edits_over_a_moved_base(std::int64_t count) {
  Desk desk;
  create(desk.file, "a", R"({"n":0,"by":"me"})");
  desk.push_all_applied();
  edit_often(desk, count, [](Recorder& recorder, std::int64_t n) { recorder.update(task("a"), field("n", n)); });
  desk.pull_page({snapshot("a", R"({"n":0,"by":"other"})", 2)}, 5);
  desk.server.reply_to_push(all_applied);
  const std::clock_t before = std::clock();
  REQUIRE(desk.push(50).end == End::done);
  const double seconds = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  CHECK(desk.differences().empty());
  return seconds;
}

}  // namespace

TEST_CASE("edits folded ahead show the same as the log, batch by batch, with refusals among them") {
  Desk desk;
  create(desk.file, "a", R"({"n":0,"by":"me"})");
  desk.push_all_applied();
  const char* const names[] = {"n", "m", "tail"};
  std::function<void(Recorder&, std::int64_t)> edit = [&](Recorder& recorder, std::int64_t n) {
    recorder.update(task("a"), field(n < 100 ? "early" : names[n % 3], n));
  };
  std::function<void()> meanwhile = [] {};
  SUBCASE("of updates only") {}
  SUBCASE("where it dies and comes to life again") {
    edit = [&](Recorder& recorder, std::int64_t n) {
      if (n % 400 == 399) {
        recorder.remove(task("a"));
      } else {
        recorder.create(k_task, EntityId{"a"}, field(names[n % 3], n));
      }
    };
  }
  SUBCASE("while this process records more") {
    meanwhile = [&] {
      const auto pushes = static_cast<std::int64_t>(desk.server.pushes.size());
      if (pushes < 20) update(desk.file, "a", field("more", pushes));
    };
  }
  SUBCASE("while another process gives up what was refused") {
    meanwhile = [&] {
      desk.as_other_program(
          "UPDATE tether_mutation_logs SET settled_by = 'dismissed' WHERE sync_status = 'failed' AND id < 200");
    };
  }
  edit_often(desk, 1'500, edit);
  desk.pull_page({snapshot("a", R"({"n":0,"by":"other"})", 2)}, 5);
  push_with_refusals(desk, meanwhile);
}

TEST_CASE("ten times as many edits over a base that moved take about ten times as long to push") {
  const double few = seconds_to_push_edits_over_a_moved_base(2'000);
  const double many = seconds_to_push_edits_over_a_moved_base(20'000);
  CHECK(many < few * 20);
}

}  // namespace tether::replica
