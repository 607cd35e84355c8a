// SPDX-License-Identifier: MIT
#include "service/options.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "base/error.hpp"
#include "service/fixture.hpp"

using namespace tether;
using namespace tether::service;
using namespace std::chrono_literals;

namespace {

std::optional<std::string> no_environment(const std::string&) {
  return std::nullopt;
}

Options with(const Texts& flags) {
  return options_from(gather(flags, no_environment, {}, {}));
}

std::string refusal(const Texts& flags) {
  try {
    with(flags);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::usage);
    return error.what();
  }
  FAIL("was accepted");
  return {};
}

}  // namespace

TEST_CASE("with nothing said, the service is on 127.0.0.1:8787 and keeps tether-server.db") {
  const Options options = with({});
  CHECK(options.host == "127.0.0.1");
  CHECK(options.port == 8787);
  CHECK(options.store_path == "tether-server.db");
  CHECK(options.prefix == "/tether");
}

TEST_CASE("the fallbacks of the table are the fallbacks of the limits") {
  const Options told = with({});
  const Options untold;
  CHECK(told.limits.body_bytes_max == untold.limits.body_bytes_max);
  CHECK(told.limits.mutations_max == untold.limits.mutations_max);
  CHECK(told.limits.payload_bytes_max == untold.limits.payload_bytes_max);
  CHECK(told.limits.page_rows_default == untold.limits.page_rows_default);
  CHECK(told.limits.page_rows_max == untold.limits.page_rows_max);
  CHECK(told.limits.page_bytes_max == untold.limits.page_bytes_max);
  CHECK(told.connections == untold.connections);
  CHECK(told.stop_time == untold.stop_time);
  CHECK(told.client_rate == untold.client_rate);
  CHECK(told.proxies == untold.proxies);
}

TEST_CASE("a certificate and its key come together") {
  CHECK(refusal({{"tls-cert", "a.pem"}}).find("belong together") != std::string::npos);
  CHECK(refusal({{"tls-key", "a.pem"}}).find("belong together") != std::string::npos);
  CHECK(with({{"tls-cert", "a.pem"}, {"tls-key", "b.pem"}}).tls_key == "b.pem");
}

TEST_CASE("where others can reach it, tokens are asked for, or it is said that they are not") {
  CHECK(refusal({{"listen", "0.0.0.0:8787"}}).find("without authentication") != std::string::npos);
  CHECK(with({{"listen", "0.0.0.0:8787"}, {"auth", "token"}}).auth == Auth::token);
  CHECK(with({{"listen", "0.0.0.0:8787"}, {"insecure", "true"}}).auth == Auth::none);
}

TEST_CASE("JSON Web Tokens come with one file of keys, and keys only with them") {
  CHECK(refusal({{"auth", "jwt"}}) == "JSON Web Tokens need a key to be verified with");
  CHECK(refusal({{"auth", "jwt"}, {"jwt-key", "a"}, {"jwt-jwks", "b"}}).find("one file") != std::string::npos);
  CHECK(refusal({{"jwt-key", "a"}}).find("not asked for") != std::string::npos);
  CHECK(refusal({{"auth", "token"}, {"jwt-jwks", "a"}}).find("not asked for") != std::string::npos);
  CHECK(with({{"listen", "0.0.0.0:8787"}, {"auth", "jwt"}, {"jwt-key", "a"}}).jwt.key_file == "a");
}

TEST_CASE("what a JSON Web Token has to say can be chosen") {
  const JwtOptions untold = with({}).jwt;
  CHECK(untold.leeway == JwtOptions().leeway);
  CHECK(untold.scope_claim == JwtOptions().scope_claim);
  CHECK(untold.rights_claim == JwtOptions().rights_claim);
  CHECK(untold.client_claim == JwtOptions().client_claim);
  const JwtOptions told = with({{"auth", "jwt"},
                                {"jwt-jwks", "k"},
                                {"jwt-issuer", "i"},
                                {"jwt-audience", "a"},
                                {"jwt-leeway", "0s"},
                                {"jwt-scope-claim", "s"},
                                {"jwt-can-claim", "r"},
                                {"jwt-client-claim", "c"}})
                              .jwt;
  CHECK(told.jwks_file == "k");
  CHECK(told.issuer == "i");
  CHECK(told.audience == "a");
  CHECK(told.leeway == 0s);
  CHECK(told.scope_claim == "s");
  CHECK(told.rights_claim == "r");
  CHECK(told.client_claim == "c");
  CHECK(refusal({{"jwt-scope-claim", ""}}).ends_with("a claim has a name"));
  CHECK(refusal({{"jwt-leeway", "2h"}}).ends_with("to 1h"));
}

TEST_CASE("a flag counts more than a variable, a variable more than the file") {
  const Environment environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "TETHER_LISTEN") return "127.0.0.1:2";
    if (name == "TETHER_CONNECTIONS") return "20";
    return std::nullopt;
  };
  const Texts file = {{"listen", "127.0.0.1:3"}, {"connections", "30"}, {"readers", "3"}};
  const Values values = gather({{"listen", "127.0.0.1:1"}}, environment, file, "service.json");
  const Options options = options_from(values);
  CHECK(options.port == 1);
  CHECK(options.connections == 20);
  CHECK(options.readers == 3);
  CHECK(values.at("listen").source == "--listen");
  CHECK(values.at("connections").source == "TETHER_CONNECTIONS");
  CHECK(values.at("readers").source == "service.json");
  CHECK(values.at("store").source == "default");
}

