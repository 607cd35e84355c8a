// SPDX-License-Identifier: MIT
// Who may pass, over real HTTP.
#include "service/gate.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "authority/devices.hpp"
#include "authority/tokens.hpp"
#include "base/ulid.hpp"
#include "service/fixture.hpp"
#include "service/token_text.hpp"

using namespace tether;
using namespace tether::service;
using nlohmann::json;

namespace {

/// A service that asks for tokens, and every kind of token.
class Guarded : public TestService {
 public:
  explicit Guarded(const std::function<void(Options&)>& change = {})
      : TestService([&](Options& asked) {
          asked.auth = Auth::token;
          if (change) change(asked);
        }) {}

  std::string token(authority::Token known) {
    known.id = UlidSource(clock_, random_).next().text();
    if (known.scope.value.empty()) known.scope = Scope{"school"};
    if (known.rights.empty()) known.rights = "push,pull";
    std::string text = make_token_text(known.id, random_);
    known.secret_hash = hash_of_token(text);
    pool->write([&](sql::Database& store) {
      authority::add_token(store, known);
      if (known.revoked_ms) authority::revoke_token(store, known.id, *known.revoked_ms);
    });
    last_id = known.id;
    return text;
  }
  std::string last_id;

 private:
  SystemClock clock_;
  SystemRandom random_;
};

std::string bearing(const std::string& token) {
  return "Authorization: Bearer " + token + "\r\n";
}

std::string code_in(const Answer& answer) {
  return json::parse(answer.body)["error"]["code"];
}

struct Endpoint {
  std::string name;
  std::function<Answer(Client&, const std::string& headers)> ask;
};

std::vector<Endpoint> endpoints() {
  return {{"push",
           [](Client& client, const std::string& headers) { return client.post("/tether/push", push_of(1), headers); }},
          {"pull", [](Client& client,
                      const std::string& headers) { return client.post("/tether/pull", k_first_pull, headers); }},
          {"preview", [](Client& client,
                         const std::string& headers) { return client.post("/tether/preview", push_of(1), headers); }},
          {"info",
           [](Client& client, const std::string& headers) {
             return client.ask("GET /tether/info HTTP/1.1\r\n" + headers + "\r\n");
           }},
          {"metrics", [](Client& client, const std::string& headers) {
             return client.ask("GET /metrics HTTP/1.1\r\n" + headers + "\r\n");
           }}};
}

/// Asks until it is told to slow down.
void use_up(Guarded& service, const std::string& token) {
  int status = 200;
  for (int i = 0; i < 1'000 && status == 200; ++i) {
    status = Client(service.port()).post("/tether/pull", k_first_pull, bearing(token)).status;
  }
  CHECK(status == 429);
}

std::size_t rows_of(Guarded& service, const std::string& token) {
  const Answer page = Client(service.port()).post("/tether/pull", k_first_pull, bearing(token));
  REQUIRE(page.status == 200);
  return json::parse(page.body)["snapshots"].size();
}

}  // namespace

TEST_CASE("with a token, its scope is what is seen; another scope's records are not") {
  Guarded service;
  const std::string school = service.token({});
  const std::string clinic = service.token({.scope = Scope{"clinic"}});
  CHECK(Client(service.port()).post("/tether/push", push_of(3), bearing(school)).status == 200);
  CHECK(rows_of(service, school) == 3);
  CHECK(rows_of(service, clinic) == 0);
  // The same ids in another scope are other records.
  CHECK(Client(service.port()).post("/tether/push", push_of(1), bearing(clinic)).status == 200);
  CHECK(rows_of(service, clinic) == 1);
  CHECK(rows_of(service, school) == 3);
}

