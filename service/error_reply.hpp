// SPDX-License-Identifier: MIT
// Faults as replies: the one table of which fault is which status, and the body that says so.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "service/exchange.hpp"

namespace tether::service {

/// `{"message": …, "error": {"code": …, "field": …, "request_id": …}}`; field only where there is one.
Reply error_reply(int status, std::string_view code, std::string_view message, std::string_view request_id,
                  std::string_view field = {});

/// What is wrong with the request is told to the client; what is wrong with the service is told to the log.
Reply reply_to_fault(const std::exception_ptr& fault, std::string_view request_id);

}  // namespace tether::service
