// SPDX-License-Identifier: MIT
#include "service/remote_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace tether::service {

namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The item of a comma-separated list that stands `position` from the right, counted from 1.
std::string_view from_the_right(std::string_view list, std::size_t position) {
  for (; position > 1; --position) {
    const std::size_t comma = list.rfind(',');
    if (comma == std::string_view::npos) return {};
    list = list.substr(0, comma);
  }
  return trimmed(list.substr(list.rfind(',') + 1));
}

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

}  // namespace

std::string remote_address(const std::string& connected, std::string_view forwarded_for, std::size_t proxies) {
  if (proxies == 0) return connected;
  std::string named(from_the_right(forwarded_for, proxies));
  return is_address(named) ? named : connected;
}

std::string network_of(const std::string& address) {
  in6_addr bytes{};
  if (::inet_pton(AF_INET6, address.c_str(), &bytes) != 1) return address;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (IN6_IS_ADDR_V4MAPPED(&bytes)) {
    return ::inet_ntop(AF_INET, &bytes.s6_addr[12], text.data(), text.size());
  }
  std::fill(std::begin(bytes.s6_addr) + 8, std::end(bytes.s6_addr), std::uint8_t{0});
  return std::string(::inet_ntop(AF_INET6, &bytes, text.data(), text.size())) + "/64";
}

}  // namespace tether::service
