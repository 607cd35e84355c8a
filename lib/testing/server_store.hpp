// SPDX-License-Identifier: MIT
// An empty store for a server under test: a file, or a database of its own in Postgres when TETHER_TEST_STORE=postgres.
// So every test of the server runs on both; ctest runs the programs twice.
#pragma once

#include <memory>
#include <string>

#include "sql/database.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::testing {

class ServerStore {
 public:
  ServerStore();
  static bool is_postgres();

  /// A further connection.
  std::unique_ptr<sql::Database> open() const;

  /// As a backup of it would be; and the store with that backup put back. No connection may be open.
  std::string backup();
  void put_back(const std::string& backup);

 private:
  TemporaryDirectory directory_;
  std::string place_;  // a path or a URL
};

}  // namespace tether::testing
