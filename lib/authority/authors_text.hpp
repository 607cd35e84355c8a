// SPDX-License-Identifier: MIT
// The authors of a record as its row keeps them. Private to the authority.
#pragma once

#include <string>
#include <string_view>

#include "base/strong.hpp"
#include "rules/authors.hpp"

namespace tether::authority {

/// `{"rev":6,"authors":[{"client":"ben","rev":4,"at_ms":1000,"version":3,"fields":["title"]}]}`; empty where there are
/// none.
std::string authors_text(const rules::Authors& authors, Rev rev);

/// None where the text holds for another rev: a program that knows nothing of it has changed the record since.
rules::Authors read_authors(std::string_view text, Rev rev);

}  // namespace tether::authority
