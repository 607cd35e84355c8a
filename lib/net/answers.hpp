// SPDX-License-Identifier: MIT
// What a status and a body mean to the replica: one table, apart from how they were fetched.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "replica/transport.hpp"

namespace tether::net {

/// What came back. `url` is for messages.
struct HttpReply {
  int status = 0;
  std::string body;
  std::string location;
  std::string retry_after;
};

/// Throws Error(unexpected_reply) for what is no answer of the protocol.
replica::Answer answer_of(HttpReply reply, const std::string& url, std::chrono::system_clock::time_point now);

/// Seconds or an HTTP date; at most a day, never negative; nullopt for anything else.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text,
                                                           std::chrono::system_clock::time_point now);

}  // namespace tether::net
