// SPDX-License-Identifier: MIT
// The address of a server, taken apart: http(s)://host[:port][/prefix], with IPv6 hosts in brackets.
#pragma once

#include <string>
#include <string_view>

namespace tether::net {

struct Url {
  bool tls = false;
  std::string host;  // without brackets
  int port = 80;
  std::string prefix = "/tether";  // what stands before /push and /pull; no slash at its end; may be empty

  /// `http://host:port` and the path, as a person would write it.
  std::string text(std::string_view path = {}) const;
};

/// Throws Error(usage), saying what is wrong and how an address looks.
Url parse_url(std::string_view text);

}  // namespace tether::net
