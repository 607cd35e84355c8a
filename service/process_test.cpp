// SPDX-License-Identifier: MIT
// The program itself: exit codes, signals, memory.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "service/gzip.hpp"
#include "service/process_fixture.hpp"

using namespace tether;
using namespace tether::service;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

/// `bytes` of white space, packed into a thousandth of it.
std::string gzip_bomb(std::size_t bytes) {
  return gzipped(std::string(bytes, ' '));
}

}  // namespace

TEST_CASE("SIGTERM ends the program with 0, SIGHUP does not, idle connections do not hold it up") {
  const Folder folder;
  Process process = serving(folder);
  Client idle(process.port());
  CHECK(idle.get("/healthz").status == 200);
  process.signal(SIGHUP);
  CHECK(process.says("SIGHUP"));
  CHECK(idle.get("/healthz").status == 200);
  const auto started = steady_clock::now();
  process.signal(SIGTERM);
  CHECK(process.wait() == 0);
  CHECK(steady_clock::now() - started < 1s);
}

TEST_CASE("a signal during the start is not lost") {
  const Folder folder;
  Process process = serving(folder);
  process.says("\"listen\"");
  process.signal(SIGINT);
  CHECK(process.wait() == 0);
}

TEST_CASE("wrong usage exits with 2 and says what is wrong") {
  const Folder folder;
  std::string log;
  CHECK(run(folder, {"serve", "--store", "postgres://ann:se%cret@db/x"}, nullptr, &log) == 2);
  CHECK(log.find("no URL that Postgres understands") != std::string::npos);
  CHECK(log.find("secret") == std::string::npos);
  CHECK(run(folder, {"serve", "--listen", "0.0.0.0:0"}, nullptr, &log) == 2);
  CHECK(log.find("--insecure") != std::string::npos);
  CHECK(run(folder, {}) == 2);
  CHECK(run(folder, {"dance"}) == 2);
  CHECK(run(folder, {"serve", "--no-such-flag"}) == 2);
  CHECK(run(folder, {"compact"}) == 2);
  CHECK(run(folder, {"serve", "--config", folder.file("missing.json")}) == 2);
}

