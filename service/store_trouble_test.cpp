// SPDX-License-Identifier: MIT
// The embedded store at a start: where nothing may be written, and while another program holds it.
#include <unistd.h>

#include <filesystem>

#include "service/process_fixture.hpp"
#include "sql/sqlite.hpp"

using namespace tether;
using namespace tether::service;
using namespace std::chrono_literals;

namespace {

/// A folder that nothing can be written into, as long as this lives.
class ReadOnly {
 public:
  explicit ReadOnly(std::string folder) : folder_(std::move(folder)) {
    std::filesystem::permissions(folder_, std::filesystem::perms(0555));
  }
  ~ReadOnly() { std::filesystem::permissions(folder_, std::filesystem::perms(0755)); }
  ReadOnly(const ReadOnly&) = delete;
  ReadOnly& operator=(const ReadOnly&) = delete;

 private:
  std::string folder_;
};

struct Ending {
  int code;
  std::string said;
};

/// As someone who has to heed permissions: root has not, unless a capability is taken from it.
Ending run_heeding_permissions(const std::string& arguments) {
  const std::string as_anyone =
      ::geteuid() == 0
          ? "setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search "
          : "";
  FILE* pipe = ::popen((as_anyone + TETHER_BIN "/tether-service " + arguments + " 2>&1").c_str(), "r");
  Ending ending{};
  char buffer[4'096];
  while (const std::size_t got = std::fread(buffer, 1, sizeof(buffer), pipe)) ending.said.append(buffer, got);
  ending.code = WEXITSTATUS(::pclose(pipe));
  return ending;
}

TEST_CASE("in a folder that cannot be written every command ends with 1 and says which folder that is") {
  const Folder folder;
  const std::string place = folder.file("place");
  const std::string store = place + "/store.db";
  std::filesystem::create_directory(place);
  SUBCASE("where there is no store yet") {}
  SUBCASE("where there is one") {
    REQUIRE(run(folder, {"migrate", "--store", "sqlite:" + store}) == 0);
  }
  const bool there = std::filesystem::exists(store);
  const ReadOnly read_only(place);
  for (const char* command : {"serve --listen 127.0.0.1:0", "migrate"}) {
    CAPTURE(command);
    const Ending ending = run_heeding_permissions(command + (" --store sqlite:" + store));
    CHECK(ending.code == 1);
    CHECK(ending.said.find("tether-service: " + store +
                           ": its folder cannot be written\n  SQLite keeps two files beside a "
                           "database; make " +
                           place + " writable or move the database.\n") != std::string::npos);
  }
  CHECK(std::filesystem::exists(store) == there);
}

/// Another program in the middle of a change.
class Writing {
 public:
  explicit Writing(const std::string& path)
      : database_(sql::open_sqlite({.path = path})), change_(database_->begin(sql::Access::write)) {}
  void end() { change_.reset(); }

 private:
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<sql::Transaction> change_;
};

TEST_CASE("a store that another program is changing is served at once, and pushes are told to come again") {
  const Folder folder;
  const std::string path = folder.file("store.db");
  REQUIRE(run(folder, {"migrate", "--store", "sqlite:" + path}) == 0);
  Writing other(path);
  Process process = serving(folder, {"--pool-wait", "100ms"});
  Client client(process.port());
  CHECK(client.get("/readyz").status == 200);
  CHECK(client.post("/tether/pull", k_first_pull).status == 200);
  CHECK(client.post("/tether/push", push_of(1)).status == 503);
  other.end();
  CHECK(client.post("/tether/push", push_of(1)).status == 200);
}

/// As a program of schema 4 left it.
void make_store_of_schema_4(const Folder& folder, const std::string& path) {
  REQUIRE(run(folder, {"migrate", "--store", "sqlite:" + path}) == 0);
  sql::open_sqlite({.path = path})
      ->execute_script(
          "DROP TABLE tether_overwritten_shares; ALTER TABLE tether_records DROP COLUMN authors; "
          "DROP INDEX tether_overwritten_writer; ALTER TABLE tether_overwritten DROP COLUMN order_us; "
          "ALTER TABLE tether_overwritten DROP COLUMN written_version; DROP INDEX tether_records_long; "
          "DELETE FROM tether_schema WHERE version > 4;");
}

TEST_CASE("a store to be migrated that another program is changing is waited for, as long as is said") {
  const Folder folder;
  const std::string path = folder.file("store.db");
  const std::vector<std::string> migrate = {"migrate", "--store", "sqlite:" + path};
  make_store_of_schema_4(folder, path);
  Writing other(path);
  auto briefly = migrate;
  briefly.insert(briefly.end(), {"--store-wait", "0s"});
  std::string log;
  CHECK(run(folder, briefly, nullptr, &log) == 1);
  CHECK(log == "tether-service: " + path +
                   ": another process held the database too long\n"
                   "  Wait until the other process is done, then try again; nothing was changed.\n");

  Process patient(folder, migrate);
  const Folder other_folder;
  Process starting(other_folder,
                   {"serve", "--listen", "127.0.0.1:0", "--store", "sqlite:" + path, "--pool-wait", "100ms"});
  CHECK(starting.says("waiting for the store"));
  other.end();
  CHECK(patient.wait() == 0);
  CHECK(Client(starting.port()).get("/readyz").status == 200);
}

}  // namespace
