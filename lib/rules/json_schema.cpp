// SPDX-License-Identifier: MIT
#include "rules/json_schema.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
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

/// What the library says, in words of people. `{}` is the number or name that stands behind `begins`.
struct Saying {
  std::string_view begins;
  std::string_view says;
  bool names_member = false;  // the name is that of a member, whose message this is
};

constexpr Saying k_sayings[] = {
    {"Missing required property '", "is missing", true},
    {"Missing dependency '", "is missing", true},
    {"String should be no fewer than ", "must have at least {} characters"},
    {"String should be no more than ", "must have at most {} characters"},
    {"Array should contain no fewer than ", "must have at least {} items"},
    {"Array should contain no more than ", "must have at most {} items"},
    {"Object should have no fewer than ", "must have at least {} fields"},
    {"Object should have no more than ", "must have at most {} fields"},
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

/// The part of `description` behind `begins` and up to the quote or the next word.
std::string_view named(std::string_view description, const Saying& saying) {
  const auto rest = description.substr(saying.begins.size());
  return rest.substr(0, saying.names_member ? rest.rfind('\'') : rest.find(' '));
}

/// Messages by field, in the order in which the fields were first named.
class Messages {
 public:
  explicit Messages(const json& payload) : payload_(payload) {}

  void add(const valijson::ValidationResults::Error& error) {
    if (count_ >= k_messages_max) return;
    std::string path = field_path(error.context, payload_);
    for (const auto& saying : k_sayings) {
      if (!error.description.starts_with(saying.begins)) continue;
      const auto name = named(error.description, saying);
      if (saying.names_member) path += (path.empty() ? "" : ".") + std::string(name);
      const auto at = saying.says.find("{}");
      if (at == std::string_view::npos) return say(path, std::string(saying.says));
      return say(path, std::string(saying.says.substr(0, at)).append(name).append(saying.says.substr(at + 2)));
    }
    if (!error.description.starts_with(k_consequence)) say(path, error.description);
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
  void say(const std::string& path, std::string message) {
    const std::string shown(utf8_prefix(path, k_path_bytes_max));
    const auto found =
        std::ranges::find(by_path_, shown, [](const auto& entry) -> const std::string& { return entry.first; });
    auto& texts = found != by_path_.end() ? found->second : by_path_.emplace_back(shown, Texts()).second;
    if (std::ranges::find(texts, message) != texts.end()) return;
    texts.push_back(std::move(message));
    ++count_;
  }

  using Texts = std::vector<std::string>;
  const json& payload_;
  std::vector<std::pair<std::string, Texts>> by_path_;
  std::size_t count_ = 0;
};

}  // namespace

SchemaError::SchemaError(Faults faults) : Error(ErrorCode::invalid_input, joined(faults)), faults_(std::move(faults)) {}

struct JsonSchema::Compiled {
  valijson::Schema schema;
};

JsonSchema::JsonSchema(std::string_view text) {
  const json schema = checked_schema(schema_value(text));
  auto compiled = std::make_unique<Compiled>();
  valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
  add_assertions(parser);
  try {
    parser.populateSchema(NlohmannJsonAdapter(schema), compiled->schema);
  } catch (const std::exception& e) {
    throw SchemaError({{"", fmt::format("cannot be used: {}", e.what())}});
  }
  compiled_ = std::move(compiled);
}

JsonSchema::~JsonSchema() = default;

std::string JsonSchema::messages(std::string_view payload) const {
  const json value = schema_value(payload);
  const NlohmannJsonAdapter target(value);
  valijson::Validator validator;
  if (validator.validate(compiled_->schema, target, nullptr)) return {};
  valijson::ValidationResults results;
  try {
    validator.validate(compiled_->schema, target, &results);
  } catch (const EnoughFound&) {
    // what is found by now is more than is told
  }
  Messages messages(value);
  for (const auto& error : results) messages.add(error);
  return messages.text();
}

}  // namespace tether::rules
