// SPDX-License-Identifier: MIT
#include "service/server.hpp"

#include <zlib.h>

#include <atomic>
#include <cstring>
#include <nlohmann/json.hpp>

#include "service/fixture.hpp"
#include "service/gzip.hpp"

using namespace tether;
using namespace tether::service;
using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::steady_clock;

namespace {

constexpr char k_pull[] = R"({"client_id":"bob","last_sync_cursor":null})";

std::string code_in(const Answer& answer) {
  return json::parse(answer.body)["error"]["code"];
}

std::string chunked(std::string_view body, std::size_t size) {
  std::string text;
  for (; !body.empty(); body.remove_prefix(std::min(size, body.size()))) {
    const std::string_view piece = body.substr(0, size);
    char length[20];
    std::snprintf(length, sizeof(length), "%zx\r\n", piece.size());
    (text += length).append(piece) += "\r\n";
  }
  return text + "0\r\n\r\n";
}

std::string unpacked(const std::string& packed) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string text(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

}  // namespace

TEST_CASE("what is pushed can be pulled, on one connection") {
  TestService service;
  Client client(service.port());
  const Answer pushed = client.post("/tether/push", push_of(3), "Content-Type: application/json\r\n");
  CHECK(pushed.status == 200);
  CHECK(json::parse(pushed.body)["applied"].size() == 3);
  CHECK(pushed.has("Content-Type: application/json\r\n"));
  CHECK(pushed.has("X-Content-Type-Options: nosniff\r\n"));
  const Answer pulled = client.post("/tether/pull", k_pull);
  CHECK(pulled.status == 200);
  CHECK(json::parse(pulled.body)["snapshots"].size() == 3);
}

TEST_CASE("the request of the original client is served: no Accept, Expect spelled its way, PHP's JSON") {
  TestService service;
  Client client(service.port());
  const std::string body =
      R"({"client_id":"01M8009KF6HMW9Z63N46CNX3NY","mutations":[{"mutation_id":"01M8009KF4AE6ZFNFM5EEX5EZN",)"
      R"("entity_id":"01M8009KF20QZDA82XZ0QYYX3S","model":"Task","operation":"create",)"
      R"("payload":{"title":"caf\u00e9 \ud83d\ude00 a\/b\u0000"},"version":1,"timestamp":1795296644581},)"
      R"({"mutation_id":"01M8009KFCHZ2Z6QK6V2Q0XZ3S","entity_id":"01M8009KF20QZDA82XZ0QYYX3S","model":"Task",)"
      R"("operation":"delete","payload":[],"version":2,"timestamp":1795296644990}]})";
  client.send(
      "POST /tether/push HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: GuzzleHttp/7\r\nContent-Type: application/json\r\n"
      "X-Tether-Client-Version: v1.0.0\r\nExpect: 100-Continue\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  CHECK(client.receive().status == 100);
  const Answer answer = client.ask(body);
  CHECK(answer.status == 200);
  CHECK(json::parse(answer.body)["applied"].size() == 2);
  CHECK_FALSE(answer.has("Content-Encoding"));
  service.stop();
  CHECK(service.logged().find(R"("client_version":"v1.0.0")") != std::string::npos);
}

TEST_CASE("a body that is announced too long is refused before it is sent") {
  TestService service([](Options& options) { options.limits.body_bytes_max = 2'000; });
  Client client(service.port());
  const Answer answer =
      client.ask("POST /tether/push HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2001\r\n\r\n");
  CHECK(answer.status == 413);
  CHECK(code_in(answer) == "too_large");
  CHECK(client.closed());
}

TEST_CASE("plain, chunked and packed bodies are counted as they arrive") {
  TestService service([](Options& options) { options.limits.body_bytes_max = 2'000; });
  const std::string fits = push_of(2);
  const std::string large = push_of(40);
  const std::string chunks = "Transfer-Encoding: chunked\r\n";
  const std::string post = "POST /tether/push HTTP/1.1\r\n";
  CHECK(Client(service.port()).post("/tether/push", fits).status == 200);
  CHECK(Client(service.port()).post("/tether/push", large).status == 413);
  CHECK(Client(service.port()).ask(post + chunks + "\r\n" + chunked(fits, 7)).status == 200);
  CHECK(Client(service.port()).ask(post + chunks + "\r\n" + chunked(large, 100)).status == 413);
  CHECK(Client(service.port()).post("/tether/push", gzipped(fits), "Content-Encoding: gzip\r\n").status == 200);
  CHECK(Client(service.port()).post("/tether/push", gzipped(large), "Content-Encoding: gzip\r\n").status == 413);
}

TEST_CASE("a reply is packed for those who ask, and only for them") {
  TestService service;
  Client client(service.port());
  client.post("/tether/push", push_of(50));
  const Answer plain = client.post("/tether/pull", k_pull);
  const Answer packed = client.post("/tether/pull", k_pull, "Accept-Encoding: gzip\r\n");
  CHECK(packed.has("Content-Encoding: gzip\r\n"));
  CHECK(packed.body.size() < plain.body.size() / 4);
  CHECK(unpacked(packed.body) == plain.body);
}

TEST_CASE("a malformed mutation is answered in rejected, and the others of its batch are applied") {
  TestService service;
  std::string body = push_of(2);
  body.insert(body.find('[') + 1, R"({"mutation_id":"not one","model":"Task"},)");
  const Answer answer = Client(service.port()).post("/tether/push", body);
  CHECK(answer.status == 200);
  const json reply = json::parse(answer.body);
  CHECK(reply["applied"].size() == 2);
  CHECK(reply["rejected"] ==
        json::parse(R"([{"mutation_id":"not one","reason":"validation_failed",)"
                    R"("data":{"messages":{"mutation_id":["must be a ULID of 26 characters"]}}}])"));
}

TEST_CASE("half a character in one mutation refuses that one, and the others of its batch are applied") {
  TestService service;
  std::string body = push_of(2);
  body.insert(body.find('[') + 1, R"({"mutation_id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","payload":{"title":"\ud800"}},)");
  const Answer answer = Client(service.port()).post("/tether/push", body);
  CHECK(answer.status == 200);
  const json reply = json::parse(answer.body);
  CHECK(reply["applied"].size() == 2);
  REQUIRE(reply["rejected"].size() == 1);
  CHECK(reply["rejected"][0]["mutation_id"] == "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  CHECK(reply["rejected"][0]["reason"] == "validation_failed");
  CHECK(reply["rejected"][0]["data"]["messages"].contains("payload.title"));
}

TEST_CASE("what is wrong with a request as a whole is a 4xx with its place") {
  TestService service;
  const auto refused = [&](std::string_view body) { return Client(service.port()).post("/tether/push", body); };
  const Answer typed = refused(R"({"client_id":"a","mutations":[{"mutation_id":7}]})");
  CHECK(typed.status == 400);
  CHECK(json::parse(typed.body)["error"]["field"] == "mutations[0].mutation_id");
  const Answer unnamed = refused(R"({"client_id":"a","mutations":[3]})");
  CHECK(unnamed.status == 400);
  CHECK(json::parse(unnamed.body)["error"]["field"] == "mutations[0]");
  for (const std::string& body :
       {std::string(), std::string("null"), std::string("[]"), std::string("\0", 1),
        std::string("{\"client_id\":\"a\",\"mutations\":"), std::string(100'000, '['), std::string("\xff\xfe")}) {
    CAPTURE(body.substr(0, 20));
    const Answer answer = refused(body);
    CHECK(answer.status == 400);
    CHECK(code_in(answer) == "invalid_input");
  }
  CHECK(Client(service.port()).post("/tether/push", "x", "Content-Encoding: gzip\r\n").status == 400);
  CHECK(Client(service.port()).post("/tether/push", "x", "Content-Encoding: br\r\n").status == 415);
  CHECK(Client(service.port()).post("/tether/push", "a=b", "Content-Type: text/plain\r\n").status == 415);
}

TEST_CASE("a packed body that is cut anywhere is not taken, not even where only its checksum is missing") {
  TestService service;
  const std::string packed = gzipped(push_of(1));
  for (const std::size_t missing : {std::size_t{1}, std::size_t{4}, std::size_t{8}, packed.size() / 2}) {
    CAPTURE(missing);
    const std::string cut = packed.substr(0, packed.size() - missing);
    CHECK(Client(service.port()).post("/tether/push", cut, "Content-Encoding: gzip\r\n").status == 400);
  }
  CHECK(Client(service.port()).post("/tether/push", packed + "x", "Content-Encoding: gzip\r\n").status == 400);
  CHECK(Client(service.port()).post("/tether/push", packed, "Content-Encoding: gzip\r\n").status == 200);
}

TEST_CASE("a client that asks too often is told when to come back; others, and probes, are not") {
  TestService service([](Options& options) {
    options.client_rate = 2;
    options.proxies = 1;
  });
  Client client(service.port());
  const std::string hasty = "X-Forwarded-For: made up, 203.0.113.7\r\n";
  int passed = 0;
  Answer refused = client.post("/tether/pull", k_pull, hasty);
  for (; refused.status == 200 && passed < 1'000; ++passed) refused = client.post("/tether/pull", k_pull, hasty);
  CHECK(passed >= 20);
  CHECK(refused.status == 429);
  CHECK(code_in(refused) == "too_many_requests");
  CHECK(refused.has("Retry-After: 1\r\n"));
  CHECK(Client(service.port()).ask("GET /healthz HTTP/1.1\r\n" + hasty + "\r\n").status == 200);
  CHECK(Client(service.port()).post("/tether/pull", k_pull, "X-Forwarded-For: 203.0.113.8\r\n").status == 200);
  CHECK(Client(service.port()).post("/tether/pull", k_pull).status == 200);
  service.stop();
  CHECK(service.logged().find(R"("status":429,)") != std::string::npos);
  CHECK(service.logged().find(R"("remote":"203.0.113.7")") != std::string::npos);
}

TEST_CASE("a request that expects to be heard first is counted once") {
  TestService service([](Options& options) {
    options.client_rate = 1;
    options.proxies = 1;
  });
  for (int i = 0; i < 10; ++i) {
    Client client(service.port());
    client.send(
        "POST /tether/pull HTTP/1.1\r\nX-Forwarded-For: 203.0.113.7\r\nExpect: 100-continue\r\nContent-Length: " +
        std::to_string(std::strlen(k_pull)) + "\r\n\r\n");
    CHECK(client.receive().status == 100);
    CHECK(client.ask(k_pull).status == 200);
  }
}

TEST_CASE("every truncation of a push is refused and leaves the service alive") {
  TestService service;
  const std::string whole = push_of(1);
  Client client(service.port());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK(client.post("/tether/push", std::string_view(whole).substr(0, length)).status == 400);
  }
  CHECK(client.post("/tether/push", whole).status == 200);
}

TEST_CASE("unknown paths and methods are said to be so") {
  TestService service;
  Client client(service.port());
  CHECK(client.get("/").status == 404);
  CHECK(client.get("/" + std::string(7'000, 'a')).status == 404);
  CHECK(client.get("/tether/push/").status == 404);
  const Answer wrong = client.get("/tether/push");
  CHECK(wrong.status == 405);
  CHECK(wrong.has("Allow: POST\r\n"));
  CHECK(client.post("/healthz", "").status == 405);
  CHECK(Client(service.port()).post("/nowhere", std::string(100'000, 'x')).status == 404);
  client.send("HEAD /healthz HTTP/1.1\r\n\r\n");
  CHECK(client.receive(/*head_only=*/true).status == 200);
  CHECK(client.get("/healthz").body == R"({"status":"alive"})");
}

TEST_CASE("heads that are malformed, endless or hostile are refused") {
  TestService service;
  CHECK(Client(service.port()).ask("nonsense\r\n\r\n").status == 400);
  CHECK(Client(service.port()).ask("GET /healthz HTTP/1.1\r\nA: " + std::string(20'000, 'a')).status == 431);
  CHECK(Client(service.port())
            .ask("GET /healthz HTTP/1.1\r\nRange: bytes=0-1" + std::string(8'000, ',') + "\r\n\r\n")
            .status == 200);
  CHECK(Client(service.port()).ask("POST /tether/push HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").status ==
        400);
}

TEST_CASE("a request id is echoed when it is fit for it, else made") {
  TestService service;
  Client client(service.port());
  CHECK(client.ask("GET /healthz HTTP/1.1\r\nX-Request-Id: trace-7\r\n\r\n").has("X-Request-Id: trace-7\r\n"));
  const Answer made = client.get("/nowhere");
  CHECK(made.has("X-Request-Id: " + json::parse(made.body)["error"]["request_id"].get<std::string>()));
}

TEST_CASE("a client that sends its head or body too slowly is sent away") {
  TestService service([](Options& options) {
    options.header_time = 150ms;
    options.request_time = 150ms;
  });
  CHECK(Client(service.port()).ask("GET /healthz HTTP/1.1\r\n").status == 408);
  CHECK(Client(service.port()).ask("POST /tether/push HTTP/1.1\r\nContent-Length: 10\r\n\r\n{").status == 408);
}

TEST_CASE("a client that hangs up in the middle changes nothing") {
  TestService service;
  { Client(service.port()).send("POST /tether/push HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + push_of(1)); }
  { Client(service.port()).send("POST /tether/pu"); }
  Client client(service.port());
  CHECK(json::parse(client.post("/tether/pull", k_pull).body)["snapshots"].empty());
}

TEST_CASE("a new client beside a hundred idle ones is served at once") {
  TestService service;
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 100; ++i) {
    idle.push_back(std::make_unique<Client>(service.port()));
    CHECK(idle.back()->get("/healthz").status == 200);
  }
  auto best = steady_clock::duration::max();
  for (int i = 0; i < 5; ++i) {
    const auto started = steady_clock::now();
    CHECK(Client(service.port()).get("/healthz").status == 200);
    best = std::min(best, steady_clock::now() - started);
  }
  CHECK(best < 20ms);
}

TEST_CASE("when all connections are taken, an idle one makes room for a new one") {
  TestService service([](Options& options) {
    options.connections = 3;
    options.idle_time = 60s;
  });
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 3; ++i) {
    idle.push_back(std::make_unique<Client>(service.port()));
    CHECK(idle.back()->get("/healthz").status == 200);
  }
  const auto started = steady_clock::now();
  CHECK(Client(service.port()).get("/healthz").status == 200);
  CHECK(steady_clock::now() - started < 1s);
}

TEST_CASE("while the store is taken, writers are told to come back and readers are served") {
  TestService service([](Options& options) { options.pool_wait = 100ms; });
  Client client(service.port());
  service.pool->write([&](sql::Database&) {
    const Answer answer = client.post("/tether/push", push_of(1));
    CHECK(answer.status == 503);
    CHECK(answer.has("Retry-After: 1\r\n"));
    CHECK(code_in(answer) == "busy");
    CHECK(client.post("/tether/pull", k_pull).status == 200);
  });
  CHECK(client.post("/tether/push", push_of(1)).status == 200);
}

TEST_CASE("a fault of the store is a 503 that tells the log and not the client") {
  TestService service;
  Client client(service.port());
  service.pool->write([](sql::Database& database) { database.execute_script("DROP TABLE tether_mutations"); });
  const Answer answer = client.post("/tether/push", push_of(1));
  CHECK(answer.status == 503);
  CHECK(answer.has("Retry-After: 30\r\n"));
  CHECK(answer.body.find("tether_mutations") == std::string::npos);
  service.stop();
  CHECK(service.logged().find("no such table") != std::string::npos);
}

TEST_CASE("a full disk is a 503 that says so, and nothing of the push is kept") {
  TestService service;
  Client client(service.port());
  service.pool->write([](sql::Database& database) { database.execute("PRAGMA max_page_count = 20"); });
  const Answer answer = client.post("/tether/push", push_of(1'000));
  CHECK(answer.status == 503);
  CHECK(answer.has("Retry-After: 30\r\n"));
  CHECK(code_in(answer) == "disk_full");
  CHECK(json::parse(client.post("/tether/pull", k_pull).body)["snapshots"].empty());
  CHECK(client.post("/tether/push", push_of(1)).status == 200);
}

TEST_CASE("a store that is not migrated is not ready") {
  TestService service;
  Client client(service.port());
  CHECK(client.get("/readyz").status == 200);
  service.pool->write([](sql::Database& database) { database.execute_script("DELETE FROM tether_schema"); });
  CHECK(client.get("/readyz").status == 503);
  CHECK(client.get("/healthz").status == 200);
}

TEST_CASE("a store that the next version has migrated is ready: replicas are replaced one after the other") {
  TestService service;
  Client client(service.port());
  service.pool->write([](sql::Database& database) {
    const std::string next = std::to_string(authority::k_schema_version + 1);
    database.execute_script("INSERT INTO tether_schema(version) VALUES (" + next + ")");
  });
  CHECK(client.get("/readyz").status == 200);
}

TEST_CASE("many writers at once are all answered, each once") {
  TestService service;
  std::atomic<int> applied{0};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 8; ++writer) {
    threads.emplace_back([&, writer] {
      Client client(service.port());
      for (int batch = 0; batch < 5; ++batch) {
        const Answer answer = client.post("/tether/push", push_of(10, (writer * 5 + batch) * 10));
        if (answer.status == 200) applied += static_cast<int>(json::parse(answer.body)["applied"].size());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(applied == 400);
  Client client(service.port());
  CHECK(json::parse(client.post("/tether/pull", k_pull).body)["snapshots"].size() == 400);
}

TEST_CASE("logs never hold a payload or a token") {
  TestService service;
  Client(service.port())
      .post("/tether/push", push_of(1, 0, R"({"title":"private words"})"), "Authorization: Bearer s3cret\r\n");
  Client(service.port()).post("/tether/push", R"({"client_id":"a","mutations":[{"private words":1}]})");
  service.stop();
  CHECK(service.logged().find("private") == std::string::npos);
  CHECK(service.logged().find("s3cret") == std::string::npos);
  CHECK(service.logged().find(R"("applied":1)") != std::string::npos);
}
