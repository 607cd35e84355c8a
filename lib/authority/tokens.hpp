// SPDX-License-Identifier: MIT
// The tokens that a store knows: kept by what they hash to, looked up by id with one keyed read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong.hpp"
#include "sql/database.hpp"

namespace tether::authority {

/// Whether `right` is one of `rights`, as in `push,pull`.
bool lists(std::string_view rights, std::string_view right);

struct Token {
  std::string id;
  std::string secret_hash;
  Scope scope;
  std::optional<ClientId> client;  // the only one that may use it
  std::string rights;              // as in `push,pull`
  std::string claims = "{}";       // what else it says of its holder: the text of a JSON object
  std::int64_t created_ms = 0;
  std::optional<std::int64_t> expires_ms;
  std::optional<std::int64_t> revoked_ms;

  bool expired(std::int64_t now_ms) const { return expires_ms && *expires_ms <= now_ms; }
  bool may(std::string_view right) const { return lists(rights, right); }
};

void add_token(sql::Database& database, const Token& token);
std::optional<Token> find_token(sql::Database& database, std::string_view id);
/// Oldest first.
std::vector<Token> tokens(sql::Database& database);
/// False when there is no such token. Of one that was revoked before, the first time stays.
bool revoke_token(sql::Database& database, std::string_view id, std::int64_t now_ms);

}  // namespace tether::authority
