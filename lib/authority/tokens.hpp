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

struct Token {
  std::string id;
  std::string secret_hash;
  Scope scope;
  std::optional<ClientId> client;  // the only one that may use it
  std::string rights;              // as in `push,pull`
  std::int64_t created_ms = 0;
  std::optional<std::int64_t> expires_ms;
  std::optional<std::int64_t> revoked_ms;

  bool expired(std::int64_t now_ms) const { return expires_ms && *expires_ms <= now_ms; }
  bool may(std::string_view right) const;
};

void add_token(sql::Database& database, const Token& token);
std::optional<Token> find_token(sql::Database& database, std::string_view id);
/// Oldest first.
std::vector<Token> tokens(sql::Database& database);
/// False when there is no such token. Of one that was revoked before, the first time stays.
bool revoke_token(sql::Database& database, std::string_view id, std::int64_t now_ms);

}  // namespace tether::authority
