// SPDX-License-Identifier: MIT
#include "authority/tokens.hpp"

#include <algorithm>

namespace tether::authority {
namespace {

using sql::Null;
using sql::optional_integer;
using sql::Row;
using sql::Value;
using sql::value_of;

Token read_token(const Row& row) {
  Token token;
  token.id = row.text(0);
  token.secret_hash = row.text(1);
  token.scope = Scope{std::string(row.text(2))};
  if (!row.is_null(3)) token.client = ClientId{std::string(row.text(3))};
  token.rights = row.text(4);
  token.created_ms = row.integer(5);
  token.expires_ms = optional_integer(row, 6);
  token.revoked_ms = optional_integer(row, 7);
  token.claims = row.text(8);
  return token;
}

}  // namespace

bool lists(std::string_view rights, std::string_view right) {
  while (!rights.empty()) {
    const std::size_t comma = std::min(rights.find(','), rights.size());
    if (rights.substr(0, comma) == right) return true;
    rights.remove_prefix(std::min(comma + 1, rights.size()));
  }
  return false;
}

void add_token(sql::Database& database, const Token& token) {
  const Value parameters[] = {
      std::string_view(token.id),          std::string_view(token.secret_hash),
      std::string_view(token.scope.value), token.client ? Value(std::string_view(token.client->value)) : Value(Null{}),
      std::string_view(token.rights),      token.created_ms,
      value_of(token.expires_ms),          std::string_view(token.claims)};
  database.execute(
      "INSERT INTO tether_tokens(token_id, secret_hash, scope, client_id, rights, created_ms, expires_ms, claims) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      parameters);
}

std::optional<Token> find_token(sql::Database& database, std::string_view id) {
  std::optional<Token> found;
  const Value parameters[] = {id};
  database.execute(
      "SELECT token_id, secret_hash, scope, client_id, rights, created_ms, expires_ms, revoked_ms, claims "
      "FROM tether_tokens WHERE token_id = $1",
      parameters, [&](const Row& row) { found = read_token(row); });
  return found;
}

std::vector<Token> tokens(sql::Database& database) {
  std::vector<Token> found;
  database.execute(
      "SELECT token_id, secret_hash, scope, client_id, rights, created_ms, expires_ms, revoked_ms, claims "
      "FROM tether_tokens ORDER BY created_ms, token_id",
      {}, [&](const Row& row) { found.push_back(read_token(row)); });
  return found;
}

bool revoke_token(sql::Database& database, std::string_view id, std::int64_t now_ms) {
  const Value parameters[] = {id, now_ms};
  return database.execute(
             "UPDATE tether_tokens SET revoked_ms = CASE WHEN revoked_ms IS NULL THEN $2 ELSE revoked_ms END "
             "WHERE token_id = $1",
             parameters) > 0;
}

}  // namespace tether::authority
