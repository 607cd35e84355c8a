// SPDX-License-Identifier: MIT
// The program on a Postgres that wants a password.
#include <fstream>

#include "base/error.hpp"
#include "service/process_fixture.hpp"
#include "service/program_fixture.hpp"
#include "sql/postgres/postgres.hpp"
#include "testing/postgres_cluster.hpp"

using namespace tether;
using namespace tether::service;
using namespace std::chrono_literals;
using testing::PostgresCluster;

namespace {

/// A role whose password Postgres asks for, as scram-sha-256 has it, and a schema that it owns.
class Cashier {
 public:
  Cashier() : url_(PostgresCluster::shared().new_schema()) {
    const std::string rules = PostgresCluster::shared().folder() + "/data/pg_hba.conf";
    const std::string before = content(rules);
    std::ofstream(rules) << "local all cashier scram-sha-256\n" << before;
    const auto store = sql::open_postgres(url_);
    std::string schema;
    store->execute("SELECT current_schema()", {}, [&](const sql::Row& row) { schema = row.text(0); });
    store->execute("SET password_encryption = 'scram-sha-256'");
    store->execute("CREATE ROLE cashier LOGIN PASSWORD 'right-5f2'");
    store->execute("ALTER SCHEMA " + schema + " OWNER TO cashier");
    store->execute("SELECT pg_reload_conf()");
    REQUIRE(eventually([&] { return !lets_in("wrong"); }));
  }
  Cashier(const Cashier&) = delete;
  Cashier& operator=(const Cashier&) = delete;
  ~Cashier() { sql::open_postgres(url_)->execute_script("DROP OWNED BY cashier CASCADE; DROP ROLE cashier"); }

  /// What is shown of it holds no password.
  std::string url(const std::string& password) const {
    std::string url = url_;
    const std::string who = password.empty() ? "cashier" : "cashier:" + password;
    return url.replace(url.find("tether@"), std::string_view("tether").size(), who);
  }

 private:
  bool lets_in(const std::string& password) const {
    try {
      return sql::open_postgres(url(password)) != nullptr;
    } catch (const Error&) {
      return false;
    }
  }

  std::string url_;
};

std::vector<std::vector<std::string>> commands_on(const std::string& store) {
  return {{"serve", "--listen", "127.0.0.1:0", "--store", store},
          {"migrate", "--store", store},
          {"migrate", "--check", "--store", store},
          {"migrate", "--restored", "--store", store},
          {"check", "--store", store},
          {"token", "list", "--store", store}};
}

/// Each command ends with 1, at once, and says `message` and what to do.
void check_refused(const std::string& store, const std::string& message) {
  for (const auto& command : commands_on(store)) {
    CAPTURE(command[0]);
    const Folder folder;
    std::string out;
    std::string log;
    const auto began = std::chrono::steady_clock::now();
    CHECK(run(folder, command, &out, &log) == 1);
    CHECK(std::chrono::steady_clock::now() - began < 20s);  // not --store-wait
    CHECK(log.find(message) != std::string::npos);
    CHECK(log.find("\n  Check the user and the password in --store, and what pg_hba.conf of the database allows.\n") !=
          std::string::npos);
    CHECK((out + log).find("wrong-7c1") == std::string::npos);
  }
}

TEST_CASE("a wrong password, or none, ends every command at once with 1; it is said so, and the password is not") {
  const Cashier cashier;
  check_refused(cashier.url("wrong-7c1"), "password authentication failed for user \"cashier\"");
  check_refused(cashier.url(""), "a password is asked for, and none was given");
  const Folder folder;
  std::string log;
  CHECK(run(folder, {"migrate", "--store", cashier.url("right-5f2")}) == 0);
  Process process(folder, {"serve", "--listen", "127.0.0.1:0", "--store", cashier.url("right-5f2")});
  CHECK(Client(process.port()).get("/readyz").status == 200);
  CHECK(process.log().find("right-5f2") == std::string::npos);
}

}  // namespace
