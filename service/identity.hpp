// SPDX-License-Identifier: MIT
// Who asks, as far as that was proven: by nothing, by a token of the store, or by a JSON Web Token. However it was
// proven, the gate judges all of them alike.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/strong.hpp"

namespace tether::service {

/// What a token may be given the right to do; the last two are for what later versions serve.
constexpr std::string_view k_rights[] = {"push", "pull", "metrics", "console", "replay"};

constexpr std::size_t k_scope_bytes_max = 128;  // as of client ids: it stands in every key

/// 1 to 128 bytes of text without control characters.
bool is_scope_name(const std::string& text);

struct Identity {
  std::string id;  // for the log and for the rate: the same for every token of one holder; empty without authentication
  Scope scope;
  std::optional<ClientId> client;       // the only one that may ask in this name
  std::string rights;                   // as in `push,pull`
  std::string claims = "{}";            // the text of a JSON object; nothing in it is unproven
  std::optional<std::int64_t> from_ms;  // before it, and from `until_ms` on, it is not good
  std::optional<std::int64_t> until_ms;
  std::chrono::milliseconds leeway{0};  // that the clock which set those may be off
  bool revoked = false;

  bool is_early(std::int64_t now_ms) const { return from_ms && *from_ms > now_ms + leeway.count(); }
  bool is_expired(std::int64_t now_ms) const { return until_ms && *until_ms <= now_ms - leeway.count(); }
};

/// Why what was presented proves nobody.
struct Unproven {
  std::string_view code;
  std::string message;
};

using Identified = std::variant<Identity, Unproven>;

}  // namespace tether::service
