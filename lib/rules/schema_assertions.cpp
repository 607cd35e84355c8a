// SPDX-License-Identifier: MIT
#include "rules/schema_assertions.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/nearest.hpp"
#include "base/utf8.hpp"
#include "rules/schema_value.hpp"

namespace tether::rules {

namespace {

using nlohmann::json;
using valijson::adapters::Adapter;
using Holds = std::function<bool(const Adapter&)>;

constexpr std::size_t k_failures_max = 200;         // of one check, before it stops
constexpr std::size_t k_list_bytes_max = 200;       // of the values of an `enum` in a message
constexpr std::int64_t k_pattern_memory = 1 << 20;  // bytes of one compiled pattern

// Of one check. A payload of 1 MiB has at most half a million values.
constexpr std::size_t k_steps_max = 3'000'000;
constexpr std::size_t k_steps_always = 100'000;
constexpr std::size_t k_steps_per_byte = 16;
thread_local std::size_t steps_left = 0;

/// A keyword with its value: what is said when it does not hold, and whether it does.
struct Assertion {
  std::string message;
  Holds holds;
};

[[noreturn]] void fail(const std::string& message) {
  throw Error(ErrorCode::invalid_input, message);
}

/// One text for all values that count as equal: JSON without white space, keys of objects in order.
void append_canonical(std::string& out, const Adapter& value) {
  if (value.isObject()) {
    out += '{';
    value.applyToObject([&](const std::string& key, const Adapter& member) {
      append_json_quoted(out, key);
      out += ':';
      append_canonical(out, member);
      out += ',';
      return true;
    });
    out += '}';
  } else if (value.isArray()) {
    out += '[';
    value.applyToArray([&](const Adapter& item) {
      append_canonical(out, item);
      out += ',';
      return true;
    });
    out += ']';
  } else if (value.isString()) {
    append_json_quoted(out, value.asString());
  } else if (value.isBool()) {
    out += value.asBool() ? "true" : "false";
  } else if (value.isInteger()) {
    out += fmt::format("{}", value.asInteger());
  } else if (value.isNumber()) {
    out += fmt::format("{}", value.asDouble());
  } else {
    out += "null";
  }
}

std::string canonical(const Adapter& value) {
  std::string text;
  append_canonical(text, value);
  return text;
}

std::string canonical(const json& value) {
  return canonical(valijson::adapters::NlohmannJsonAdapter(value));
}

struct Type {
  std::string_view name;
  std::string_view for_people;
  bool (Adapter::*is)() const;
};

constexpr Type k_types[] = {
    {"string", "a text", &Adapter::isString},    {"integer", "a whole number", &Adapter::isInteger},
    {"number", "a number", &Adapter::isNumber},  {"boolean", "true or false", &Adapter::isBool},
    {"object", "an object", &Adapter::isObject}, {"array", "a list", &Adapter::isArray},
    {"null", "null", &Adapter::isNull},
};

const Type& type_named(const json& name) {
  constexpr std::string_view k_wanted = "must be the name of a type, or an array of them";
  if (!name.is_string()) fail(std::string(k_wanted));
  std::vector<std::string_view> known;
  for (const auto& type : k_types) {
    if (type.name == name.get_ref<const std::string&>()) return type;
    known.push_back(type.name);
  }
  const auto guess = nearest(name.get_ref<const std::string&>(), known);
  fail(fmt::format("unknown type {}; {}", name.dump(),
                   guess.empty() ? std::string(k_wanted) : fmt::format("did you mean \"{}\"?", guess)));
}

Assertion type_assertion(const json& value) {
  std::vector<const Type*> types;
  std::string names;
  const json all = value.is_array() ? value : json::array({value});
  for (const auto& name : all) {
    types.push_back(&type_named(name));
    if (!names.empty()) names += " or ";
    names += types.back()->for_people;
  }
  if (types.empty()) fail("must name a type");
  return {"must be " + names, [types](const Adapter& target) {
            return std::ranges::any_of(types, [&](const Type* type) { return (target.*type->is)(); });
          }};
}

Assertion one_of(const json& values, std::string message) {
  std::set<std::string> wanted;
  for (const auto& value : values) wanted.insert(canonical(value));
  return {std::move(message), [wanted](const Adapter& target) { return wanted.contains(canonical(target)); }};
}

Assertion enum_assertion(const json& value) {
  if (!value.is_array() || value.empty()) fail("must be an array of at least one value");
  std::string list;
  for (const auto& item : value) {
    if (!list.empty()) list += ", ";
    list += item.dump();
    if (list.size() > k_list_bytes_max) {
      list = std::string(utf8_prefix(list, k_list_bytes_max)) + "…";
      break;
    }
  }
  return one_of(value, "must be one of " + list);
}

Assertion const_assertion(const json& value) {
  const std::string text = value.dump();
  return one_of(json::array({value}), "must be " + std::string(utf8_prefix(text, k_list_bytes_max)));
}

/// `fits(number, limit)` of every number; other values are none of its business.
template <class Fits>
Assertion number_assertion(const json& limit, std::string_view must_be, Fits fits) {
  if (!limit.is_number()) fail("must be a number");
  return {fmt::format("must be {} {}", must_be, limit.dump()),
          [fits, limit = limit.get<double>()](const Adapter& target) {
            return !target.isNumber() || fits(target.asDouble(), limit);
          }};
}

bool is_multiple(double number, double divisor) {
  constexpr double k_tolerance = 1e-9;  // 0.3 is a multiple of 0.1, though no double says so
  const double quotient = number / divisor;
  if (!std::isfinite(quotient)) return true;  // so large that it has no fraction
  return std::abs(quotient - std::round(quotient)) <= k_tolerance * std::max(1.0, std::abs(quotient));
}

Assertion multiple_assertion(const json& value) {
  if (!value.is_number() || value.get<double>() <= 0) fail("must be a number above 0");
  if (!value.is_number_integer()) return number_assertion(value, "a multiple of", is_multiple);
  return {"must be a multiple of " + value.dump(), [divisor = value.get<std::int64_t>()](const Adapter& target) {
            if (target.isInteger()) return target.asInteger() % divisor == 0;
            return !target.isNumber() || is_multiple(target.asDouble(), static_cast<double>(divisor));
          }};
}

/// `fits(text)` of every text.
template <class Fits>
Assertion text_assertion(std::string message, const Fits& fits) {
  return {std::move(message), [fits](const Adapter& target) { return !target.isString() || fits(target.asString()); }};
}

Assertion pattern_assertion(const json& value) {
  if (!value.is_string()) fail("must be a text: a regular expression");
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(k_pattern_memory);
  const auto pattern = std::make_shared<const RE2>(value.get<std::string>(), options);
  if (!pattern->ok()) {
    fail("cannot be used: " + pattern->error() + " (patterns have neither look-around nor references back)");
  }
  return text_assertion("must match the pattern " + std::string(utf8_prefix(pattern->pattern(), k_list_bytes_max)),
                        [pattern](const std::string& text) { return RE2::PartialMatch(text, *pattern); });
}

bool is_time(const std::string& text) {
  try {
    parse_rfc3339(text);
    return true;
  } catch (const Error&) {
    return false;
  }
}

bool is_address(int family, const std::string& text) {
  in6_addr address{};
  return text.find('\0') == std::string::npos && inet_pton(family, text.c_str(), &address) == 1;
}

template <const char* pattern>
bool matches(const std::string& text) {
  static const RE2 compiled(pattern, RE2::Quiet);
  return RE2::FullMatch(text, compiled);
}

constexpr char k_email[] = R"([^\s@]+@[^\s@]+)";
constexpr char k_uuid[] = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}";
constexpr char k_uri[] = R"([A-Za-z][A-Za-z0-9+.\-]*:\S+)";

struct Format {
  std::string_view for_people;
  bool (*fits)(const std::string& text);
};

const std::map<std::string_view, Format>& formats() {
  static const std::map<std::string_view, Format> all = {
      {"date", {"a date, as in 2026-11-21", [](const std::string& text) { return is_time(text + "T00:00:00Z"); }}},
      {"time",
       {"a time of day, as in 20:49:00Z", [](const std::string& text) { return is_time("2000-01-01T" + text); }}},
      {"date-time", {"a time, as in 2026-11-21T20:49:00Z", is_time}},
      {"email", {"an e-mail address", matches<k_email>}},
      {"uuid", {"a UUID", matches<k_uuid>}},
      {"uri", {"an address with its scheme, as in https://example.com", matches<k_uri>}},
      {"ipv4", {"an IPv4 address", [](const std::string& text) { return is_address(AF_INET, text); }}},
      {"ipv6", {"an IPv6 address", [](const std::string& text) { return is_address(AF_INET6, text); }}},
  };
  return all;
}

Assertion format_assertion(const json& value) {
  if (!value.is_string()) fail("must be the name of a format");
  const auto found = formats().find(value.get_ref<const std::string&>());
  if (found != formats().end()) {
    return text_assertion("must be " + std::string(found->second.for_people), found->second.fits);
  }
  std::vector<std::string_view> known;
  std::string list;
  for (const auto& [name, format] : formats()) {
    known.push_back(name);
    list += (list.empty() ? "there are " : ", ") + std::string(name);
  }
  const auto guess = nearest(value.get_ref<const std::string&>(), known);
  fail(fmt::format("unknown format {}; {}", value.dump(),
                   guess.empty() ? list : fmt::format("did you mean \"{}\"?", guess)));
}

bool has_item_twice(const Adapter& target) {
  std::set<std::string> seen;
  return !target.applyToArray([&](const Adapter& item) { return seen.insert(canonical(item)).second; });
}

Assertion unique_assertion(const json& value) {
  if (!value.is_boolean()) fail("must be true or false");
  return {"must not have the same item twice", [wanted = value.get<bool>()](const Adapter& target) {
            return !wanted || !target.isArray() || !has_item_twice(target);
          }};
}

using Make = Assertion (*)(const json& value);

const std::map<std::string_view, Make>& assertions() {
  static const std::map<std::string_view, Make> all = {
      {"type", type_assertion},
      {"enum", enum_assertion},
      {"const", const_assertion},
      {"minimum", [](const json& value) { return number_assertion(value, "at least", std::greater_equal<>()); }},
      {"maximum", [](const json& value) { return number_assertion(value, "at most", std::less_equal<>()); }},
      {"exclusiveMinimum", [](const json& value) { return number_assertion(value, "more than", std::greater<>()); }},
      {"exclusiveMaximum", [](const json& value) { return number_assertion(value, "less than", std::less<>()); }},
      {"multipleOf", multiple_assertion},
      {"pattern", pattern_assertion},
      {"format", format_assertion},
      {"uniqueItems", unique_assertion},
      {"never",
       [](const json&) {
         return Assertion{"must not be there", [](const Adapter&) { return false; }};
       }},
  };
  return all;
}

/// What the library keeps of an assertion.
class Constraint final : public valijson::constraints::PolyConstraint {
 public:
  explicit Constraint(Assertion assertion) : assertion_(std::make_shared<const Assertion>(std::move(assertion))) {}

