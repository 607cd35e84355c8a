// SPDX-License-Identifier: MIT
#include "net/no_connection.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace tether::net {

namespace {

constexpr int k_knock_ms = 1'000;

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

/// The errno of a connection attempt; 0 when it now succeeds.
int knock(const addrinfo& address) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol);
  if (fd < 0) return errno;
  int error = ::connect(fd, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd waiting{fd, POLLOUT, 0};
    error = ETIMEDOUT;
    socklen_t size = sizeof(error);
    if (::poll(&waiting, 1, k_knock_ms) > 0) ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  ::close(fd);
  return error;
}

}  // namespace

replica::Unreachable why_no_connection(const Url& url, const std::string& numeric_address) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(numeric_address.c_str(), std::to_string(url.port).c_str(), &wanted, &found) != 0) {
    return {"no connection to " + url.text(), {}, true};
  }
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  const int error = knock(*addresses);
  if (error == ECONNREFUSED) return {"connection refused by " + url.text() + ": nothing listens there", {}, true};
  if (error == 0) return {"no connection to " + url.text(), {}, true};
  return {"no connection to " + url.text() + ": " + std::strerror(error), {}, true};
}

}  // namespace tether::net