TEST_CASE("every route is an endpoint that these tests ask, or one that asks for no token") {
  Guarded service;
  std::vector<std::string> asked{"/healthz", "/readyz"};
  for (const Endpoint& endpoint : endpoints()) {
    asked.push_back((endpoint.name == "metrics" ? "/" : "/tether/") + endpoint.name);
  }
  std::vector<std::string> served;
  for (const Routes::Route& route : service.routes().all()) served.push_back(route.path);
  std::ranges::sort(asked);
  std::ranges::sort(served);
  CHECK(asked == served);
}

/// An edit of the record that push_of(1) makes, by someone who saw its first revision.
std::string edit(const std::string& client, const std::string& number, const std::string& title) {
  return R"({"client_id":")" + client + R"(","mutations":[{"mutation_id":"01K0000000000000000000000)" + number +
         R"(","entity_id":"01K00000000000000000000000","model":"Task","operation":"update","payload":{"title":")" +
         title + R"("},"version":1,"timestamp":1763757000123,"base_rev":1}]})";
}

TEST_CASE("a preview tells nothing of another scope's records") {
  Guarded service;
  const std::string school = service.token({});
  const std::string clinic = service.token({.scope = Scope{"clinic"}});
  Client client(service.port());
  CHECK(client.post("/tether/push", push_of(1), bearing(school)).status == 200);
  CHECK(client.post("/tether/push", edit("bob", "7", "hidden"), bearing(school)).status == 200);
  const Answer own = client.post("/tether/preview", edit("ann", "8", "mine"), bearing(school));
  CHECK(own.status == 200);
  CHECK(json::parse(own.body)["revs"]["01K00000000000000000000008"] == 3);
  const Answer foreign = client.post("/tether/preview", edit("ann", "8", "mine"), bearing(clinic));
  CHECK(foreign.status == 200);
  CHECK(foreign.body.find("hidden") == std::string::npos);
  CHECK(json::parse(foreign.body)["rejected"][0]["reason"] == "not_found");
  CHECK(json::parse(foreign.body)["revs"].empty());
}

