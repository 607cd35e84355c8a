// SPDX-License-Identifier: MIT
#include "service/listen_address.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

#include "base/error.hpp"

namespace tether::service {

namespace {

constexpr int k_backlog = 511;  // connections that the system keeps for us while all are busy
// Of a reply that its client does not read: left alone, the system holds megabytes for each.
constexpr int k_unsent_bytes = 256 * 1024;

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

[[noreturn]] void refuse(std::string_view text) {
  throw Error(ErrorCode::usage, "'" + std::string(text) + "' is no address to listen on",
              "It looks like 127.0.0.1:8787, [::1]:8787 or localhost:8787.");
}

Addresses resolve(const ListenAddress& address) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &wanted, &found);
  if (failure != 0) {
    throw Error(ErrorCode::usage, "cannot listen on " + address.text() + ": " + ::gai_strerror(failure),
                "Name an address of this machine.");
  }
  return Addresses(found);
}

[[noreturn]] void cannot_listen(const ListenAddress& address, int error) {
  const std::string message = "cannot listen on " + address.text() + ": " + std::strerror(error);
  if (error == EADDRINUSE) {
    throw Error(ErrorCode::exists, message,
                "Another program listens there; stop it or choose another port with --listen.");
  }
  if (error == EACCES) throw Error(ErrorCode::io, message, "Choose a port from 1024 up, or grant the right to use it.");
  if (error == EADDRNOTAVAIL) throw Error(ErrorCode::usage, message, "Name an address of this machine.");
  throw Error(ErrorCode::io, message);
}

int port_of(int socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size);
  if (bound.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(bound).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(bound).sin_port);
}

}  // namespace

std::string ListenAddress::text() const {
  const bool bracketed = host.find(':') != std::string::npos;
  return (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

ListenAddress parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.find('\0') != std::string_view::npos) refuse(text);
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    refuse(text);
  }
  ListenAddress address{std::string(host), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (host.empty() || error != std::errc() || end != port.data() + port.size()) refuse(text);
  if (address.port < 0 || address.port > 65'535) refuse(text);
  return address;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

Listener::Listener(ListenAddress address) : address_(std::move(address)) {
  const Addresses found = resolve(address_);
  socket_ = Descriptor(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, found->ai_protocol));
  if (!socket_.is_open()) cannot_listen(address_, errno);
  const int on = 1;
  ::setsockopt(socket(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  ::setsockopt(socket(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // accepted connections inherit it
  ::setsockopt(socket(), SOL_SOCKET, SO_SNDBUF, &k_unsent_bytes, sizeof(k_unsent_bytes));  // and this
  if (::bind(socket(), found->ai_addr, found->ai_addrlen) != 0) cannot_listen(address_, errno);
  address_.port = port_of(socket());
}

void Listener::listen() {
  if (::listen(socket(), k_backlog) != 0) cannot_listen(address_, errno);
}

}  // namespace tether::service
