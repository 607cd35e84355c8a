// SPDX-License-Identifier: MIT
#include <cstdlib>

#include "service/process_fixture.hpp"

namespace tether::service {

namespace {

/// tether-service on a store of its own, its results going to a disk that is full.
struct FullDisk {
  Folder folder;
  std::string said;

  FullDisk() { REQUIRE(run(folder, {"migrate", "--store", "sqlite:" + folder.file("store.db")}) == 0); }

  int run_into_it(const std::string& words) {
    const std::string command = TETHER_BIN "/tether-service " + words + " --store sqlite:" + folder.file("store.db") +
                                " >/dev/full 2>" + folder.file("said");
    const int status = std::system(command.c_str());
    said = content(folder.file("said"));
    return WEXITSTATUS(status);
  }
  std::string listed() {
    std::string out;
    run(folder, {"token", "list", "--store", "sqlite:" + folder.file("store.db")}, &out);
    return out;
  }
};

}  // namespace

TEST_CASE("a token that could not be shown is revoked again") {
  FullDisk disk;
  CHECK(disk.run_into_it("token create --scope school") == 1);
  CHECK(disk.said.starts_with("tether-service: cannot write to standard output"));
  CHECK(disk.said.find("nobody has seen it, so it is revoked again") != std::string::npos);
  CHECK(disk.said.find("shown this once") == std::string::npos);
  CHECK(disk.listed().find("  revoked\n") != std::string::npos);
}

TEST_CASE("a list that could not be written is a fault") {
  FullDisk disk;
  std::string made;
  REQUIRE(run(disk.folder, {"token", "create", "--scope", "s", "--store", "sqlite:" + disk.folder.file("store.db")}) ==
          0);
  for (const char* words : {"token list", "token list --json", "device list", "losses", "check"}) {
    CAPTURE(words);
    CHECK(disk.run_into_it(words) == 1);
    CHECK(disk.said.find("cannot write to standard output") != std::string::npos);
  }
}

TEST_CASE("a token that is expired from the start is refused") {
  const Folder folder;
  std::string log;
  CHECK(run(folder, {"token", "create", "--scope", "s", "--expires", "0s"}, nullptr, &log) == 2);
  CHECK(log.find("--expires: must be longer than 0") != std::string::npos);
}

TEST_CASE("a client that was never seen can be shut out, and that is said") {
  const Folder folder;
  const std::string store = "sqlite:" + folder.file("store.db");
  std::string out;
  REQUIRE(run(folder, {"migrate", "--store", store}) == 0);
  CHECK(run(folder, {"device", "revoke", "ann", "--scope", "s", "--store", store}, &out) == 0);
  CHECK(out.starts_with("client ann of scope s was never seen; revoked all the same: "));
}

TEST_CASE("an unknown command is called so, in a group of commands too") {
  const Folder folder;
  std::string log;
  CHECK(run(folder, {"bogus"}, nullptr, &log) == 2);
  CHECK(log.starts_with("tether-service: unknown command 'bogus'\n"));
  CHECK(run(folder, {"token", "bogus"}, nullptr, &log) == 2);
  CHECK(log.starts_with("tether-service: unknown command 'token bogus'\n"));
}

}  // namespace tether::service