  bool validate(const Adapter& target, const std::vector<std::string>& context,
                valijson::ValidationResults* results) const override {
    if (assertion_->holds(target)) return true;
    if (results != nullptr) results->pushError(context, assertion_->message);
    return false;
  }

 private:
  valijson::constraints::Constraint* cloneInto(void* place) const override { return new (place) Constraint(*this); }
  std::size_t sizeOf() const override { return sizeof(Constraint); }

  std::shared_ptr<const Assertion> assertion_;
};

class Enough final : public valijson::constraints::PolyConstraint {
 public:
  bool validate(const Adapter&, const std::vector<std::string>&, valijson::ValidationResults* results) const override {
    if (steps_left == 0 || (results != nullptr && results->numErrors() > k_failures_max)) throw EnoughDone();
    --steps_left;
    return true;
  }

 private:
  valijson::constraints::Constraint* cloneInto(void* place) const override { return new (place) Enough(*this); }
  std::size_t sizeOf() const override { return sizeof(Enough); }
};

class ConstraintBuilder final : public valijson::ConstraintBuilder {
 public:
  explicit ConstraintBuilder(Make assertion_of) : assertion_of_(assertion_of) {}
  valijson::constraints::Constraint* make(const Adapter& text) const override {
    return new Constraint(assertion_of_(schema_value(text.asString())));
  }

 private:
  Make assertion_of_;
};

class EnoughBuilder final : public valijson::ConstraintBuilder {
 public:
  valijson::constraints::Constraint* make(const Adapter&) const override { return new Enough; }
};

}  // namespace

void start_counting_steps(std::size_t payload_bytes) {
  steps_left = std::min(k_steps_max, k_steps_always + k_steps_per_byte * payload_bytes);
}

std::string own_keyword(std::string_view keyword) {
  return "tether:" + std::string(keyword);
}

void check_assertion(std::string_view keyword, const json& value) {
  assertions().at(keyword)(value);
}

void add_assertions(valijson::SchemaParser& parser) {
  for (const auto& [keyword, make] : assertions()) {
    parser.addConstraintBuilder(own_keyword(keyword), new ConstraintBuilder(make));
  }
  parser.addConstraintBuilder(own_keyword("enough"), new EnoughBuilder);
}

}  // namespace tether::rules
