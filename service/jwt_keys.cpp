// SPDX-License-Identifier: MIT
#include "service/jwt_keys.hpp"

#include <algorithm>
#include <sstream>

#include "base/error.hpp"
#include "protocol/json_reader.hpp"
#include "service/file_content.hpp"
#include "service/json_members.hpp"
#include "service/listing.hpp"

namespace tether::service {

namespace {

constexpr std::size_t k_file_mebibytes_max = 1;  // a JWKS file of hundreds of keys

[[noreturn]] void refuse(const std::string& message, std::string hint = {}) {
  throw Error(ErrorCode::usage, message, std::move(hint));
}

/// The texts of the members of `keys`.
std::vector<std::string> jwks_in(const std::string& content) {
  const auto jwks = json_members(content);
  const auto keys = jwks ? jwks->find("keys") : JsonMembers::const_iterator();
  constexpr const char* k_hint = "It looks like {\"keys\": [{\"kty\": \"EC\", \"crv\": \"P-256\", \"kid\": …}]}.";
  if (!jwks || keys == jwks->end() || !keys->second.starts_with('[')) refuse("holds no JWKS", k_hint);
  std::vector<std::string> found;
  protocol::JsonReader reader(keys->second);
  reader.array([&] { found.emplace_back(reader.value()); });
  return found;
}

/// Each key has to be the only one for whatever a token may name.
void expect_distinct(const std::vector<std::shared_ptr<const JwtKey>>& keys) {
  if (keys.empty()) {
    refuse("holds no key of HS256, RS256 or ES256 that is meant for signatures", "Others are left out.");
  }
  if (keys.size() == 1) return;
  std::vector<std::string> ids;
  for (const auto& key : keys) {
    if (!key->id()) refuse("has several keys, and one of them has no kid");
    ids.push_back(*key->id());
  }
  std::ranges::sort(ids);
  const auto twice = std::ranges::adjacent_find(ids);
  if (twice != ids.end()) refuse("has two keys with the kid " + printable(*twice));
}

}  // namespace

JwtKeys::JwtKeys(const JwtOptions& options)
    : path_(options.jwks_file.empty() ? options.key_file : options.jwks_file), is_jwks_(!options.jwks_file.empty()) {
  load();
}

JwtKeys::Set JwtKeys::read_file() const {
  const std::string content = file_content(path_, k_file_mebibytes_max);
  Set set;
  if (!is_jwks_) {
    set.keys.push_back(std::make_shared<const JwtKey>(JwtKey::from_file_content(content)));
    return set;
  }
  for (const std::string& jwk : jwks_in(content)) {
    const auto key = with_context("keys[" + std::to_string(set.seen) + "]", [&] { return JwtKey::from_jwk(jwk); });
    if (key) set.keys.push_back(std::make_shared<const JwtKey>(*key));
    ++set.seen;
  }
  expect_distinct(set.keys);
  return set;
}

void JwtKeys::load() {
  const std::string what = std::string(is_jwks_ ? "jwt-jwks" : "jwt-key") + ": '" + path_ + "'";
  const auto set = std::make_shared<const Set>(with_context(what, [&] { return read_file(); }));
  const std::lock_guard lock(mutex_);
  set_ = set;
}

std::shared_ptr<const JwtKeys::Set> JwtKeys::current() const {
  const std::lock_guard lock(mutex_);
  return set_;
}

std::shared_ptr<const JwtKey> JwtKeys::find(const std::optional<std::string>& id) const {
  const auto set = current();
  if (!is_jwks_ || (!id && set->keys.size() == 1)) return set->keys.front();
  const auto found = std::ranges::find_if(set->keys, [&](const auto& key) { return id && key->id() == id; });
  return found == set->keys.end() ? nullptr : *found;
}

std::string JwtKeys::description() const {
  const auto set = current();
  if (!is_jwks_) return "one key of " + std::string(set->keys.front()->algorithm()) + " from " + path_;
  std::string text = std::to_string(set->keys.size()) + " of " + std::to_string(set->seen) + " keys from " + path_;
  const char* separator = ": ";
  for (const auto& key : set->keys) {
    text += separator + std::string(key->algorithm()) + " " + printable(key->id().value_or("without a kid"));
    separator = ", ";
  }
  return text;
}

}  // namespace tether::service
