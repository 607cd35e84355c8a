// SPDX-License-Identifier: MIT
#include "service/identity.hpp"

#include "base/utf8.hpp"
#include "service/listing.hpp"

namespace tether::service {

bool is_scope_name(const std::string& text) {
  return !text.empty() && text.size() <= k_scope_bytes_max && is_utf8(text) && printable(text) == text;
}

}  // namespace tether::service
