// SPDX-License-Identifier: MIT
// TLS 1.2 and later, with OpenSSL: who the service is, and one connection's encryption. OpenSSL writes without asking
// for silence, so SIGPIPE is ignored from the first identity on.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace tether::service {

/// The certificate and its key, from PEM files. Safe from any thread.
class TlsIdentity {
 public:
  /// Throws what load() throws.
  TlsIdentity(std::string certificate_file, std::string key_file);

  /// Reads the files anew, for connections from now on. Throws Error(usage) that says what is wrong with which file,
  /// and keeps what it had.
  void load();

  std::shared_ptr<ssl_ctx_st> context() const;
  /// When the service's own certificate does.
  Instant expires() const;
  /// What to tell whoever looks after it: that it has expired, or will within 14 days. Empty: nothing.
  std::string warning(Instant now) const;

 private:
  const std::string certificate_file_;
  const std::string key_file_;
  mutable std::mutex mutex_;
  std::shared_ptr<ssl_ctx_st> context_;
};

/// What came of one attempt to read or write without waiting.
struct Step {
  ssize_t bytes = 0;  // 0: the other side has ended; -1: broken
  short wait = 0;     // POLLIN or POLLOUT: wait for that, then try again
};

/// The encryption of one connection whose socket does not block. One thread's world.
class TlsSession {
 public:
  TlsSession(const TlsIdentity& identity, int socket);
  /// Says goodbye to the other side, without waiting; the socket stays open.
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Agrees upon a key; `bytes` is 1 once that is done.
  Step shake_hands();
  /// After a handshake that broke: whether the other side spoke plain HTTP.
  bool met_plain_http() const { return met_plain_http_; }

  Step read(char* data, std::size_t size);
  Step write(const char* data, std::size_t size);
  /// Whether something was received that read() has not given yet.
  bool has_pending() const;

 private:
  Step step_of(int result);

  std::shared_ptr<ssl_ctx_st> context_;
  ssl_st* session_;
  bool broken_ = false;
  bool met_plain_http_ = false;
};

}  // namespace tether::service
