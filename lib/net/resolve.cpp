// SPDX-License-Identifier: MIT
#include "net/resolve.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <future>
#include <memory>
#include <thread>

namespace tether::net {

namespace {

constexpr std::chrono::milliseconds k_look_again{20};

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, FreeAddresses>;

int ask(const std::string& host, int flags, AddressList& list) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  list.reset(found);
  return failure;
}

}  // namespace

bool is_numeric_address(const std::string& host) {
  AddressList list;
  return ask(host, AI_NUMERICHOST, list) == 0;
}

Addresses look_up(const std::string& host) {
  AddressList list;
  Addresses addresses;
  if (const int failure = ask(host, 0, list); failure != 0) addresses.failure = ::gai_strerror(failure);
  for (const addrinfo* at = list.get(); at != nullptr; at = at->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) continue;
    addresses.numeric.emplace_back(text.data());
  }
  return addresses;
}

std::optional<Addresses> resolve(const std::string& host, std::chrono::steady_clock::time_point deadline,
                                 const std::function<bool()>& is_given_up, const Lookup& lookup) {
  // The thread owns all that it touches: it may outlive the call.
  std::promise<Addresses> promise;
  std::future<Addresses> answer = promise.get_future();
  std::thread([host, lookup, promise = std::move(promise)]() mutable { promise.set_value(lookup(host)); }).detach();
  while (!is_given_up()) {
    const auto left = deadline - std::chrono::steady_clock::now();
    const auto wait = std::min<std::chrono::steady_clock::duration>(left, k_look_again);
    if (answer.wait_for(wait) == std::future_status::ready) return answer.get();
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace tether::net
