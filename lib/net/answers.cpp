// SPDX-License-Identifier: MIT
#include "net/answers.hpp"

#include <time.h>

#include <algorithm>
#include <charconv>

#include "base/error.hpp"
#include "protocol/payload.hpp"

namespace tether::net {

namespace {

constexpr std::size_t k_excerpt_bytes = 80;       // enough to recognise a login page or a proxy
constexpr std::size_t k_message_bytes_max = 400;  // of what the server says; more would bury our own words
constexpr std::chrono::seconds k_retry_after_max{24 * 60 * 60};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view k_space = " \t\r\n";
  const std::size_t first = text.find_first_not_of(k_space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(k_space) - first + 1);
}

/// Fit for one line of a terminal: control characters and half characters at the end are gone.
std::string on_one_line(std::string_view text, std::size_t bytes_max) {
  std::size_t length = std::min(text.size(), bytes_max);
  while (length < text.size() && length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
  std::string line(text.substr(0, length));
  std::ranges::replace_if(
      line, [](char c) { return (c >= 0 && c < ' ') || c == 127; }, ' ');
  return line;
}

/// The `message` of an error body, or nothing.
std::string message_in(std::string_view body) {
  try {
    protocol::check_object(body);
    const std::string_view value = protocol::find_member(body, "message");
    if (value.size() < 2 || value.front() != '"') return {};
    return on_one_line(protocol::unescaped(value.substr(1, value.size() - 2)), k_message_bytes_max);
  } catch (const Error&) {
    return {};  // a page of a proxy: the status says enough
  }
}

/// `http://… answered 503: the store is busy`
std::string spoken(const HttpReply& reply, const std::string& url) {
  const std::string message = message_in(reply.body);
  return url + " answered " + std::to_string(reply.status) + (message.empty() ? "" : ": " + message);
}

bool looks_like_an_object(std::string_view body) {
  const std::string_view text = trimmed(body);
  return text.starts_with('{') && text.ends_with('}');
}

[[noreturn]] void refuse_redirect(const HttpReply& reply, const std::string& url) {
  const std::string location = on_one_line(reply.location, k_message_bytes_max);
  if (location.empty()) {
    throw Error(ErrorCode::unexpected_reply, url + " answered " + std::to_string(reply.status) + " without a Location",
                "Check the server's address, and that no proxy or login page stands in between.");
  }
  std::string_view base = location;
  for (const std::string_view end : {"/push", "/pull", "/info"}) {
    if (base.ends_with(end)) base.remove_suffix(end.size());
  }
  throw Error(ErrorCode::unexpected_reply, url + " redirects to " + location,
              "Redirects are not followed, as a token would go along. If that is your server, set its address to " +
                  std::string(base) + ".");
}

[[noreturn]] void refuse_no_json(const HttpReply& reply, const std::string& url) {
  const std::string_view text = trimmed(reply.body);
  const std::string what = text.empty()
                               ? "with an empty body"
                               : "with something that is no JSON object: " + on_one_line(text, k_excerpt_bytes);
  throw Error(ErrorCode::unexpected_reply, url + " answered " + std::to_string(reply.status) + " " + what,
              "Is this the address of a Tether server? A login page, a proxy or a captive network may have answered.");
}

std::string hint_for(int status) {
  switch (status) {
    case 404:
      return "Check the server's address and its prefix: what follows the host stands in place of /tether.";
    case 405:
      return "Check the server's address: something else than a Tether server answers there.";
    case 413:
      return "Send fewer mutations at once with --batch, or raise the server's limits.";
    case 407:
      return "A proxy on the way wants a password, which is not supported.";
    default:
      return "The server refused the request as a whole; nothing was lost.";
  }
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text,
                                                           std::chrono::system_clock::time_point now) {
  text = trimmed(text);
  std::chrono::milliseconds wait{0};
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size()) {
    wait = std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, k_retry_after_max.count()));
  } else {
    tm parts{};
    const std::string date(text);
    const char* rest = strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (rest == nullptr || *rest != '\0') return std::nullopt;
    wait = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::from_time_t(timegm(&parts)) - now);
  }
  return std::clamp<std::chrono::milliseconds>(wait, std::chrono::milliseconds(0), k_retry_after_max);
}

replica::Answer answer_of(HttpReply reply, const std::string& url, std::chrono::system_clock::time_point now) {
  const int status = reply.status;
  if (status == 401 || status == 403) return replica::Forbidden{spoken(reply, url)};
  if (status == 429 || status >= 500) {
    return replica::Unreachable{spoken(reply, url), parse_retry_after(reply.retry_after, now)};
  }
  if (status >= 300 && status < 400) refuse_redirect(reply, url);
  if (status < 200 || status >= 400) {
    const ErrorCode code = status == 413 ? ErrorCode::too_large : ErrorCode::unexpected_reply;
    throw Error(code, spoken(reply, url), hint_for(status));
  }
  if (!looks_like_an_object(reply.body)) refuse_no_json(reply, url);
  return replica::Reply{std::move(reply.body)};
}

}  // namespace tether::net