TEST_CASE("every endpoint refuses every wrong token, and nothing is kept") {
  Guarded service;
  const std::string good = service.token({});
  const std::string expired = service.token({.expires_ms = 1});
  const std::string revoked = service.token({.revoked_ms = 1});
  std::string unknown_id = good;
  unknown_id[10] = unknown_id[10] == '0' ? '1' : '0';
  std::string other_secret = good;
  other_secret.back() = other_secret.back() == '0' ? '1' : '0';
  const std::pair<std::string, std::string> wrong[] = {
      {"", "token_missing"},
      {"Authorization: Bearer \r\n", "token_missing"},
      {"Authorization: Basic YW5uOnNlY3JldA==\r\n", "token_missing"},
      {bearing("x"), "token_unknown"},
      {bearing("' OR 1=1 --"), "token_unknown"},
      {bearing(std::string(8'000, 'a')), "token_unknown"},
      {bearing(good + "0"), "token_unknown"},
      {bearing(unknown_id), "token_unknown"},
      {bearing(other_secret), "token_unknown"},
      {bearing(expired), "token_expired"},
      {bearing(revoked), "token_revoked"},
  };
  for (const Endpoint& endpoint : endpoints()) {
    for (const auto& [headers, code] : wrong) {
      CAPTURE(endpoint.name);
      CAPTURE(headers.substr(0, 60));
      Client client(service.port());
      const Answer answer = endpoint.ask(client, headers);
      CHECK(answer.status == 401);
      CHECK(code_in(answer) == code);
      CHECK(answer.has("WWW-Authenticate: Bearer realm=\"tether\""));
      CHECK(answer.has("error=\"invalid_token\"") == (code != "token_missing"));
    }
  }
  CHECK(rows_of(service, good) == 0);
}

TEST_CASE("a token may only what its rights say, and as the client that it belongs to") {
  Guarded service;
  const std::string reader = service.token({.rights = "pull"});
  const std::string writer = service.token({.rights = "push"});
  const std::string watcher = service.token({.rights = "metrics"});
  const std::string none = service.token({.rights = "console,replay"});
  const std::string bens = service.token({.client = ClientId{"ben"}});
  const std::pair<std::string, std::vector<std::string>> allowed[] = {{reader, {"pull", "info"}},
                                                                      {writer, {"push", "preview", "info"}},
                                                                      {watcher, {"metrics", "info"}},
                                                                      {none, {"info"}}};
  for (const auto& [token, names] : allowed) {
    for (const Endpoint& endpoint : endpoints()) {
      CAPTURE(endpoint.name);
      Client client(service.port());
      const Answer answer = endpoint.ask(client, bearing(token));
      const bool may = std::ranges::count(names, endpoint.name) > 0;
      CHECK(answer.status == (may ? 200 : 403));
      if (may) continue;
      CHECK(code_in(answer) == "right_missing");
      CHECK(answer.has("error=\"insufficient_scope\""));
    }
  }
  for (const Answer& answer : {Client(service.port()).post("/tether/push", push_of(1, 7), bearing(bens)),
                               Client(service.port()).post("/tether/preview", push_of(1, 7), bearing(bens)),
                               Client(service.port()).post("/tether/pull", k_first_pull, bearing(bens))}) {
    CHECK(answer.status == 403);
    CHECK(code_in(answer) == "other_client");
  }
  CHECK(rows_of(service, service.token({})) == 1);  // what the writer pushed
}

TEST_CASE("the claims of a token are known of whoever is let in; without authentication there are none") {
  Guarded service;
  const std::string token = service.token({.claims = R"({"institution":7})"});
  SystemRandom random;
  Gate gate(service.options, nullptr, *service.pool, service.clock, random);
  Exchange exchange;
  CHECK_FALSE(gate.refuse(Access::pull, "Bearer " + token, exchange));
  CHECK(exchange.claims == R"({"institution":7})");
  Exchange refused;
  CHECK(gate.refuse(Access::pull, "Bearer " + token + "0", refused));
  CHECK(refused.claims == "{}");
  Options open = service.options;
  open.auth = Auth::none;
  Exchange anyone;
  CHECK_FALSE(Gate(open, nullptr, *service.pool, service.clock, random).refuse(Access::pull, "", anyone));
  CHECK(anyone.claims == "{}");
  CHECK(anyone.scope == "default");
}

TEST_CASE("a revocation holds from the next request on") {
  Guarded service;
  const std::string token = service.token({});
  Client client(service.port());
  CHECK(client.post("/tether/pull", k_first_pull, bearing(token)).status == 200);
  service.pool->write([&](sql::Database& store) { authority::revoke_token(store, service.last_id, 5); });
  CHECK(client.post("/tether/pull", k_first_pull, bearing(token)).status == 401);
}

TEST_CASE("a revocation at one service holds at once at every other on the store") {
  Guarded one;
  Guarded other([&](Options& options) {
    options.store_path = one.options.store_path;
    options.store_url = one.options.store_url;
  });
  const std::string token = one.token({});
  Client client(other.port());
  CHECK(client.post("/tether/pull", k_first_pull, bearing(token)).status == 200);
  one.pool->write([&](sql::Database& store) { authority::revoke_token(store, one.last_id, 5); });
  CHECK(client.post("/tether/pull", k_first_pull, bearing(token)).status == 401);
}

TEST_CASE("a client that was shut out can neither push nor pull, with any token of its scope, and others can") {
  Guarded service;
  const std::string token = service.token({});
  service.pool->write(
      [](sql::Database& store) { authority::revoke_device(store, Scope{"school"}, ClientId{"ann"}, 5); });
  for (const Endpoint& endpoint : endpoints()) {
    if (endpoint.name == "info" || endpoint.name == "metrics") continue;
    Client client(service.port());
    const Answer answer = endpoint.ask(client, bearing(token));
    CHECK(answer.status == 403);
    CHECK(code_in(answer) == "device_revoked");
  }
  CHECK(Client(service.port())
            .post("/tether/pull", R"({"client_id":"ben","last_sync_cursor":null})", bearing(token))
            .status == 200);
  CHECK(rows_of(service, service.token({.scope = Scope{"clinic"}})) == 0);  // another scope has its own ann
}

TEST_CASE("without authentication a client can be shut out too") {
  TestService service;
  service.pool->write(
      [](sql::Database& store) { authority::revoke_device(store, Scope{"default"}, ClientId{"ann"}, 5); });
  CHECK(code_in(Client(service.port()).post("/tether/push", push_of(1))) == "device_revoked");
}

TEST_CASE("machines that watch the service need no token") {
  Guarded service;
  Client client(service.port());
  CHECK(client.get("/healthz").status == 200);
  CHECK(client.get("/readyz").status == 200);
}

TEST_CASE("a body is not read from someone without a token") {
  Guarded service;
  Client client(service.port());
  const Answer answer =
      client.ask("POST /tether/push HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n");
  CHECK(answer.status == 401);
  CHECK(client.closed());
}

TEST_CASE("two headers that name tokens are refused") {
  Guarded service;
  const std::string token = service.token({});
  CHECK(Client(service.port()).post("/tether/pull", k_first_pull, bearing(token) + bearing("x")).status == 400);
}

TEST_CASE("each token has a rate of its own, also on this machine") {
  Guarded service([](Options& options) { options.client_rate = 1; });
  const std::string hasty = service.token({});
  const std::string calm = service.token({});
  use_up(service, hasty);
  CHECK(Client(service.port()).post("/tether/pull", k_first_pull, bearing(calm)).status == 200);
}

TEST_CASE("tether waits when it asks too often, and goes on by itself") {
  Guarded service([](Options& options) { options.client_rate = 1; });
  const std::string token = service.token({});
  const std::string tether = "TETHER_DB=" + service.folder.file("ann.db") + " TETHER_TOKEN=" + token +
                             " TETHER_SERVER=http://127.0.0.1:" + std::to_string(service.port()) +
                             " " TETHER_BIN "/tether -q ";
  CHECK(std::system((tether + "init --client-id ann >/dev/null").c_str()) == 0);
  CHECK(std::system((tether + "record create Task title=x >/dev/null").c_str()) == 0);
  use_up(service, token);
  CHECK(std::system((tether + "sync").c_str()) == 0);
  service.stop();
  CHECK(service.logged().find(R"("status":429)") != std::string::npos);
  CHECK(service.logged().find(R"("applied":1)") != std::string::npos);
}

TEST_CASE("the log names a token by its id and never shows it") {
  Guarded service;
  const std::string token = service.token({});
  Client(service.port()).post("/tether/pull", k_first_pull, bearing(token));
  Client(service.port()).post("/tether/pull", k_first_pull, bearing(token.substr(0, 90) + "00000000"));
  service.stop();
  CHECK(service.logged().find("\"token\":\"" + service.last_id + "\"") != std::string::npos);
  CHECK(service.logged().find(R"("scope":"school")") != std::string::npos);
  CHECK(service.logged().find(token.substr(34)) == std::string::npos);
  CHECK(service.logged().find(token.substr(34, 40)) == std::string::npos);
}

TEST_CASE("a store that fails while a token is looked up is no reason to let anyone in") {
  Guarded service;
  const std::string token = service.token({});
  service.pool->write([](sql::Database& store) { store.execute_script("DROP TABLE tether_tokens"); });
  for (const Endpoint& endpoint : endpoints()) {
    Client client(service.port());
    CHECK(endpoint.ask(client, bearing(token)).status == 503);
  }
  Client expecting(service.port());
  CHECK(
      expecting
          .ask("POST /tether/push HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n" + bearing(token) + "\r\n")
          .status == 503);
}
