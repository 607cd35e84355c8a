// SPDX-License-Identifier: MIT
#include "authority/store.hpp"

#include <atomic>
#include <thread>

#include "authority/fixture.hpp"
#include "base/error.hpp"

namespace tether::authority {
namespace {

ErrorCode refusal(sql::Database& database) {
  try {
    migrate(database);
  } catch (const Fatal& e) {
    CHECK(!e.hint().empty());
    return e.code();
  }
  return ErrorCode::internal;
}

TEST_CASE("a new store is made once, and found as it should be after that") {
  const testing::ServerStore store;
  const auto database = store.open();
  CHECK(schema_version(*database) == 0);
  CHECK(migrate(*database) == 0);
  CHECK(schema_version(*database) == k_schema_version);
  CHECK(migrate(*database) == k_schema_version);
  CHECK(database->tables() ==
        std::vector<std::string>{"tether_mutations", "tether_records", "tether_schema", "tether_scopes"});
}

TEST_CASE("a store of a later program is refused and left alone") {
  const testing::ServerStore store;
  const auto database = store.open();
  migrate(*database);
  database->execute("UPDATE tether_schema SET version = 2");
  CHECK(refusal(*database) == ErrorCode::newer_version);
  CHECK(schema_version(*database) == 2);
}

TEST_CASE("a database of something else is refused and left alone") {
  const testing::ServerStore store;
  const auto database = store.open();
  database->execute_script("CREATE TABLE books (id TEXT)");
  CHECK(refusal(*database) == ErrorCode::not_a_database);
  CHECK(database->tables() == std::vector<std::string>{"books"});
}

TEST_CASE("many programs may start on one new store at the same moment") {
  const testing::ServerStore store;
  std::atomic<int> made = 0;
  std::vector<std::thread> programs;
  for (int i = 0; i < 8; ++i) {
    programs.emplace_back([&] {
      const auto database = store.open();
      migrate(*database);
      made += schema_version(*database);
    });
  }
  for (auto& program : programs) program.join();
  CHECK(made == 8 * k_schema_version);
}

}  // namespace
}  // namespace tether::authority
