// SPDX-License-Identifier: MIT
// httplib's client over a stream of our own that counts: httplib bounds neither a status line nor a header nor the line
// of a chunk, so that a server could fill the memory with what is no body; and it does not say whether the server left
// or sent what is no HTTP.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace httplib {
class ClientImpl;
class SSLClient;
}  // namespace httplib

namespace tether::net {

/// What came of one answer.
class AnswerWatch {
 public:
  static constexpr std::size_t k_bytes_max = 64 * 1024;  // without a byte of the body; proxies allow 8 to 32 KiB

  void begin() { *this = {}; }
  /// False when there is too much of it.
  bool came(const char* data, std::size_t size);
  void body_came() { beside_body_ = 0; }
  void ended() { has_ended_ = true; }

  bool is_too_much() const { return beside_body_ > k_bytes_max; }
  /// After a failure: true when bytes came that no HTTP answer has, false when one may just have been cut off.
  bool is_no_http() const;

 private:
  std::string first_;  // as much as it takes to know HTTP
  std::size_t beside_body_ = 0;
  bool has_ended_ = false;
};

/// The watch must outlive the client.
std::unique_ptr<httplib::ClientImpl> watched_client(const std::string& host, int port, AnswerWatch& watch);
std::unique_ptr<httplib::SSLClient> watched_tls_client(const std::string& host, int port, AnswerWatch& watch);

}  // namespace tether::net
