// SPDX-License-Identifier: MIT
// Asks a service for pages over a bare socket: a client library's own work on an answer of hundreds of kilobytes would
// be counted as the service's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tether::bench {

class PageReader {
 public:
  /// Throws std::runtime_error, as read() does, if the service on 127.0.0.1 does not do as it should.
  explicit PageReader(int port);
  ~PageReader();
  PageReader(const PageReader&) = delete;
  PageReader& operator=(const PageReader&) = delete;

  /// Fetches the page of `rows` after `cursor` (a number, or null) and throws it away; the cursor behind it.
  std::string read(const std::string& cursor, int rows);

 private:
  void send(const std::string& text) const;
  std::string_view receive();

  int socket_;
  std::string buffer_ = std::string(1024 * 1024, '\0');  // of an answer; grows when one is longer
};

}  // namespace tether::bench
