// SPDX-License-Identifier: MIT
#include "service/connection.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "service/request_head.hpp"

namespace tether::service {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t k_read_bytes = 16 * 1024;
constexpr std::size_t k_gather_bytes = 16 * 1024;  // a head and a usual reply leave in one call
// After a refusal a well-behaved client stops sending soon; one that does not is cut off.
constexpr milliseconds k_linger_time{2'000};
constexpr std::size_t k_linger_bytes = 64 * 1024 * 1024;

int ms_until(steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

/// False when the deadline passed first.
bool wait_for(int socket, short events, steady_clock::time_point deadline) {
  pollfd waiting{socket, events, 0};
  for (;;) {
    const int ready = ::poll(&waiting, 1, ms_until(deadline));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

/// After a call that failed.
bool may_try_again() {
  return errno == EAGAIN || errno == EINTR;
}

constexpr std::string_view k_speak_https =
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 115\r\n\r\n"
    R"({"message":"this address speaks https; begin the server's address with https://","error":{"code":"invalid_input"}})"
    "\n";

}  // namespace

Connection::Connection(int socket, milliseconds write_time, milliseconds stall_time)
    : socket_(socket), write_time_(write_time), stall_time_(stall_time) {}

Connection::~Connection() {
  tls_.reset();
  ::close(socket_);
}

bool Connection::encrypt(const TlsIdentity& identity, milliseconds header_time) {
  ::fcntl(socket_, F_SETFL, O_NONBLOCK);
  tls_ = std::make_unique<TlsSession>(identity, socket_);
  const auto deadline = steady_clock::now() + header_time;
  for (;;) {
    const Step step = tls_->shake_hands();
    if (step.wait == 0 && step.bytes > 0) return true;
    if (step.wait == 0 || !wait_for(socket_, step.wait, deadline)) break;
  }
  const bool told_in_plain = tls_->met_plain_http();
  tls_.reset();
  if (told_in_plain && write(k_speak_https.data(), k_speak_https.size()) > 0 && flush()) linger();
  return false;
}

Connection::Wait Connection::wait_for_request(int stop, int release, milliseconds idle_time) {
  if (read_ < in_.size() || (tls_ && tls_->has_pending())) return Wait::readable;
  const auto deadline = steady_clock::now() + idle_time;
  pollfd waiting[] = {{socket_, POLLIN, 0}, {stop, POLLIN, 0}, {release, POLLIN, 0}};
  for (;;) {
    const int ready = ::poll(waiting, 3, ms_until(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return Wait::idle_too_long;
    if (waiting[0].revents != 0) return Wait::readable;
    if (waiting[1].revents != 0) return Wait::told_to_close;
    eventfd_t one = 0;
    if (::eventfd_read(release, &one) == 0) return Wait::told_to_close;  // else another connection was quicker
  }
}

Connection::Head Connection::receive_head(std::string& head, milliseconds header_time) {
  constexpr std::string_view k_end = "\r\n\r\n";
  const auto deadline = steady_clock::now() + header_time;
  in_.erase(0, read_);
  read_ = 0;
  timed_out_ = false;
  std::size_t searched = 0;
  for (;;) {
    const std::size_t end = in_.find(k_end, searched);
    if (end != std::string::npos && end + k_end.size() <= k_head_bytes_max) {
      head.assign(in_, 0, end + k_end.size());
      read_ = end + k_end.size();
      return Head::complete;
    }
    if (in_.size() >= k_head_bytes_max) return Head::too_long;
    searched = in_.size() < k_end.size() ? 0 : in_.size() - (k_end.size() - 1);
    std::array<char, k_read_bytes> buffer;
    const ssize_t received = receive(buffer.data(), buffer.size(), deadline);
    if (received <= 0) return timed_out_ ? Head::too_late : Head::closed;
    in_.append(buffer.data(), static_cast<std::size_t>(received));
  }
}

void Connection::replay(std::string_view head, steady_clock::time_point deadline) {
  in_.replace(0, read_, head);
  read_ = 0;
  deadline_ = deadline;
}

Step Connection::receive_some(char* data, std::size_t size) {
  if (tls_) return tls_->read(data, size);
  const ssize_t received = ::recv(socket_, data, size, MSG_DONTWAIT);
  if (received >= 0) return {.bytes = received};
  return may_try_again() ? Step{.wait = POLLIN} : Step{.bytes = -1};
}

Step Connection::send_some(const char* data, std::size_t size) {
  if (tls_) return tls_->write(data, size);
  const ssize_t sent = ::send(socket_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) return {.bytes = sent};
  return may_try_again() ? Step{.wait = POLLOUT} : Step{.bytes = -1};
}

ssize_t Connection::receive(char* data, std::size_t size, steady_clock::time_point deadline) {
  for (;;) {
    const Step step = receive_some(data, size);
    if (step.wait == 0) return step.bytes;
    if (!wait_for(socket_, step.wait, deadline)) {
      timed_out_ = true;
      return -1;
    }
  }
}

ssize_t Connection::read(char* data, std::size_t size) {
  if (!flush()) return -1;  // an interim `100 Continue` must leave before the body is waited for
  if (read_ < in_.size()) {
    const std::size_t length = std::min(size, in_.size() - read_);
    std::memcpy(data, in_.data() + read_, length);
    read_ += length;
    return static_cast<ssize_t>(length);
  }
  if (size >= k_read_bytes) return receive(data, size, deadline_);
  in_.resize(k_read_bytes);  // small reads, as of chunk sizes, are served from here
  read_ = 0;
  const ssize_t received = receive(in_.data(), in_.size(), deadline_);
  in_.resize(received > 0 ? static_cast<std::size_t>(received) : 0);
  return received > 0 ? read(data, size) : received;
}

ssize_t Connection::write(const char* data, std::size_t size) {
  if (out_.size() + size > k_gather_bytes && (!flush() || size > k_gather_bytes)) {
    return !broken_ && send_all(data, size) ? static_cast<ssize_t>(size) : -1;
  }
  out_.append(data, size);
  return static_cast<ssize_t>(size);
}

bool Connection::flush() {
  if (!out_.empty() && !broken_) send_all(out_.data(), out_.size());
  out_.clear();
  return !broken_;
}

bool Connection::send_all(const char* data, std::size_t size) {
  const auto deadline = steady_clock::now() + write_time_;
  while (size > 0 && !broken_) {
    const Step step = send_some(data, size);
    if (step.bytes > 0) {
      data += step.bytes;
      size -= static_cast<std::size_t>(step.bytes);
    } else {
      broken_ = step.wait == 0 || !wait_for(socket_, step.wait, std::min(deadline, steady_clock::now() + stall_time_));
    }
  }
  return !broken_;
}

void Connection::linger() {
  tls_.reset();  // what is thrown away need not be decrypted
  ::shutdown(socket_, SHUT_WR);
  const auto deadline = steady_clock::now() + k_linger_time;
  std::array<char, k_read_bytes> waste;
  std::size_t total = 0;
  while (total < k_linger_bytes) {
    const ssize_t received = receive(waste.data(), waste.size(), deadline);
    if (received <= 0) return;
    total += static_cast<std::size_t>(received);
  }
}

std::string Connection::remote_ip() const {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  std::array<char, NI_MAXHOST> host{};
  if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host.data(), host.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
    return {};  // the client has left
  }
  return host.data();
}

}  // namespace tether::service
