// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "protocol/fields.hpp"

namespace tether::protocol {

namespace {

constexpr std::size_t k_shown_bytes_max = 60;  // of a body that is no reply of ours: enough to recognise a web page

}  // namespace

Error unexpected_reply(std::string_view body, std::string_view route, const FieldError& cause) {
  std::string message = fmt::format("the server's reply to {} is not the protocol: {}", route, cause.what());
  if (cause.path().empty()) {
    message += body.empty() ? "; it is empty" : "; it begins with " + json_quoted(utf8_prefix(body, k_shown_bytes_max));
  }
  return Error(ErrorCode::unexpected_reply, message,
               "Nothing was lost. Check that the server's address is that of a Tether server, and its path prefix.");
}

}  // namespace tether::protocol
