// SPDX-License-Identifier: MIT
#include "net/watched_client.hpp"

#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>

namespace tether::net {

namespace {

constexpr std::string_view k_begin_of_http = "HTTP/1.";

/// Calls `transfer` until it is done or has failed for another reason than a signal or a wait that took long.
template <typename Transfer>
ssize_t patiently(Transfer&& transfer) {
  for (;;) {
    const ssize_t done = transfer();
    if (done >= 0 || (errno != EINTR && errno != EAGAIN)) return done;
  }
}

/// The same for OpenSSL's way of saying it.
template <typename Transfer>
ssize_t patiently(SSL* tls, Transfer&& transfer) {
  for (;;) {
    const int done = transfer();
    if (done > 0) return done;
    const int why = SSL_get_error(tls, done);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return why == SSL_ERROR_ZERO_RETURN ? 0 : -1;
  }
}

class WatchedStream final : public httplib::Stream {
 public:
  WatchedStream(int socket, SSL* tls, AnswerWatch& watch) : socket_(socket), tls_(tls), watch_(watch) {}

  // The transport's watchdog bounds all waiting: whoever reads or writes may block.
  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* data, std::size_t size) override;
  ssize_t write(const char* data, std::size_t size) override;
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return socket_; }

 private:
  ssize_t fill();
  ssize_t receive();

  int socket_;
  SSL* tls_;
  AnswerWatch& watch_;
  std::array<char, 16 * 1024> buffer_;  // httplib reads lines byte by byte; one TLS record fits
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
};

/// `Client` is httplib::ClientImpl or httplib::SSLClient.
template <typename Client>
class WatchedClient final : public Client {
 public:
  WatchedClient(const std::string& host, int port, AnswerWatch& watch) : Client(host, port), watch_(watch) {}

 private:
  bool process_socket(const typename Client::Socket& socket, std::function<bool(httplib::Stream&)> callback) override {
    WatchedStream stream(socket.sock, socket.ssl, watch_);
    return callback(stream);
  }

  AnswerWatch& watch_;
};

ssize_t WatchedStream::receive() {
  if (tls_ == nullptr) return patiently([&] { return ::recv(socket_, buffer_.data(), buffer_.size(), 0); });
  return patiently(tls_, [&] { return SSL_read(tls_, buffer_.data(), static_cast<int>(buffer_.size())); });
}

ssize_t WatchedStream::fill() {
  const ssize_t received = receive();
  if (received <= 0) {
    watch_.ended();
    return received;
  }
  at_ = 0;
  filled_ = static_cast<std::size_t>(received);
  return watch_.came(buffer_.data(), filled_) ? received : -1;
}

ssize_t WatchedStream::read(char* data, std::size_t size) {
  if (at_ == filled_) {
    const ssize_t received = fill();
    if (received <= 0) return received;
  }
  const std::size_t taken = std::min(size, filled_ - at_);
  std::copy_n(buffer_.data() + at_, taken, data);
  at_ += taken;
  return static_cast<ssize_t>(taken);
}

ssize_t WatchedStream::write(const char* data, std::size_t size) {
  if (tls_ == nullptr) return patiently([&] { return ::send(socket_, data, size, MSG_NOSIGNAL); });
  const int length = static_cast<int>(std::min<std::size_t>(size, 1 << 30));
  return patiently(tls_, [&] { return SSL_write(tls_, data, length); });
}

}  // namespace

bool AnswerWatch::came(const char* data, std::size_t size) {
  first_.append(data, std::min(size, k_begin_of_http.size() - first_.size()));
  beside_body_ += size;
  return !is_too_much();
}

bool AnswerWatch::is_no_http() const {
  if (first_.empty()) return false;
  return !has_ended_ || !k_begin_of_http.starts_with(first_);
}

std::unique_ptr<httplib::ClientImpl> watched_client(const std::string& host, int port, AnswerWatch& watch) {
  return std::make_unique<WatchedClient<httplib::ClientImpl>>(host, port, watch);
}

std::unique_ptr<httplib::SSLClient> watched_tls_client(const std::string& host, int port, AnswerWatch& watch) {
  return std::make_unique<WatchedClient<httplib::SSLClient>>(host, port, watch);
}

}  // namespace tether::net
