// SPDX-License-Identifier: MIT
#include <algorithm>

#include "authority/tokens.hpp"
#include "base/error.hpp"
#include "base/ulid.hpp"
#include "base/utf8.hpp"
#include "protocol/codec.hpp"
#include "protocol/json_reader.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/payload.hpp"
#include "service/access_commands.hpp"
#include "service/commands.hpp"
#include "service/identity.hpp"
#include "service/json_members.hpp"
#include "service/listing.hpp"
#include "service/token_text.hpp"

namespace tether::service {

namespace {

constexpr std::size_t k_claims_bytes_max = 4'096;  // they are read with the token, at every request

[[noreturn]] void refuse(const std::string& message, std::string hint = {}) {
  throw Error(ErrorCode::usage, message, std::move(hint));
}

Scope scope_argument(const std::string& text) {
  if (!is_scope_name(text)) refuse("--scope: must be 1 to 128 bytes of text without control characters");
  return Scope{text};
}

std::optional<ClientId> client_argument(const std::string& text) {
  if (text.empty()) return std::nullopt;
  try {
    return protocol::parse_client_id(text, "--client");
  } catch (const Error& error) {
    refuse(error.what(), error.hint());
  }
}

/// `push,pull`, in the order of the table, each once.
std::string rights_argument(const std::string& text) {
  authority::Token asked;
  asked.rights = text;
  std::string rights;
  std::size_t length = 0;
  for (const std::string_view right : k_rights) {
    if (!asked.may(right)) continue;
    (rights += rights.empty() ? "" : ",") += right;
    length += right.size() + 1;
  }
  if (rights.empty() || length != text.size() + 1) {
    refuse("--can: '" + text + "' is no list of rights",
           "It names some of push, pull, metrics, console and replay, as in --can push,pull.");
  }
  return rights;
}

/// The text of one JSON value.
std::string json_value(const std::string& name, std::string_view text) {
  try {
    protocol::JsonReader reader(text);
    const std::string_view value = reader.value();
    reader.end();
    return std::string(value);
  } catch (const Error&) {
    refuse("--claim: the value of " + printable(name) + " is no JSON", "For a text write NAME=TEXT.");
  }
}

/// `{"institution":7}`, each name once.
std::string claims_argument(const std::vector<std::string>& words) {
  protocol::ObjectWriter claims;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const bool is_json = equals != std::string::npos && equals > 0 && word[equals - 1] == ':';
    const std::string name = word.substr(0, is_json ? equals - 1 : equals);
    if (equals == std::string::npos || name.empty() || !is_utf8(word)) {
      refuse("--claim: '" + printable(word) + "' is no claim",
             "Write NAME=TEXT or NAME:=JSON, as in --claim institution:=7.");
    }
    const std::string text = word.substr(equals + 1);
    const std::string quoted = json_quoted(name);
    claims.member(std::string_view(quoted).substr(1, quoted.size() - 2),
                  is_json ? json_value(name, text) : json_quoted(text));
  }
  const std::string object = std::move(claims).finish();
  if (!json_members(object)) refuse("--claim: a name is given twice, or a value is nested too deep");
  if (object.size() > k_claims_bytes_max) refuse("--claim: all claims together are longer than 4096 bytes");
  return protocol::without_white_space(object);
}

std::string spaced(std::string list) {
  for (std::size_t at = list.find(','); at != std::string::npos; at = list.find(',', at + 1)) list.insert(at + 1, " ");
  return list;
}

std::string day_and_time(std::int64_t ms) {
  return rfc3339_ms(from_ms(ms));
}

std::string state_of(const authority::Token& token, std::int64_t now_ms) {
  if (token.revoked_ms) return "revoked";
  return token.expired(now_ms) ? "expired" : "valid";
}

/// `text`: the token itself, where it is shown.
std::string as_json(const authority::Token& token, std::string_view text) {
  std::string out;
  protocol::JsonWriter json(out);
  json.begin_object().key("id").text(token.id);
  if (!text.empty()) json.key("token").text(text);
  json.key("scope").text(token.scope.value).key("client");
  if (token.client) {
    json.text(token.client->value);
  } else {
    json.raw("null");
  }
  json.key("rights").begin_array();
  for (const std::string_view right : k_rights) {
    if (token.may(right)) json.text(right);
  }
  json.end_array();
  json.key("claims").raw(token.claims);
  write_time(json, "created_at", token.created_ms);
  write_time(json, "expires_at", token.expires_ms);
  write_time(json, "revoked_at", token.revoked_ms);
  json.end_object();
  return out;
}

std::int64_t end_of(std::int64_t created_ms, const std::string& duration) {
  const auto length = parse_duration(duration);
  if (length.count() <= 0) refuse("--expires: must be longer than 0");
  return created_ms + length.count();
}

/// The store has it already, as a token that was shown must work; one that was not shown is nobody's.
void show_or_revoke(sql::Database& store, const authority::Token& token, std::string_view shown, World& world,
                    std::ostream& out) {
  out << shown << "\n";
  try {
    check_written(out);
  } catch (const Error& fault) {
    authority::revoke_token(store, token.id, to_ms(world.clock->now()));
    throw Error(fault.code(), std::string(fault.what()) + ": token " + token.id + " was not shown",
                "It was made, but nobody has seen it, so it is revoked again.");
  }
}

}  // namespace

