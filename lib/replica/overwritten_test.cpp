// SPDX-License-Identifier: MIT
#include "replica/overwritten.hpp"

#include "replica/outbound_mapping.hpp"
#include "replica/peer_fixture.hpp"
#include "replica/upkeep.hpp"

namespace tether::replica {
namespace {

using namespace std::chrono_literals;

/// Ben's edit took the place of the title that version `version` of `a` had.
protocol::OverwriteReport title_lost(std::int64_t version) {
  return {.mutation_id = {"01KAM4Z6P2VM3N929H3W21AJKC"},
          .key = task("a"),
          .version = version,
          .written_at_ms = 1'763'757'000'000,
          .fields = {"title"},
          .lost = R"({"title":"pump"})",
          .server_written_by = {"ben"},
          .server_updated_at_us = 1'763'757'060'000'000};
}

constexpr std::string_view k_told =
    R"([{"mutation_id":"01KAM4Z6P2VM3N929H3W21AJKC","entity_id":"a","model":"Task","version":1,)"
    R"("written_at":"2025-11-21T20:30:00.000Z","fields":["title"],"lost":{"title":"pump"},)"
    R"("server_updated_at":"2025-11-21T20:31:00.000000Z","server_written_by":"ben"}])";

struct Told : Desk {
  PullReport pull_telling(const protocol::OverwriteReport& report) {
    server.reply_to_pull([&](const protocol::PullRequest&) {
      protocol::PullReply reply = page({snapshot("a", R"({"title":"valve"})", 2)}, 20);
      reply.overwritten = {report};
      return reply;
    });
    return pull();
  }
  /// What the log says was overwritten, entry by entry; `-`: nothing.
  std::string in_the_log() {
    std::string out;
    sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
      read_log(transaction, {},
               [&](const LogEntry& entry) { out += entry.overwritten.empty() ? "-" : entry.overwritten; });
    });
    return out;
  }
  /// `a1 {…} […]` of each forgotten mutation.
  std::string forgotten(const LogQuery& query = {}) {
    std::string out;
    sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
      read_forgotten(transaction, query, [&](const LogEntry& entry) {
        CHECK(entry.mutation.mutation_id.value.empty());
        CHECK(entry.sync_status == "synced");
        out += entry.mutation.entity_id.value + std::to_string(entry.mutation.version) + " " + entry.mutation.payload +
               " " + entry.overwritten;
      });
    });
    return out;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Told, "what was overwritten is kept with its page and stands in the log with its mutation") {
  create(file, "a", R"({"title":"pump"})");
  push_all_applied();
  update(file, "a", R"({"title":"hose"})");
  const PullReport report = pull_telling(title_lost(1));
  CHECK(report.overwritten == 1);
  REQUIRE(report.overwrites.size() == 1);
  CHECK(report.overwrites[0] == title_lost(1));
  CHECK(in_the_log() == std::string(k_told) + "-");
  CHECK(forgotten().empty());
  CHECK(differences().empty());
}

TEST_CASE_FIXTURE(Told, "a page that comes again tells nothing new") {
  create(file, "a", R"({"title":"pump"})");
  push_all_applied();
  pull_telling(title_lost(1));
  CHECK(pull_telling(title_lost(1)).overwritten == 0);
  CHECK(in_the_log() == k_told);
}

TEST_CASE_FIXTURE(Told, "a page of which nothing is kept tells nothing") {
  create(file, "a", R"({"title":"pump"})");
  push_all_applied();
  pull_page({snapshot("a", R"({"title":"valve"})", 5)}, 20);
  server.reply_to_pull([&](const protocol::PullRequest& request) {
    protocol::PullReply older = page({snapshot("a", R"({"title":"pump"})", 4)}, 30);
    if (request.cursor) older.overwritten = {title_lost(1)};
    return older;
  });
  CHECK(pull().push_first);
  CHECK(in_the_log() == "-");
}

TEST_CASE_FIXTURE(Told, "what was overwritten of a mutation that compact has forgotten is still to be found") {
  create(file, "a", R"({"title":"pump"})");
  push_all_applied();
  clock.advance(240h);
  CHECK(compact(file, 24h).log_rows == 1);
  CHECK(pull_telling(title_lost(1)).overwritten == 1);
  CHECK(in_the_log().empty());
  CHECK(forgotten() == R"(a1 {"title":"pump"} )" + std::string(k_told));
  CHECK(forgotten({.model = ModelName{"Task"}, .entity_id = EntityId{"a"}, .status = "synced"}) == forgotten());
  CHECK(forgotten({.model = ModelName{"Part"}}).empty());
  CHECK(forgotten({.status = "failed"}).empty());
  CHECK(forgotten({.since_ms = 1'763'757'000'001}).empty());
  compact(file, 24h);
  CHECK(forgotten() == R"(a1 {"title":"pump"} )" + std::string(k_told));
  clock.advance(48h);
  compact(file, 24h);
  CHECK(forgotten().empty());
}

TEST_CASE_FIXTURE(Told, "fields have the names that they have here") {
  sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    change_mapping_setting(transaction, "models.Task.rename.name", "title", clock.now());
  });
  const PullReport report = pull_telling(title_lost(1));
  REQUIRE(report.overwrites.size() == 1);
  CHECK(report.overwrites[0].fields == std::vector<std::string>{"name"});
  CHECK(report.overwrites[0].lost == R"({"name":"pump"})");
}

TEST_CASE("a file of an earlier tether gets a place for it when it is opened, and can be read before that") {
  Workbench bench;
  create(*std::make_unique<File>(bench.make()), "a", "{}");
  bench.as_other_program("DROP TABLE tether_overwritten");
  const auto entries = [](File& file) {
    int count = 0;
    sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
      read_log(transaction, {}, [&](const LogEntry& entry) { count += entry.overwritten.empty() ? 1 : 0; });
      read_forgotten(transaction, {}, [](const LogEntry&) { FAIL("there is none"); });
    });
    return count;
  };
  const std::string tables = "SELECT count(*) FROM main.sqlite_schema WHERE name = 'tether_overwritten'";
  {
    File before = File::open_read_only(bench.path, bench.clock, bench.random);
    CHECK(entries(before) == 1);
    CHECK(rows(before.database(), tables) == "0");
    CHECK(check_file(before, /*fix=*/false)[1].result == CheckResult::ok);
  }
  File after = bench.open();
  CHECK(entries(after) == 1);
  CHECK(rows(after.database(), tables) == "1");
  CHECK(check_file(after, /*fix=*/false)[1].result == CheckResult::ok);
}

}  // namespace tether::replica