TEST_CASE("a wrong value names its setting, its source and what is allowed") {
  CHECK(refusal({{"connections", "many"}}) ==
        "connections (from --connections): 'many' is no whole number from 1 to 900");
  CHECK(refusal({{"connections", "0"}}).ends_with("from 1 to 900"));
  CHECK(refusal({{"connections", "99999999999999999999"}}).ends_with("from 1 to 900"));
  CHECK(refusal({{"listen", "8787"}}) == "listen (from --listen): '8787' is no address to listen on");
  CHECK(refusal({{"listen", "127.0.0.1:70000"}}).ends_with("is no address to listen on"));
  CHECK(refusal({{"listen", "::1:80"}}).ends_with("is no address to listen on"));
  CHECK(refusal({{"log", "xml"}}).ends_with("'xml' is neither json nor text"));
  CHECK(refusal({{"auth", "oauth"}}).ends_with("'oauth' is neither none, token nor jwt"));
  CHECK(refusal({{"insecure", "maybe"}}).ends_with("'maybe' is neither true nor false"));
  CHECK(refusal({{"prefix", "tether"}}).ends_with("digits, /, - and _"));
  CHECK(refusal({{"prefix", "/a.*"}}).ends_with("digits, /, - and _"));
  CHECK(refusal({{"request-time", "0s"}}).ends_with("to 1h"));
  CHECK(refusal({{"page-rows", "20000"}}) == "page-rows is larger than page-rows-max");
}

TEST_CASE("a store is a SQLite file or a database in Postgres") {
  CHECK(with({{"store", "sqlite:/var/x.db"}}).store_path == "/var/x.db");
  CHECK(with({{"store", "sqlite:/var/x.db"}}).store_url.empty());
  const std::string url = "postgres://ann:secret@db:6432/tether?sslmode=require";
  CHECK(with({{"store", url}}).store_url == url);
  CHECK(with({{"store", url}}).store_path == "postgres://db:6432/tether");
  CHECK(refusal({{"store", "postgres://ann:se%cret@db/tether"}}) ==
        "store (from --store): the store is no URL that Postgres understands");
  CHECK(refusal({{"store", url}, {"store-connections", "4"}}) == "readers leaves none of store-connections for pushes");
  CHECK(with({{"store-connections", "4"}}).store_connections == 4);
  CHECK(refusal({{"store", "x.db"}}).ends_with("'x.db' names no store"));
  CHECK(redacted("postgres://ann:secret@db/tether") == "postgres://***@db/tether");
  CHECK(redacted("postgres://ann:se@cret@db/tether?sslmode=require") == "postgres://***@db/tether?***");
  CHECK(redacted("postgres://db/tether?password=a@b&user=ann") == "postgres://db/tether?***");
  CHECK(redacted("sqlite:a@b.db") == "sqlite:a@b.db");
  CHECK(refusal({{"store", "sqlite:"}}).ends_with("names no store"));
  CHECK(refusal({{"store", "sqlite::memory:"}}).ends_with("lose everything that it acknowledged"));
}

TEST_CASE("everyone is served only where everyone is this machine, or somebody insists") {
  CHECK(refusal({{"listen", "0.0.0.0:8787"}}).starts_with("refusing to serve everyone who can reach 0.0.0.0"));
  CHECK(refusal({{"listen", "127.0.0.1.evil.example:80"}}).starts_with("refusing to serve"));
  CHECK(with({{"listen", "0.0.0.0:8787"}, {"insecure", "true"}}).host == "0.0.0.0");
  CHECK(with({{"listen", "[::1]:8787"}}).host == "::1");
  CHECK(with({{"listen", "localhost:8787"}}).host == "localhost");
}

TEST_CASE("a configuration file holds settings by name") {
  const Folder folder;
  const std::string path = folder.file("service.json");
  std::ofstream(path) << R"({"listen": "127.0.0.1:9", "connections": 7, "strict-duplicates": true})";
  const Texts file = read_config_file(path);
  const Options options = options_from(gather({}, no_environment, file, path));
  CHECK(options.port == 9);
  CHECK(options.connections == 7);
  CHECK(options.strict_duplicates);
}

TEST_CASE("a configuration file that is wrong is refused") {
  const Folder folder;
  const std::string path = folder.file("service.json");
  for (const char* text : {"", "[]", "{", "{\"listen\": null}", "{\"listen\": {}}", "{\"readers\": 1.5}",
                           "{\"lisen\": \"127.0.0.1:9\"}", "\xff"}) {
    CAPTURE(text);
    std::ofstream(path, std::ios::trunc) << text;
    CHECK_THROWS_AS(read_config_file(path), Error);
  }
  CHECK_THROWS_AS(read_config_file(folder.file("missing.json")), Error);
  CHECK_THROWS_AS(read_config_file(folder.path().string()), Error);
}