int create_token(const Options& options, const TokenRequest& request, bool json, World& world, std::ostream& out,
                 std::ostream& notes) {
  authority::Token token;
  token.scope = scope_argument(request.scope);
  token.client = client_argument(request.client);
  token.rights = rights_argument(request.rights);
  token.claims = claims_argument(request.claims);
  token.id = UlidSource(*world.clock, *world.random).next().text();
  token.created_ms = to_ms(world.clock->now());
  if (!request.expires.empty()) token.expires_ms = end_of(token.created_ms, request.expires);
  const std::string text = make_token_text(token.id, *world.random);
  token.secret_hash = hash_of_token(text);
  const auto store = open_migrated_store(options);
  authority::add_token(*store, token);
  show_or_revoke(*store, token, json ? as_json(token, text) : text, world, out);
  notes << "token " << token.id << " of scope " << token.scope.value << ", for "
        << (token.client ? "client " + token.client->value : "any client") << ", may " << spaced(token.rights) << "; "
        << (token.expires_ms ? "expires " + day_and_time(*token.expires_ms) : "never expires")
        << "\nIt is shown this once: the store keeps only what it hashes to.\n";
  return k_exit_done;
}

int list_tokens(const Options& options, bool json, World& world, std::ostream& out) {
  const std::int64_t now_ms = to_ms(world.clock->now());
  const auto all = authority::tokens(*open_migrated_store(options));
  std::vector<std::vector<std::string>> rows{{"ID", "SCOPE", "CLIENT", "MAY", "CREATED", "EXPIRES", "STATE", "CLAIMS"}};
  for (const authority::Token& token : all) {
    if (json) {
      out << as_json(token, {}) << "\n";
      continue;
    }
    rows.push_back({token.id, token.scope.value, token.client ? token.client->value : "any", token.rights,
                    day_and_time(token.created_ms), token.expires_ms ? day_and_time(*token.expires_ms) : "never",
                    state_of(token, now_ms), token.claims == "{}" ? "" : token.claims});
  }
  if (!json && all.empty()) out << "no tokens; tether-service token create --scope SCOPE makes one\n";
  if (!json && !all.empty()) print_columns(std::move(rows), out);
  return k_exit_done;
}

int revoke_token(const Options& options, const std::string& id, World& world, std::ostream& out) {
  // Whoever has the token at hand, as after a leak, need not know its id.
  const auto whole = read_token_text(id);
  const std::string named = whole ? whole->id : id;
  if (!authority::revoke_token(*open_migrated_store(options), named, to_ms(world.clock->now()))) {
    throw Error(ErrorCode::not_found, "there is no token " + printable(named), "tether-service token list shows them.");
  }
  out << "token " << named << " is revoked: every service on this store refuses it from now on\n";
  return k_exit_done;
}

}  // namespace tether::service
