// SPDX-License-Identifier: MIT
// Bodies of requests for the codec's tests, and what is wrong with them.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "protocol/codec.hpp"

namespace tether::protocol {

inline constexpr std::string_view k_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// `text` with every `@` replaced by a valid mutation id.
inline std::string with_ids(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '@') {
      out += k_id;
    } else {
      out += c;
    }
  }
  return out;
}

inline PushRequest push_request(std::string_view body) {
  return decode_push_request(with_ids(body), Limits{});
}
inline PullRequest pull_request(std::string_view body) {
  return decode_pull_request(with_ids(body), Limits{});
}
inline PushReply push_reply(std::string_view body) {
  return decode_push_reply(with_ids(body));
}
inline PullReply pull_reply(std::string_view body) {
  return decode_pull_reply(with_ids(body));
}

template <class Decode>
std::string fault(Decode decode, std::string_view body) {
  try {
    decode(body);
    return "none";
  } catch (const Error& e) {
    return e.what();
  }
}

/// A push of one mutation with this in place of its payload and what follows.
inline std::string with_payload(std::string_view rest) {
  return R"({"client_id":"c","mutations":[{"mutation_id":"@","entity_id":"e","model":"T","operation":"update",)" +
         std::string(rest) + R"("version":1,"timestamp":2}]})";
}

}  // namespace tether::protocol
