// SPDX-License-Identifier: MIT
#include "service/connection.hpp"

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

}  // namespace

Connection::Connection(int socket, milliseconds write_time, milliseconds stall_time)
    : socket_(socket), write_time_(write_time), stall_time_(stall_time) {}

Connection::~Connection() {
  ::close(socket_);
}

Connection::Wait Connection::wait_for_request(int stop, int release, milliseconds idle_time) {
  if (read_ < in_.size()) return Wait::readable;
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

ssize_t Connection::receive(char* data, std::size_t size, steady_clock::time_point deadline) {
  for (;;) {
    const ssize_t received = ::recv(socket_, data, size, MSG_DONTWAIT);
    if (received >= 0) return received;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return -1;
    if (!wait_for(socket_, POLLIN, deadline)) {
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
    const ssize_t sent = ::send(socket_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      data += sent;
      size -= static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      broken_ = !wait_for(socket_, POLLOUT, std::min(deadline, steady_clock::now() + stall_time_));
    } else if (errno != EINTR) {
      broken_ = true;
    }
  }
  return !broken_;
}

void Connection::linger() {
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
