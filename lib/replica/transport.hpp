// SPDX-License-Identifier: MIT
// The port to the server. Being offline is a value; only nonsense from the other side is a fault. A transport makes one
// attempt per call: retrying is the business of exchange.hpp. All but cancel may be called from a thread other than the
// one that owns the replica's file; they touch nothing of it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.hpp"

namespace tether::replica {

/// A 2xx body.
struct Reply {
  std::string body;
};

/// No answer, 429, or 5xx: nothing is known to be lost, ask again later.
struct Unreachable {
  std::string reason;  // for a person: "connection refused by http://…"
  std::optional<std::chrono::milliseconds> retry_after;
  bool worth_retrying = true;  // false: a wrong certificate or a name that cannot be resolved will not heal in seconds
};

/// 401 or 403.
struct Forbidden {
  std::string reason;
};

using Answer = std::variant<Reply, Unreachable, Forbidden>;

/// The answer was more than is taken in. A push that is asked for less of it at a time may get through: what was
/// answered once is answered again.
class ReplyTooLong final : public Error {
 public:
  explicit ReplyTooLong(const std::string& message)
      : Error(ErrorCode::unexpected_reply, message,
              "Ask for smaller pages with --page or send smaller batches with --batch, or check that this is a Tether "
              "server.") {}
};

/// The server does not know how to tell what a push would do.
class NoPreview final : public Error {
 public:
  explicit NoPreview(const std::string& url)
      : Error(
            ErrorCode::not_found, url + " cannot tell what a push would do",
            "Nothing was sent. The server is an older one, or its address is wrong; `tether push --dry-run --offline` "
            "lists what is pending.") {}
};

class Transport {
 public:
  virtual ~Transport() = default;
  /// Throws Error(too_large) for 413, ReplyTooLong, and Error(unexpected_reply) for any other status, a redirect, or a
  /// body that is no JSON.
  virtual Answer push(std::string_view body) = 0;
  virtual Answer pull(std::string_view body) = 0;
  /// What a push with this body would be answered, with nothing changed on the server. Throws NoPreview where the
  /// server offers none, otherwise like push.
  virtual Answer preview(std::string_view) { throw NoPreview("this transport"); }
  virtual Answer info() = 0;
  /// Makes a call that is under way in another thread return Unreachable soon. Safe from any thread.
  virtual void cancel() = 0;
};

}  // namespace tether::replica
