// SPDX-License-Identifier: MIT
// One request and its reply, without HTTP: what routes answer and what the log tells.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/strong.hpp"
#include "service/reply_budget.hpp"

namespace tether::service {

struct Reply {
  int status = 200;
  std::string body;
  const char* content_type = "application/json";
  int retry_after_s = 0;     // 0: not said
  std::string allow;         // of a 405: the method that is
  std::string authenticate;  // of a 401: how to say who one is
  std::string error_code;    // of the body, for the log
  std::string fault;         // what went wrong in the service; for the log, never for the client
  ReplyBudget::Loan memory;  // that the body holds
};

/// What the log tells of a request. Never a payload, never a token.
struct Exchange {
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  Instant received;  // when its head had arrived
  std::string request_id;
  std::string method;
  std::string route;
  std::string remote;
  std::string client;
  std::string client_version;
  std::string scope;
  std::string token;                     // whose it is, as Identity::id says; empty without authentication
  std::optional<ClientId> token_client;  // the only one that may use the token
  std::string claims = "{}";             // what else the token says of its holder: the text of a JSON object
  int status = 0;                        // 0: the client left before an answer
  std::int64_t bytes_in = 0;
  std::int64_t bytes_out = 0;
  std::int64_t applied = 0;
  std::int64_t rejected = 0;
  std::int64_t conflicts = 0;
  std::int64_t rows = 0;
  std::string error_code;
  std::string fault;
};

}  // namespace tether::service
