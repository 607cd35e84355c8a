// SPDX-License-Identifier: MIT
#include "authority/devices.hpp"
#include "authority/fixture.hpp"
#include "authority/tokens.hpp"

namespace tether::authority {
namespace {

using fixture::Server;

const Scope k_school{"school"};
const Scope k_clinic{"clinic"};

void note(Server& server, const Scope& scope, std::vector<Sighting> sightings) {
  sql::in_transaction(*server.database, sql::Access::write,
                      [&](sql::Transaction& transaction) { note_devices(transaction, scope, sightings); });
}

/// `scope client push pull cursor lag revoked`, with `-` for what is not there.
std::vector<std::string> lines(const std::vector<Device>& devices) {
  const auto text = [](const std::optional<std::int64_t>& number) {
    return " " + (number ? std::to_string(*number) : std::string("-"));
  };
  std::vector<std::string> out;
  for (const Device& device : devices) {
    out.push_back(device.scope.value + " " + device.client.value + text(device.last_push_ms) +
                  text(device.last_pull_ms) + text(device.cursor_us) + text(device.lag_us) + text(device.revoked_ms));
  }
  return out;
}

TEST_CASE("a token is found by its id with all that was said of it") {
  Server server;
  add_token(*server.database, {.id = "T1",
                               .secret_hash = "aa",
                               .scope = k_school,
                               .client = ClientId{"ann"},
                               .rights = "push,pull",
                               .claims = R"({"institution":7})",
                               .created_ms = 5,
                               .expires_ms = 9,
                               .revoked_ms = {}});
  add_token(*server.database, {.id = "T2",
                               .secret_hash = "bb",
                               .scope = k_clinic,
                               .client = {},
                               .rights = "pull",
                               .created_ms = 6,
                               .expires_ms = {},
                               .revoked_ms = {}});
  const auto found = find_token(*server.database, "T1");
  REQUIRE(found);
  CHECK(found->secret_hash == "aa");
  CHECK(found->scope == k_school);
  CHECK(found->client == ClientId{"ann"});
  CHECK(found->claims == R"({"institution":7})");
  CHECK(found->expires_ms == 9);
  CHECK_FALSE(found->expired(8));
  CHECK(found->expired(9));
  CHECK_FALSE(find_token(*server.database, "T2")->expired(1'000'000'000'000));
  CHECK(find_token(*server.database, "T2")->claims == "{}");
  CHECK_FALSE(find_token(*server.database, "T3"));
  CHECK_FALSE(find_token(*server.database, "' OR 1=1 --"));
  CHECK(tokens(*server.database).size() == 2);
}

TEST_CASE("a token may what is in its list, and no part of a word of it") {
  Token token;
  token.rights = "push,pull";
  CHECK(token.may("push"));
  CHECK(token.may("pull"));
  CHECK_FALSE(token.may("pus"));
  CHECK_FALSE(token.may(""));
  CHECK_FALSE(token.may("console"));
  token.rights = "";
  CHECK_FALSE(token.may("push"));
}

TEST_CASE("a token is revoked once, for good") {
  Server server;
  add_token(*server.database, {.id = "T1", .secret_hash = "aa", .scope = k_school, .client = {}, .rights = "push"});
  CHECK(revoke_token(*server.database, "T1", 7));
  CHECK(revoke_token(*server.database, "T1", 8));
  CHECK(find_token(*server.database, "T1")->revoked_ms == 7);
  CHECK_FALSE(revoke_token(*server.database, "T9", 7));
}

TEST_CASE("what was seen of a client adds up, scope by scope") {
  Server server;
  note(server, k_school,
       {{.client_id = "ben", .seen_ms = 1, .push_ms = 1}, {.client_id = "ann", .seen_ms = 2, .pull_ms = 2}});
  note(server, k_school, {{.client_id = "ann", .seen_ms = 3, .pull_ms = 3, .cursor_us = 40}});
  note(server, k_clinic, {{.client_id = "ann", .seen_ms = 4, .push_ms = 4}});
  note(server, k_school, {{.client_id = "ann", .seen_ms = 5, .push_ms = 5}});
  note(server, k_school, {});
  CHECK(lines(devices(*server.database)) ==
        std::vector<std::string>{"clinic ann 4 - - - -", "school ann 5 3 40 - -", "school ben 1 - - - -"});
}

TEST_CASE("the lag of a client is how far its cursor is behind its scope's clock") {
  Server server;
  server.push("ann", {fixture::create(1, "T1")});
  const auto page = server.pull();
  const std::int64_t clock_us = page.new_cursor->value;
  note(server, server.scope, {{.client_id = "ann", .seen_ms = 1, .pull_ms = 1, .cursor_us = clock_us}});
  note(server, server.scope, {{.client_id = "ben", .seen_ms = 1, .pull_ms = 1, .cursor_us = clock_us - 250}});
  const auto found = devices(*server.database);
  CHECK(found.at(0).lag_us == 0);
  CHECK(found.at(1).lag_us == 250);
}

TEST_CASE("a client that is revoked in one scope is not in another") {
  Server server;
  const ClientId ann{"ann"};
  revoke_device(*server.database, k_school, ann, 7);
  CHECK(is_revoked(*server.database, k_school, ann));
  CHECK_FALSE(is_revoked(*server.database, k_clinic, ann));
  CHECK_FALSE(is_revoked(*server.database, k_school, ClientId{"ben"}));
  CHECK(lines(devices(*server.database)) == std::vector<std::string>{"school ann - - - - 7"});
  CHECK(restore_device(*server.database, k_school, ann));
  CHECK_FALSE(restore_device(*server.database, k_school, ann));
  CHECK_FALSE(is_revoked(*server.database, k_school, ann));
}

TEST_CASE("a client that was shut out gets no page, also where it would get one anew") {
  Server server;
  server.push("ann", {fixture::create(1, "T1")});
  revoke_device(*server.database, server.scope, ClientId{"ann"}, 7);
  const auto page_of = [&](std::string_view client, std::string_view view) {
    return server.authority.pull(
        *server.database, server.scope,
        {.client_id = ClientId{std::string(client)}, .cursor = Cursor{0}, .full = false, .view = std::string(view)});
  };
  for (const std::string_view view : {"", "another"}) {
    CAPTURE(view);
    CHECK(page_of("ann", view).is_revoked);
    CHECK(page_of("ann", view).text.empty());
    CHECK_FALSE(page_of("ben", view).is_revoked);
    CHECK(page_of("ben", view).rows == 1);
  }
}

TEST_CASE("clients that were not seen for long are forgotten, and stay revoked") {
  Server server;
  note(server, k_school,
       {{.client_id = "ann", .seen_ms = 1, .push_ms = 1}, {.client_id = "ben", .seen_ms = 1, .push_ms = 90}});
  revoke_device(*server.database, k_school, ClientId{"ann"}, 2);
  CHECK(forget_devices(*server.database, 50) == 1);
  CHECK(lines(devices(*server.database)) == std::vector<std::string>{"school ben 90 - - - -"});
  CHECK(is_revoked(*server.database, k_school, ClientId{"ann"}));
}

}  // namespace
}  // namespace tether::authority
