// SPDX-License-Identifier: MIT
// The head of a request, read before httplib sees it: what it says is checked strictly, and what httplib would trip
// over is taken out (its Range parser recurses per character, it knows `100-continue` in one spelling only, it packs
// with brotli at the slowest level, and it waits for the end of the connection where a POST says no length).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tether::service {

constexpr std::size_t k_head_bytes_max = 16 * 1024;  // a head with a long token and cookies of a proxy is under 8 kB

struct RequestHead {
  std::string text;  // for httplib, with the empty line at its end
  std::string method;
  std::string path;            // without the query, for the log
  std::string request_id;      // as sent, when it is fit to be echoed; else empty
  std::string client_version;  // as sent, when it is fit for the log; else empty
  std::string forwarded_for;   // all of it, joined
  std::string authorization;
  std::string content_type;
  std::string content_encoding;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool accepts_gzip = false;
  bool wants_close = false;

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

/// `raw` ends with the empty line. Returns nullopt and sets `why` for a head that is malformed.
std::optional<RequestHead> read_head(std::string_view raw, std::string& why);

}  // namespace tether::service
