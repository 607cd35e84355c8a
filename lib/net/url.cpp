// SPDX-License-Identifier: MIT
#include "net/url.hpp"

#include <algorithm>
#include <charconv>

#include "base/error.hpp"

namespace tether::net {

namespace {

constexpr std::string_view k_example = "An address looks like http://host:8787 or https://host/prefix.";
constexpr std::size_t k_url_bytes_max = 2'000;  // what every other program on the way accepts

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  std::string shown;
  for (const char c : text.substr(0, 100)) shown += c >= ' ' && c != 127 ? c : '?';
  throw Error(ErrorCode::usage, "'" + shown + "' is no server address: " + std::string(why), std::string(k_example));
}

bool is_plain(char c) {
  return c > ' ' && c < 127;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_address_character(char c) {
  return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

/// Takes the host off the front of `authority`, which is left with `:port` or nothing.
std::string take_host(std::string_view text, std::string_view& authority) {
  const bool bracketed = authority.starts_with('[');
  const std::size_t end = bracketed ? authority.find(']') : std::min(authority.find(':'), authority.size());
  if (end == std::string_view::npos) refuse(text, "the '[' of an IPv6 address is not closed");
  const std::string_view host = authority.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end);
  authority.remove_prefix(bracketed ? end + 1 : end);
  if (host.empty()) refuse(text, "it names no host");
  if (!std::ranges::all_of(host, bracketed ? is_address_character : is_host_character)) {
    refuse(text, "its host has a character that no host has");
  }
  return std::string(host);
}

int parse_port(std::string_view text, std::string_view port) {
  int value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (error != std::errc() || end != port.data() + port.size() || value < 1 || value > 65'535) {
    refuse(text, "its port is no number from 1 to 65535");
  }
  return value;
}

}  // namespace

std::string Url::text(std::string_view path) const {
  const bool bracketed = host.find(':') != std::string::npos;
  const std::string shown_host = bracketed ? "[" + host + "]" : host;
  const bool usual_port = port == (tls ? 443 : 80);
  return std::string(tls ? "https://" : "http://") + shown_host + (usual_port ? "" : ":" + std::to_string(port)) +
         std::string(path);
}

Url parse_url(std::string_view text) {
  Url url;
  if (text.size() > k_url_bytes_max) refuse(text, "it is too long");
  if (!std::ranges::all_of(text, is_plain)) refuse(text, "it has a space or another character that no address has");
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    url.tls = true;
    url.port = 443;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    refuse(text, "it begins with neither http:// nor https://");
  }
  if (rest.find_first_of("?#") != std::string_view::npos) refuse(text, "it has a query or a fragment");
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos) refuse("http://…@…", "a name or password does not belong in it");
  url.host = take_host(text, authority);
  if (!authority.empty() && authority[0] != ':') refuse(text, "something stands between host and port");
  if (!authority.empty()) url.port = parse_port(text, authority.substr(1));
  std::string_view prefix = rest.substr(slash);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!prefix.empty()) url.prefix = prefix;
  return url;
}

}  // namespace tether::net
