// SPDX-License-Identifier: MIT
// JSON Web Tokens as they are met: over HTTP, and by the program itself.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "authority/devices.hpp"
#include "service/jwt_fixture.hpp"
#include "service/process_fixture.hpp"

using namespace tether;
using namespace tether::service;
using nlohmann::json;

namespace {

constexpr char k_header[] = R"({"alg":"ES256","typ":"JWT"})";

std::int64_t seconds_from_now(std::int64_t seconds) {
  SystemClock clock;
  return to_ms(clock.now()) / 1'000 + seconds;
}

/// A token of ann's for an hour, with these claims besides.
std::string token_of_ann(const json& more = json::object(), const std::string& header = k_header,
                         const Signer& signer = p256_signer()) {
  json claims = {{"iss", "https://id.example"},    {"aud", "tether"},          {"sub", "ann"},
                 {"exp", seconds_from_now(3'600)}, {"tether_scope", "school"}, {"tether_can", {"push", "pull"}}};
  for (const auto& [name, value] : more.items()) claims[name] = value;
  return make_jwt(signer, header, claims.dump());
}

/// A service that asks for JSON Web Tokens.
class Guarded : public TestService {
 public:
  explicit Guarded(const std::function<void(Options&)>& change = {})
      : TestService([&](Options& asked) {
          asked.auth = Auth::jwt;
          asked.jwt.key_file = write_file(folder.file("jwt.pem"), p256_signer().public_pem());
          asked.jwt.issuer = "https://id.example";
          asked.jwt.audience = "tether";
          if (change) change(asked);
        }) {}
};

std::string bearing(const std::string& token) {
  return "Authorization: Bearer " + token + "\r\n";
}

std::string code_in(const Answer& answer) {
  return json::parse(answer.body)["error"]["code"];
}

Answer ask(int port, const std::string& route, const std::string& headers) {
  Client client(port);
  if (route == "push") return client.post("/tether/push", push_of(1), headers);
  if (route == "pull") return client.post("/tether/pull", k_first_pull, headers);
  if (route == "info") return client.ask("GET /tether/info HTTP/1.1\r\n" + headers + "\r\n");
  return client.ask("GET /metrics HTTP/1.1\r\n" + headers + "\r\n");
}

constexpr const char* k_routes[] = {"push", "pull", "info", "metrics"};

std::size_t rows_of(int port, const std::string& token) {
  const Answer page = ask(port, "pull", bearing(token));
  REQUIRE(page.status == 200);
  return json::parse(page.body)["snapshots"].size();
}

}  // namespace

TEST_CASE("with a JSON Web Token, its scope is what is seen") {
  Guarded service;
  CHECK(ask(service.port(), "push", bearing(token_of_ann())).status == 200);
  CHECK(rows_of(service.port(), token_of_ann()) == 1);
  CHECK(rows_of(service.port(), token_of_ann({{"tether_scope", "clinic"}})) == 0);
}

TEST_CASE("every endpoint refuses every wrong JSON Web Token, and nothing is kept") {
  Guarded service;
  const std::string good = token_of_ann();
  const std::string text = good.substr(0, good.rfind('.'));
  const std::string payload = *decode_base64url(text.substr(text.find('.') + 1));
  const std::string public_pem = p256_signer().public_pem();
  const std::pair<std::string, std::string> wrong[] = {
      {"", "token_missing"},
      {"Authorization: Bearer \r\n", "token_missing"},
      {"Authorization: Basic YW5uOnNlY3JldA==\r\n", "token_missing"},
      {bearing("x"), "token_unknown"},
      {bearing("' OR 1=1 --"), "token_unknown"},
      {bearing(std::string(8'000, 'a')), "token_unknown"},
      {bearing(std::string(9'000, 'a')), "token_unknown"},
      {bearing("tether_01KAK300000000000000000001_" + std::string(64, 'a')), "token_unknown"},
      {bearing(text), "token_unknown"},
      {bearing(text + "."), "token_unknown"},
      {bearing(good + "A"), "token_unknown"},
      {bearing(signed_text(R"({"alg":"none"})", payload) + "."), "token_unknown"},
      {bearing(make_hs256_jwt(public_pem, R"({"alg":"HS256"})", payload)), "token_unknown"},
      {bearing(make_hs256_jwt(public_pem, k_header, payload)), "token_unknown"},
      {bearing(make_jwt(rsa_signer(), R"({"alg":"RS256"})", payload)), "token_unknown"},
      {bearing(make_jwt(Signer::p256(), k_header, payload)), "token_unknown"},
      {bearing(token_of_ann({}, R"({"alg":"ES256","crit":["exp"]})")), "token_unknown"},
      {bearing(token_of_ann({{"iss", "https://evil.example"}})), "token_unknown"},
      {bearing(token_of_ann({{"aud", "wiki"}})), "token_unknown"},
      {bearing(token_of_ann({{"exp", seconds_from_now(-3'600)}})), "token_expired"},
      {bearing(token_of_ann({{"nbf", seconds_from_now(3'600)}})), "token_early"},
      {bearing(token_of_ann({{"iat", seconds_from_now(3'600)}})), "token_early"},
      {bearing(token_of_ann({{"exp", nullptr}})), "claim_invalid"},
      {bearing(token_of_ann({{"tether_scope", 7}})), "claim_invalid"},
  };
  for (const char* route : k_routes) {
    for (const auto& [headers, code] : wrong) {
      CAPTURE(route);
      CAPTURE(headers.substr(0, 60));
      const Answer answer = ask(service.port(), route, headers);
      CHECK(answer.status == 401);
      CHECK(code_in(answer) == code);
      CHECK(answer.has("WWW-Authenticate: Bearer realm=\"tether\""));
      CHECK(answer.has("error=\"invalid_token\"") == (code != "token_missing"));
    }
  }
  CHECK(ask(service.port(), "pull", bearing(std::string(20'000, 'a'))).status == 431);
  CHECK(rows_of(service.port(), good) == 0);
}

TEST_CASE("a JSON Web Token may only what it says, and as the client that it is bound to") {
  Guarded service;
  const std::pair<json, std::vector<std::string>> allowed[] = {{{{"tether_can", {"pull"}}}, {"pull", "info"}},
                                                               {{{"tether_can", "push"}}, {"push", "info"}},
                                                               {{{"tether_can", "metrics"}}, {"metrics", "info"}},
                                                               {{{"tether_can", json::array()}}, {"info"}}};
  for (const auto& [claims, names] : allowed) {
    for (const std::string route : k_routes) {
      CAPTURE(route);
      const Answer answer = ask(service.port(), route, bearing(token_of_ann(claims)));
      const bool may = std::ranges::count(names, route) > 0;
      CHECK(answer.status == (may ? 200 : 403));
      if (may) continue;
      CHECK(code_in(answer) == "right_missing");
      CHECK(answer.has("error=\"insufficient_scope\""));
    }
  }
  for (const char* route : {"push", "pull"}) {
    CHECK(ask(service.port(), route, bearing(token_of_ann({{"tether_client", "ann"}}))).status == 200);
    const Answer answer = ask(service.port(), route, bearing(token_of_ann({{"tether_client", "ben"}})));
    CHECK(answer.status == 403);
    CHECK(code_in(answer) == "other_client");
  }
}

TEST_CASE("a client that was shut out stays out with any JSON Web Token") {
  Guarded service;
  service.pool->write(
      [](sql::Database& store) { authority::revoke_device(store, Scope{"school"}, ClientId{"ann"}, 5); });
  for (const json& claims : {json::object(), json({{"tether_client", "ann"}})}) {
    const Answer answer = ask(service.port(), "push", bearing(token_of_ann(claims)));
    CHECK(answer.status == 403);
    CHECK(code_in(answer) == "device_revoked");
  }
  CHECK(rows_of(service.port(), token_of_ann({{"tether_scope", "clinic"}})) == 0);
}

TEST_CASE("a fresh JSON Web Token is no way around the rate of its holder, and no burden for others") {
  Guarded service([](Options& options) { options.client_rate = 1; });
  int status = 200;
  for (int i = 0; i < 1'000 && status == 200; ++i) {
    status = ask(service.port(), "pull", bearing(token_of_ann({{"jti", std::to_string(i)}}))).status;
  }
  CHECK(status == 429);
  CHECK(ask(service.port(), "pull", bearing(token_of_ann({{"sub", "ben"}}))).status == 200);
}

TEST_CASE("the log names issuer and subject of a JSON Web Token, and never shows it") {
  Guarded service;
  const std::string token = token_of_ann({{"secret", "s3cret"}});
  ask(service.port(), "pull", bearing(token));
  service.stop();
  CHECK(service.logged().find(R"("scope":"school","token":"https://id.example ann")") != std::string::npos);
  CHECK(service.logged().find("s3cret") == std::string::npos);
  CHECK(service.logged().find(token.substr(0, 20)) == std::string::npos);
  CHECK(service.logged().find(token.substr(token.size() - 20)) == std::string::npos);
}

TEST_CASE("what is let in knows all claims that were proven, and what is not let in knows none") {
  Guarded service;
  SystemRandom random;
  Gate gate(service.options, service.jwt_keys.get(), *service.pool, service.clock, random);
  Exchange exchange;
  CHECK_FALSE(gate.refuse(Access::pull, "Bearer " + token_of_ann({{"institution", 7}}), exchange));
  CHECK(json::parse(exchange.claims)["institution"] == 7);
  CHECK(exchange.claims.find("\"sub\":\"ann\"") != std::string::npos);
  Exchange refused;
  const std::string forged = make_jwt(Signer::p256(), k_header, R"({"institution":7})");
  CHECK(gate.refuse(Access::pull, "Bearer " + forged, refused)->status == 401);
  CHECK(refused.claims == "{}");
}

TEST_CASE("the program serves with JSON Web Tokens, and loads their keys anew at SIGHUP") {
  const Folder folder;
  const Signer next = Signer::p256();
  const std::string jwks = folder.file("jwks.json");
  write_file(jwks, R"({"keys":[)" + p256_signer().jwk(R"("kid":"1")") + "]}");
  Process process = serving(folder, {"--auth", "jwt", "--jwt-jwks", jwks, "--jwt-audience", "tether"});
  const int port = process.port();
  const std::string old_token = token_of_ann({}, R"({"alg":"ES256","kid":"1"})");
  const std::string new_token = token_of_ann({}, R"({"alg":"ES256","kid":"2"})", next);
  CHECK(ask(port, "push", bearing(old_token)).status == 200);
  CHECK(ask(port, "push", bearing(new_token)).status == 401);
  write_file(jwks, "{\"keys\":[");
  process.signal(SIGHUP);
  CHECK(process.says(R"("SIGHUP: the old stays","what":"keys of JSON Web Tokens")"));
  CHECK(ask(port, "pull", bearing(old_token)).status == 200);
  write_file(jwks, R"({"keys":[)" + next.jwk(R"("kid":"2")") + "]}");
  process.signal(SIGHUP);
  CHECK(process.says(R"("SIGHUP: loaded anew","what":"keys of JSON Web Tokens")"));
  CHECK(ask(port, "pull", bearing(old_token)).status == 401);
  CHECK(rows_of(port, new_token) == 1);
  process.signal(SIGTERM);
  CHECK(process.wait() == 0);
}

TEST_CASE("tether syncs with a JSON Web Token, and keeps everything when that has expired") {
  Guarded service;
  const std::string tether = "TETHER_DB=" + service.folder.file("ann.db") +
                             " TETHER_SERVER=http://127.0.0.1:" + std::to_string(service.port()) + " TETHER_TOKEN=";
  const auto run_tether = [&](const std::string& token, const std::string& words) {
    const int status =
        std::system((tether + token + " " TETHER_BIN "/tether -q " + words + " >/dev/null 2>&1").c_str());
    return WEXITSTATUS(status);
  };
  CHECK(run_tether("x", "init --client-id ann") == 0);
  CHECK(run_tether("x", "record create Task title=x") == 0);
  CHECK(run_tether(token_of_ann({{"exp", seconds_from_now(-3'600)}}), "sync") == 5);
  CHECK(run_tether(token_of_ann(), "sync") == 0);
  CHECK(rows_of(service.port(), token_of_ann({{"tether_client", "ann"}})) == 1);
}

TEST_CASE("check says which keys there are and what they are for; keys that cannot be used are wrong usage") {
  const Folder folder;
  const std::string store = "sqlite:" + folder.file("store.db");
  const std::string key = write_file(folder.file("jwt.pem"), rsa_signer().public_pem());
  std::string out;
  std::string log;
  CHECK(run(folder, {"check", "--store", store, "--auth", "jwt", "--jwt-key", key, "--jwt-audience", "tether"}, &out) ==
        0);
  CHECK(out.find("jwt: one key of RS256 from " + key + "\n") != std::string::npos);
  CHECK(out.find("jwt: issued by anyone with such a key, for tether, clocks up to 1m off\n") != std::string::npos);
  CHECK(out.find("jwt: scope from tether_scope, rights from tether_can, client from tether_client\n") !=
        std::string::npos);
  write_file(key, "too short");
  for (const char* command : {"check", "serve"}) {
    CHECK(run(folder, {command, "--store", store, "--auth", "jwt", "--jwt-key", key}, nullptr, &log) == 2);
    CHECK(log.find("jwt-key: '" + key + "': holds 9 bytes") != std::string::npos);
  }
}
