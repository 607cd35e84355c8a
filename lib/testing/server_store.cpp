// SPDX-License-Identifier: MIT
#include "testing/server_store.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>

#include "sql/postgres/postgres.hpp"
#include "sql/sqlite.hpp"
#include "testing/postgres_cluster.hpp"

namespace tether::testing {

bool ServerStore::is_postgres() {
  const char* store = std::getenv("TETHER_TEST_STORE");
  return store != nullptr && std::string_view(store) == "postgres";
}

ServerStore::ServerStore()
    : place_(is_postgres() ? PostgresCluster::shared().new_schema() : directory_.file("server.db")) {}

std::unique_ptr<sql::Database> ServerStore::open() const {
  if (is_postgres()) return sql::open_postgres(place_);
  return sql::open_sqlite({place_, sql::Open::create, sql::Durability::normal, 30'000});
}

std::string ServerStore::backup() {
  if (is_postgres()) return PostgresCluster::shared().new_copy(place_);
  std::ifstream in(place_, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void ServerStore::put_back(const std::string& backup) {
  if (is_postgres()) {
    place_ = PostgresCluster::shared().new_copy(backup);
  } else {
    std::ofstream(place_, std::ios::binary) << backup;
  }
}

}  // namespace tether::testing
