// SPDX-License-Identifier: MIT
// The keywords of a JSON Schema that say something of one value, in our own hands: with messages for people, patterns
// that cannot run away, formats that are really checked. The structure around them is the schema library's. Private to
// json_schema.hpp.
#pragma once

#include <exception>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace valijson {
class SchemaParser;
}

namespace tether::rules {

/// Thrown out of a check that has found more than anyone would read, or has taken more steps than it may.
class EnoughDone final : public std::exception {};

/// Before every check on this thread: it ends with EnoughDone after so many schemas that were put to values. One that
/// refers to itself on several ways can need more of them than there are atoms. (The library carries nothing of ours
/// along with a check.)
void start_counting_steps(std::size_t payload_bytes);

/// Under what name the library meets our `keyword`, whose value is then the text of the original value.
std::string own_keyword(std::string_view keyword);

/// Whether the value of `type`, `enum`, `pattern`, … can be used. Throws Error(invalid_input), saying what it must be.
void check_assertion(std::string_view keyword, const nlohmann::json& value);

/// Teaches the library our keywords, and two more: `never`, which no value fits, and `enough`, which belongs into every
/// schema and stops a check with EnoughDone.
void add_assertions(valijson::SchemaParser& parser);

}  // namespace tether::rules
