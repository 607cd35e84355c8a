// SPDX-License-Identifier: MIT
// One accepted connection as a stream with deadlines: every wait is bounded, what is written leaves in as few segments
// as possible, and a reply is still delivered when the rest of a request is thrown away.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "service/tls.hpp"

namespace tether::service {

class Connection {
 public:
  /// Owns the socket. What is written has left within `write_time`, and some of it within every `stall_time`.
  Connection(int socket, std::chrono::milliseconds write_time, std::chrono::milliseconds stall_time);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Agrees upon encryption within `header_time`; from then on all that is read and written goes through it. False
  /// when that fails; someone who spoke plain HTTP was told so.
  bool encrypt(const TlsIdentity& identity, std::chrono::milliseconds header_time);

  enum class Wait { readable, idle_too_long, told_to_close };
  /// Until the next request begins. `stop` becomes readable when the service stops; `release` is an eventfd in
  /// semaphore mode: each count in it lets one idle connection close, to make room for a new one. Either may be -1.
  Wait wait_for_request(int stop, int release, std::chrono::milliseconds idle_time);

  enum class Head { complete, closed, too_late, too_long };
  /// Reads up to and with the empty line; what came after it stays for read().
  Head receive_head(std::string& head, std::chrono::milliseconds header_time);

  /// From now on read() gives `head` and then what comes from the socket, until `deadline`.
  void replay(std::string_view head, std::chrono::steady_clock::time_point deadline);

  bool timed_out() const { return timed_out_; }
  /// Sends what was written. False when the other side is gone.
  bool flush();
  /// Ends the writing side and reads for a moment what is still on its way: closing with unread data would reset the
  /// connection and take the reply with it.
  void linger();

  bool is_broken() const { return broken_; }
  ssize_t read(char* data, std::size_t size);
  ssize_t write(const char* data, std::size_t size);
  std::string remote_ip() const;

 private:
  Step receive_some(char* data, std::size_t size);
  Step send_some(const char* data, std::size_t size);
  ssize_t receive(char* data, std::size_t size, std::chrono::steady_clock::time_point deadline);
  bool send_all(const char* data, std::size_t size);

  int socket_;
  std::unique_ptr<TlsSession> tls_;  // null: plain
  std::chrono::milliseconds write_time_;
  std::chrono::milliseconds stall_time_;
  std::chrono::steady_clock::time_point deadline_;
  std::string in_;        // received and not yet read
  std::size_t read_ = 0;  // of in_
  std::string out_;       // written and not yet sent
  bool timed_out_ = false;
  bool broken_ = false;
};

}  // namespace tether::service
