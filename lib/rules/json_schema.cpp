// SPDX-License-Identifier: MIT
#include "rules/json_schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "protocol/payload.hpp"
#include "rules/schema_assertions.hpp"
#include "rules/schema_keywords.hpp"
#include "rules/schema_value.hpp"

namespace tether::rules {

namespace {

using nlohmann::json;
using valijson::adapters::NlohmannJsonAdapter;

constexpr std::size_t k_messages_max = 20;     // in all
constexpr std::size_t k_path_bytes_max = 120;  // of a field

std::string joined(const SchemaError::Faults& faults) {
  std::string text;
  for (const auto& [path, message] : faults) {
    if (!text.empty()) text += '\n';
    text += path.empty() ? message : path + ": " + message;
  }
  return text;
}

/// What the library says, in words of people. `{}` is the number that stands behind `begins`.
struct Saying {
  std::string_view begins;
  std::string_view says;
  std::string_view says_of_one = {};  // where the number is 1
};

// These name a member, whose message it is.
constexpr std::string_view k_missing[] = {"Missing required property '", "Missing dependency '"};

constexpr Saying k_sayings[] = {
    {"String should be no fewer than ", "must have at least {} characters", "must not be empty"},
    {"String should be no more than ", "must have at most {} characters", "must have at most one character"},
    {"Array should contain no fewer than ", "must have at least {} items", "must not be empty"},
    {"Array should contain no more than ", "must have at most {} items", "must have at most one item"},
    {"Object should have no fewer than ", "must have at least {} fields", "must not be empty"},
    {"Object should have no more than ", "must have at most {} fields", "must have at most one field"},
    {"Target should not validate", "must not be like this"},
    {"Failed to any values", "has no item that is as it must be"},
    {"Failed to validate against any schemas allowed by anyOf", "fits none of the ways that are allowed"},
    {"Failed to validate against any child schemas allowed by oneOf", "fits none of the ways that are allowed"},
    {"Failed to validate against exactly one", "fits more than one of the ways that exclude each other"},
};

// Said of what is around something of which more has been said already.
constexpr std::string_view k_consequence = "Failed to validate ";

/// The path of what the library calls `["<root>", "[tags]", "[2]"]`: `tags[2]`.
std::string field_path(const std::vector<std::string>& context, const json& payload) {
  std::string path;
  const json* value = &payload;
  for (std::size_t i = 1; i < context.size(); ++i) {
    const std::string step = context[i].substr(1, context[i].size() - 2);
    const bool is_item = value != nullptr && value->is_array();
    path += is_item ? "[" + step + "]" : (path.empty() ? "" : ".") + step;
    const json* next = nullptr;
    if (is_item) {
      const auto index = std::stoul(step);
      if (index < value->size()) next = &(*value)[index];
    } else if (value != nullptr && value->is_object() && value->contains(step)) {
      next = &(*value)[step];
    }
    value = next;
  }
  return path;
}

std::string in_words(std::string_view description, const Saying& saying) {
  const auto at = saying.says.find("{}");
  if (at == std::string_view::npos) return std::string(saying.says);
  const auto rest = description.substr(saying.begins.size());
  const auto number = rest.substr(0, rest.find(' '));
  if (number == "1") return std::string(saying.says_of_one);
  return fmt::format("{}{}{}", saying.says.substr(0, at), number, saying.says.substr(at + 2));
}

/// Messages by field, in the order in which the fields were first named.
class Messages {
 public:
  explicit Messages(const json& payload) : payload_(payload) {}

  void add(const valijson::ValidationResults::Error& error) {
    if (count_ >= k_messages_max) return;
    const std::string path = field_path(error.context, payload_);
    const std::string_view description = error.description;
    for (const auto missing : k_missing) {
      if (!description.starts_with(missing)) continue;
      const auto name = description.substr(missing.size(), description.rfind('\'') - missing.size());
      return say((path.empty() ? "" : path + ".") + std::string(name), "is missing");
    }
    for (const auto& saying : k_sayings) {
      if (description.starts_with(saying.begins)) return say(path, in_words(description, saying));
    }
    if (!error.description.starts_with(k_consequence)) say(path, error.description);
  }

  void say(const std::string& path, std::string message) {
    const std::string shown(utf8_prefix(path, k_path_bytes_max));
    const auto found =
        std::ranges::find(by_path_, shown, [](const auto& entry) -> const std::string& { return entry.first; });
    auto& texts = found != by_path_.end() ? found->second : by_path_.emplace_back(shown, Texts()).second;
    if (std::ranges::find(texts, message) != texts.end()) return;
    texts.push_back(std::move(message));
    ++count_;
  }

  std::string text() {
    if (count_ == 0) say("", "is not as it must be");
    protocol::ObjectWriter object;
    for (const auto& [path, texts] : by_path_) {
      std::string list = "[";
      for (const auto& message : texts) {
        if (list.size() > 1) list += ',';
        append_json_quoted(list, message);
      }
      list += ']';
      const std::string key = json_quoted(path);
      object.member(std::string_view(key).substr(1, key.size() - 2), list);
    }
    return std::move(object).finish();
  }

