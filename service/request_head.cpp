// SPDX-License-Identifier: MIT
#include "service/request_head.hpp"

#include <algorithm>
#include <charconv>

namespace tether::service {

namespace {

constexpr std::size_t k_echo_bytes_max = 128;  // of an id or version that goes into logs and replies

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return result;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Fit to go into a header and a log line as it is.
std::string fit_to_echo(std::string_view value) {
  const bool fit =
      value.size() <= k_echo_bytes_max && std::ranges::all_of(value, [](char c) { return c > ' ' && c < 127; });
  return fit ? std::string(value) : std::string();
}

/// Calls `item` with each trimmed, lower-case item of a comma-separated list.
template <typename Item>
void each_item(std::string_view list, Item&& item) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    item(lower(trimmed(list.substr(0, comma))));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

/// `gzip`, `gzip;q=0.5`, `*` ask for it; `gzip;q=0` does not.
bool asks_for_gzip(std::string_view list) {
  bool wanted = false;
  each_item(list, [&](const std::string& item) {
    const std::string coding(trimmed(std::string_view(item).substr(0, item.find(';'))));
    const std::size_t weight = item.find("q=");
    const bool refused = weight != std::string::npos && item.find_first_not_of("0.", weight + 2) == std::string::npos;
    if (coding == "gzip" || coding == "x-gzip") wanted = !refused;
  });
  return wanted;
}

class HeadReader {
 public:
  explicit HeadReader(std::string& why) : why_(why) {}

  bool request_line(std::string_view line) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last || first == 0) return refuse("the request line is malformed");
    const std::string_view target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    head_.method = line.substr(0, first);
    if (!std::ranges::all_of(head_.method, is_token_character)) return refuse("the method is malformed");
    if (target.empty() || target[0] != '/' || target.find(' ') != std::string_view::npos) {
      return refuse("the request target is malformed");
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return refuse("the protocol is not HTTP/1.1");
    head_.wants_close = version == "HTTP/1.0";
    head_.path = target.substr(0, target.find('?'));
    keep(line);
    return true;
  }

  bool header(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return refuse("a header line is malformed");
    const std::string_view name = line.substr(0, colon);
    if (!std::ranges::all_of(name, is_token_character)) return refuse("a header name is malformed");
    const std::string_view value = trimmed(line.substr(colon + 1));
    return known_header(lower(name), value, line);
  }

  std::optional<RequestHead> finish() {
    if (head_.chunked && head_.content_length) {
      refuse("Content-Length and Transfer-Encoding exclude each other");
      return std::nullopt;
    }
    if (head_.wants_close) keep("Connection: close");
    if (!head_.chunked) keep("Content-Length: " + std::to_string(head_.content_length.value_or(0)));
    head_.text += "\r\n";
    return std::move(head_);
  }

 private:
  bool known_header(const std::string& name, std::string_view value, std::string_view line) {
    if (name == "content-length") return content_length(value);
    if (name == "transfer-encoding") return transfer_encoding(value, line);
    if (name == "expect") return expect(value);
    if (name == "range" || name == "if-range") return true;  // ranges of a reply that is made anew make no sense
    if (name == "connection") {
      each_item(value, [&](const std::string& item) { head_.wants_close = head_.wants_close || item == "close"; });
      return true;
    }
    if (name == "accept-encoding") {
      head_.accepts_gzip = asks_for_gzip(value);
      return true;
    }
    if (name == "x-request-id") head_.request_id = fit_to_echo(value);
    if (name == "x-tether-client-version") head_.client_version = fit_to_echo(value);
    if (name == "authorization") return authorization(value);
    if (name == "x-forwarded-for") (head_.forwarded_for += head_.forwarded_for.empty() ? "" : ",") += value;
    if (name == "content-type") head_.content_type = lower(trimmed(value.substr(0, value.find(';'))));
    if (name == "content-encoding") {
      head_.content_encoding = lower(value);
      return true;  // unpacked here: httplib would not notice that the end is missing
    }
    keep(line);
    return true;
  }

  bool authorization(std::string_view value) {
    if (!head_.authorization.empty()) return refuse("there are two Authorizations");
    head_.authorization = value;
    return true;
  }

  bool content_length(std::string_view value) {
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (error != std::errc() || end != value.data() + value.size()) return refuse("Content-Length is no number");
    if (head_.content_length && *head_.content_length != length) return refuse("there are two Content-Lengths");
    head_.content_length = length;
    return true;
  }

  bool transfer_encoding(std::string_view value, std::string_view line) {
    if (head_.chunked || lower(value) != "chunked") return refuse("the only Transfer-Encoding known is chunked");
    head_.chunked = true;
    keep(line);
    return true;
  }

  bool expect(std::string_view value) {
    if (lower(value) != "100-continue") return refuse("the only Expect known is 100-continue");
    keep("Expect: 100-continue");
    return true;
  }

  void keep(std::string_view line) { (head_.text += line) += "\r\n"; }

  bool refuse(std::string_view why) {
    why_ = why;
    return false;
  }

  RequestHead head_;
  std::string& why_;
};

}  // namespace

std::optional<RequestHead> read_head(std::string_view raw, std::string& why) {
  const auto is_control = [](char c) { return (c >= 0 && c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 127; };
  if (std::ranges::any_of(raw, is_control)) {
    why = "the head holds a control character";
    return std::nullopt;
  }
  HeadReader reader(why);
  bool first = true;
  while (raw.size() > 2) {
    const std::size_t end = raw.find("\r\n");
    const std::string_view line = raw.substr(0, end);
    if (line.find_first_of("\r\n") != std::string_view::npos) {
      why = "a line of the head ends in something else than CR LF";
      return std::nullopt;
    }
    if (!(first ? reader.request_line(line) : reader.header(line))) return std::nullopt;
    first = false;
    raw.remove_prefix(end + 2);
  }
  return reader.finish();
}

}  // namespace tether::service