std::string store_of_a_later_program(const Folder& folder) {
  std::string store = "sqlite:" + folder.file("store.db");
  REQUIRE(run(folder, {"migrate", "--store", store}) == 0);
  sql::open_sqlite({folder.file("store.db"), sql::Open::existing, sql::Durability::full, 1'000})
      ->execute("INSERT INTO tether_schema(version) VALUES (999)");
  return store;
}

TEST_CASE("on the store of a later program commands go on working, and the check says what to install") {
  const Folder folder;
  const std::string store = store_of_a_later_program(folder);
  std::string log;
  CHECK(run(folder, {"token", "create", "--scope", "team", "--store", store}) == 0);
  CHECK(run(folder, {"check", "--store", store}, nullptr, &log) == 1);
  CHECK(log.find("has schema 999") != std::string::npos);
  CHECK(log.find("install the version of tether-service that wrote it") != std::string::npos);
  CHECK(run(folder, {"migrate", "--check", "--store", store}, nullptr, &log) == 1);
  CHECK(log.find("has schema 999") != std::string::npos);
}

TEST_CASE("of the store of a later program nothing is forgotten: what may go only that program knows") {
  const Folder folder;
  const std::string store = store_of_a_later_program(folder);
  std::string log;
  CHECK(run(folder, {"compact", "--keep", "90d", "--store", store}, nullptr, &log) == 1);
  CHECK(log.find("has schema 999") != std::string::npos);
}

TEST_CASE("help and version exit with 0") {
  const Folder folder;
  std::string out;
  CHECK(run(folder, {"--help"}, &out) == 0);
  CHECK(out.find("serve") != std::string::npos);
  CHECK(run(folder, {"serve", "--help"}, &out) == 0);
  for (const Setting& setting : settings()) CHECK(out.find("--" + std::string(setting.name)) != std::string::npos);
  CHECK(run(folder, {"version"}, &out) == 0);
  CHECK(out == "tether-service " TETHER_VERSION "\n");
}

TEST_CASE("what cannot be served exits with 1: a port in use, a file that is no store, a folder that is not there") {
  const Folder folder;
  TestService other;
  const std::string taken = "127.0.0.1:" + std::to_string(other.port());
  std::string log;
  CHECK(run(folder, {"serve", "--listen", taken, "--store", "sqlite:" + folder.file("a.db")}, nullptr, &log) == 1);
  CHECK(log == "tether-service: cannot listen on " + taken +
                   ": Address already in use\n"
                   "  Another program listens there; stop it or choose another port with --listen.\n");
  CHECK_FALSE(std::filesystem::exists(folder.file("a.db")));
  std::ofstream(folder.file("text.db")) << std::string(5'000, 'x');
  CHECK(run(folder, {"serve", "--listen", "127.0.0.1:0", "--store", "sqlite:" + folder.file("text.db")}, nullptr,
            &log) == 1);
  CHECK(log.find("no SQLite database") != std::string::npos);
  std::ofstream(folder.file("emptied.db")).close();
  CHECK(run(folder, {"serve", "--listen", "127.0.0.1:0", "--store", "sqlite:" + folder.file("emptied.db")}, nullptr,
            &log) == 1);
  CHECK(log.find("the file is empty") != std::string::npos);
  CHECK(run(folder, {"serve", "--listen", "127.0.0.1:0", "--store", "sqlite:" + folder.file("no/x.db")}) == 1);
}

TEST_CASE("migrate, check and compact look after a store") {
  const Folder folder;
  const std::string store = "sqlite:" + folder.file("store.db");
  CHECK(run(folder, {"migrate", "--check", "--store", store}) == 3);
  CHECK_FALSE(std::filesystem::exists(folder.file("store.db")));
  CHECK(run(folder, {"check", "--store", store}) == 0);
  CHECK(run(folder, {"compact", "--keep", "90d", "--store", store}) == 1);
  std::string out;
  CHECK(run(folder, {"migrate", "--store", store}, &out) == 0);
  CHECK(out.find("schema 0 migrated to 7") != std::string::npos);
  CHECK(run(folder, {"migrate", "--store", store}) == 0);
  CHECK(run(folder, {"migrate", "--check", "--store", store}) == 0);
  CHECK(run(folder, {"check", "--store", store}, &out) == 0);
  CHECK(out.find("is sound") != std::string::npos);
  CHECK(run(folder, {"compact", "--keep", "90d", "--store", store}, &out) == 0);
  CHECK(out.find("forgot 0 tombstones, 0 mutation ids and 0 clients") != std::string::npos);
  CHECK(run(folder, {"compact", "--keep", "soon", "--store", store}) == 2);
}

TEST_CASE("a store that was put back from a backup gets a new epoch, and only one that is there") {
  const Folder folder;
  const std::string store = "sqlite:" + folder.file("store.db");
  CHECK(run(folder, {"migrate", "--restored", "--store", store}) == 1);
  CHECK_FALSE(std::filesystem::exists(folder.file("store.db")));
  const auto epoch = [&] {
    const Folder own;  // with a log of its own
    Process process(own, {"serve", "--listen", "127.0.0.1:0", "--store", store});
    Client client(process.port());
    client.post("/tether/push", push_of(1));
    const Answer page = client.post("/tether/pull", R"({"client_id":"bob","last_sync_cursor":null})");
    const std::string found = nlohmann::json::parse(page.body)["epoch"];
    process.signal(SIGTERM);
    process.wait();
    return found;
  };
  const std::string before = epoch();
  CHECK(epoch() == before);
  std::string out;
  CHECK(run(folder, {"migrate", "--restored", "--store", store}, &out) == 0);
  CHECK(out.find("new epoch in 1 scope;") != std::string::npos);
  CHECK(epoch() != before);
  CHECK(run(folder, {"migrate", "--restored", "--check", "--store", store}) == 2);
}

TEST_CASE("two services share one store") {
  const Folder folder;
  const Folder other;
  Process first = serving(folder);
  Process second(other, {"serve", "--listen", "127.0.0.1:0", "--store", "sqlite:" + folder.file("store.db")});
  const int ports[] = {first.port(), second.port()};
  std::vector<std::thread> writers;
  std::atomic<int> good{0};
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      Client client(ports[writer % 2]);
      for (int batch = 0; batch < 5; ++batch) {
        if (client.post("/tether/push", push_of(5, (writer * 5 + batch) * 5)).status == 200) ++good;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(good == 20);
  Client client(ports[0]);
  const Answer page = client.post("/tether/pull", R"({"client_id":"bob","last_sync_cursor":null})");
  CHECK(nlohmann::json::parse(page.body)["snapshots"].size() == 100);
}

constexpr std::size_t k_peak_kb_max = k_shadow * 60 * 1024;

TEST_CASE("bombs of every kind are refused within the limit and 32 MB") {
  const Folder folder;
  Process process = serving(folder);
  const int port = process.port();
  const std::size_t before = process.peak_kb();
  const std::string bomb = gzip_bomb(100'000'000);
  CHECK(bomb.size() < 2'000'000);
  CHECK(Client(port).post("/tether/push", bomb, "Content-Encoding: gzip\r\n").status == 413);
  Client chunked(port);
  chunked.send("POST /tether/push HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "100000\r\n" + std::string(0x100000, ' ') + "\r\n";
  for (int i = 0; i < 40 && chunked.send(chunk); ++i) {
  }
  CHECK(chunked.receive().status == 413);
  CHECK(Client(port).ask("POST /tether/push HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n").status == 413);
  CHECK(process.peak_kb() < before + k_shadow * (16 + 32) * 1024);
}

TEST_CASE("memory stays under 60 MB while many push a thousand mutations at a time") {
  const Folder folder;
  Process process = serving(folder);
  const int port = process.port();
  std::vector<std::thread> writers;
  std::atomic<int> good{0};
  const std::string payload = R"({"title":")" + std::string(200, 'x') + R"("})";
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      Client client(port);
      for (int batch = 0; batch < 5; ++batch) {
        const std::string body = push_of(1'000, (writer * 5 + batch) * 1'000, payload);
        if (client.post("/tether/push", body).status == 200) ++good;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(good == 20);
  CHECK(process.peak_kb() < k_peak_kb_max);
}

TEST_CASE("memory stays under 60 MB while forty clients pull large pages and never read them") {
  const Folder folder;
  Process process = serving(folder, {"--pool-wait", "1s", "--stall-time", "2s"});
  const int port = process.port();
  Client writer(port);
  const std::string payload = R"({"text":")" + std::string(500'000, 'x') + R"("})";
  for (int i = 0; i < 40; ++i) REQUIRE(writer.post("/tether/push", push_of(1, i, payload)).status == 200);
  const std::string pull = R"({"client_id":"slow","last_sync_cursor":null})";
  const std::string request =
      "POST /tether/pull HTTP/1.1\r\nContent-Length: " + std::to_string(pull.size()) + "\r\n\r\n" + pull;
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 40; ++i) {
    slow.push_back(std::make_unique<Client>(port, 4'096));
    slow.back()->send(request);
  }
  std::this_thread::sleep_for(2s);
  CHECK(Client(port).get("/healthz").status == 200);
  // Those that never read are sent away, and one that does is served again.
  int status = 503;
  for (int i = 0; i < 20 && status == 503; ++i) status = Client(port).post("/tether/pull", pull).status;
  CHECK(status == 200);
  CHECK(process.log().find(R"("status":503)") != std::string::npos);
  MESSAGE("at most " << process.peak_kb() << " kB");
  CHECK(process.peak_kb() < k_peak_kb_max);
}

TEST_CASE("a disk that takes no more is a 503, nothing of the push is kept, and the service lives on") {
  const Folder folder;
  // A write beyond the largest file that the program may make fails as one to a full disk does.
  const std::string shell = "ulimit -f 600; trap '' XFSZ; exec " TETHER_BIN
                            "/tether-service serve --listen 127.0.0.1:0 --store sqlite:" +
                            folder.file("store.db") + " 2> " + folder.file("stderr");
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execl("/bin/sh", "sh", "-c", shell.c_str(), nullptr);
    ::_exit(127);
  }
  std::string log;
  for (int i = 0; i < 500 && log.find("\"serving\"") == std::string::npos; ++i) {
    std::this_thread::sleep_for(10ms);
    log = content(folder.file("stderr"));
  }
  Client client(std::stoi(log.substr(log.find("http://127.0.0.1:") + 17)));
  const std::string payload = R"({"title":")" + std::string(2'000, 'x') + R"("})";
  const Answer answer = client.post("/tether/push", push_of(1'000, 0, payload));
  CHECK(answer.status == 503);
  CHECK(client.get("/healthz").status == 200);
  const Answer page = client.post("/tether/pull", R"({"client_id":"bob","last_sync_cursor":null})");
  CHECK(nlohmann::json::parse(page.body)["snapshots"].empty());
  CHECK(client.post("/tether/push", push_of(1)).status == 200);
  ::kill(pid, SIGTERM);
  int status = 0;
  ::waitpid(pid, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
}