 private:
  using Texts = std::vector<std::string>;
  const json& payload_;
  std::vector<std::pair<std::string, Texts>> by_path_;
  std::size_t count_ = 0;
};

}  // namespace

SchemaError::SchemaError(Faults faults) : Error(ErrorCode::invalid_input, joined(faults)), faults_(std::move(faults)) {}

namespace {

/// Fills `compiled`. What the library refuses has passed our own checks, so nobody knows where it stands.
void compile(const json& checked, valijson::Schema& compiled) {
  valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
  add_assertions(parser);
  try {
    parser.populateSchema(NlohmannJsonAdapter(checked), compiled);
  } catch (const std::exception& e) {
    throw SchemaError({{"", fmt::format("cannot be used: {}", e.what())}});
  }
}

bool fits(const valijson::Schema& schema, const json& value, valijson::ValidationResults* results = nullptr) {
  return valijson::Validator().validate(schema, NlohmannJsonAdapter(value), results);
}

/// A schema of just named fields, as most are: each value is looked at alone, and fields that are not named are not
/// looked at at all. Takes about half of the time that the library needs for the same.
class FieldsSchema {
 public:
  /// Whether `checked` says nothing that goes beyond its fields.
  static bool is_one(const json& checked) {
    static const std::set<std::string, std::less<>> known = {"properties", "required", "additionalProperties",
                                                             own_keyword("type"), own_keyword("enough")};
    const auto type = checked.find(own_keyword("type"));
    const auto others = checked.find("additionalProperties");
    return std::ranges::all_of(checked.items(), [](const auto& entry) { return known.contains(entry.key()); }) &&
           (type == checked.end() || *type == R"("object")") &&
           (others == checked.end() || others->empty() || others->contains(own_keyword("never")));
  }

  explicit FieldsSchema(const json& checked) {
    const auto others = checked.find("additionalProperties");
    allows_others_ = others == checked.end() || others->empty();
    if (checked.contains("properties")) {
      for (const auto& [name, schema] : checked["properties"].items()) {
        Field field{.name = name, .schema = std::make_unique<valijson::Schema>()};
        compile(schema, *field.schema);
        fields_.push_back(std::move(field));
      }
    }
    if (!checked.contains("required")) return;
    for (const auto& name : checked["required"]) required_.push_back(name.get<std::string>());
  }

  bool fits(std::string_view payload) const {
    const auto members = protocol::members(payload);
    const auto is_there = [&](const std::string& name) {
      return std::ranges::any_of(members, [&](const auto& member) { return is_named(member, name); });
    };
    return std::ranges::all_of(members, [&](const auto& member) { return fits(member); }) &&
           std::ranges::all_of(required_, is_there);
  }

 private:
  struct Field {
    std::string name;
    std::unique_ptr<valijson::Schema> schema;
  };

  static bool is_named(const protocol::Member& member, std::string_view name) {
    if (member.key.find('\\') == std::string_view::npos) return member.key == name;
    return protocol::unescaped(member.key) == name;
  }

  bool fits(const protocol::Member& member) const {
    const auto field = std::ranges::find_if(fields_, [&](const Field& f) { return is_named(member, f.name); });
    if (field == fields_.end()) return allows_others_;
    return rules::fits(*field->schema, schema_value(member.value));
  }

  std::vector<Field> fields_;
  std::vector<std::string> required_;
  bool allows_others_ = true;
};

}  // namespace

struct JsonSchema::Compiled {
  valijson::Schema whole;
  std::optional<FieldsSchema> fields;

  bool fits(std::string_view payload) const {
    start_counting_steps(payload.size());
    return fields ? fields->fits(payload) : rules::fits(whole, schema_value(payload));
  }
};

JsonSchema::JsonSchema(std::string_view text) {
  const json checked = checked_schema(schema_value(text));
  auto compiled = std::make_unique<Compiled>();
  compile(checked, compiled->whole);
  if (FieldsSchema::is_one(checked)) compiled->fields.emplace(checked);
  compiled_ = std::move(compiled);
}

JsonSchema::~JsonSchema() = default;

std::string JsonSchema::messages(std::string_view payload) const {
  try {
    if (compiled_->fits(payload)) return {};
  } catch (const EnoughDone&) {
    return R"({"":["takes too long to check"]})";
  }
  const json value = schema_value(payload);
  valijson::ValidationResults results;
  try {
    start_counting_steps(payload.size());
    fits(compiled_->whole, value, &results);
  } catch (const EnoughDone&) {
    // what has been found by now is all that is told
  }
  Messages messages(value);
  for (const auto& error : results) messages.add(error);
  return messages.text();
}

}  // namespace tether::rules
