// SPDX-License-Identifier: MIT
#include "rules/schema_keywords.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/nearest.hpp"
#include "rules/schema_assertions.hpp"

namespace tether::rules {

namespace {

using nlohmann::json;

/// What stands behind a keyword.
enum class Holds {
  annotation,
  reference,
  schema,
  schemas,
  items,
  named_schemas,
  dependencies,
  count,
  names,
  assertion
};

const std::map<std::string_view, Holds>& keywords() {
  static const std::map<std::string_view, Holds> all = {
      {"$schema", Holds::annotation},
      {"$id", Holds::annotation},
      {"$comment", Holds::annotation},
      {"title", Holds::annotation},
      {"description", Holds::annotation},
      {"default", Holds::annotation},
      {"examples", Holds::annotation},
      {"readOnly", Holds::annotation},
      {"writeOnly", Holds::annotation},
      {"deprecated", Holds::annotation},
      {"$ref", Holds::reference},
      {"definitions", Holds::named_schemas},
      {"$defs", Holds::named_schemas},
      {"properties", Holds::named_schemas},
      {"additionalProperties", Holds::schema},
      {"required", Holds::names},
      {"minProperties", Holds::count},
      {"maxProperties", Holds::count},
      {"dependencies", Holds::dependencies},
      {"items", Holds::items},
      {"additionalItems", Holds::schema},
      {"contains", Holds::schema},
      {"minItems", Holds::count},
      {"maxItems", Holds::count},
      {"minLength", Holds::count},
      {"maxLength", Holds::count},
      {"allOf", Holds::schemas},
      {"anyOf", Holds::schemas},
      {"oneOf", Holds::schemas},
      {"not", Holds::schema},
      {"if", Holds::schema},
      {"then", Holds::schema},
      {"else", Holds::schema},
      {"type", Holds::assertion},
      {"enum", Holds::assertion},
      {"const", Holds::assertion},
      {"minimum", Holds::assertion},
      {"maximum", Holds::assertion},
      {"exclusiveMinimum", Holds::assertion},
      {"exclusiveMaximum", Holds::assertion},
      {"multipleOf", Holds::assertion},
      {"pattern", Holds::assertion},
      {"format", Holds::assertion},
      {"uniqueItems", Holds::assertion},
  };
  return all;
}

/// What to write instead of keywords that are known elsewhere and not here.
const std::map<std::string_view, std::string_view>& instead() {
  static const std::map<std::string_view, std::string_view> all = {
      {"id", R"(write "$id")"},
      {"divisibleBy", R"(write "multipleOf")"},
      {"patternProperties", R"(name the fields in "properties", or describe all others in "additionalProperties")"},
      {"propertyNames", R"(name the fields in "properties", with "additionalProperties": false)"},
      {"dependentRequired", R"("dependencies" says the same)"},
      {"dependentSchemas", R"("dependencies" says the same)"},
      {"prefixItems", R"(an array behind "items" says the same)"},
      {"unevaluatedProperties", R"(use "additionalProperties")"},
      {"unevaluatedItems", R"(use "additionalItems")"},
      {"minContains", R"(use "contains")"},
      {"maxContains", R"(use "contains")"},
  };
  return all;
}

/// A keyword that does nothing without another one beside it.
constexpr std::pair<const char*, const char*> k_needs[] = {
    {"then", "if"}, {"else", "if"}, {"additionalItems", "items"}};

/// Where something stands in a schema: as people read it, and as `$ref` names it.
struct Place {
  std::string path;
  std::string pointer;

  Place member(const std::string& name) const {
    std::string step = name;
    for (std::size_t at = 0; (at = step.find_first_of("~/", at)) != std::string::npos; at += 2) {
      step.replace(at, 1, step[at] == '~' ? "~0" : "~1");
    }
    return {path.empty() ? name : path + "." + name, pointer + "/" + step};
  }
  Place item(std::size_t index) const {
    return {fmt::format("{}[{}]", path, index), fmt::format("{}/{}", pointer, index)};
  }
};

/// Schemas by their places, and which of them look at one and the same value.
class References {
 public:
  explicit References(SchemaError::Faults& faults) : faults_(faults) {}

  void add_schema(const Place& place) { nodes_[place.pointer].path = place.path; }
  /// The schema at `outer` hands the whole value on to the one at `inner`.
  void add_same_value(const Place& outer, const Place& inner) {
    nodes_[outer.pointer].same_value.push_back(inner.pointer);
  }
  void add_reference(const Place& from, const Place& where, const std::string& to) {
    named_.push_back({where.path, to});
    nodes_[from.pointer].same_value.push_back(to);
  }

  /// Faults for what is named and not there, and for schemas that come back to themselves without going deeper into the
  /// value: a check would never end.
  void check() {
    for (const auto& [path, to] : named_) {
      if (!nodes_.contains(to) || !nodes_[to].path) faults_.emplace_back(path, "names no schema in here");
    }
    for (auto& [pointer, node] : nodes_) check_ends(node);
  }

 private:
  enum class Visit { none, under_way, done };
  struct Node {
    std::optional<std::string> path;  // none: named, but not there
    std::vector<std::string> same_value;
    Visit visit = Visit::none;
  };

  void check_ends(Node& node) {
    if (node.visit == Visit::done) return;
    if (node.visit == Visit::under_way) {
      faults_.emplace_back(node.path.value_or(""), "refers to itself without end");
      return;
    }
    node.visit = Visit::under_way;
    for (const auto& next : node.same_value) check_ends(nodes_[next]);
    node.visit = Visit::done;
  }

  SchemaError::Faults& faults_;
  std::map<std::string, Node> nodes_;
  std::vector<std::pair<std::string, std::string>> named_;  // path of the reference, pointer
};

class Checker {
 public:
  json check(const json& schema) {
    json checked = json::object();
    has_references_ = schema.dump().find("\"$ref\"") != std::string::npos;
    if (schema.is_object()) {
      checked = check_schema(schema, {});
    } else {
      fail({}, "must be an object: a JSON Schema");
    }
    references_.check();
    if (!faults_.empty()) throw SchemaError(std::move(faults_));
    return checked;
  }

 private:
  void fail(const Place& place, std::string message) { faults_.emplace_back(place.path, std::move(message)); }

  json check_schema(const json& schema, const Place& place) {
    references_.add_schema(place);
    if (schema.is_boolean() && schema.get<bool>()) return json::object();
    if (schema.is_boolean()) return {{own_keyword("never"), "true"}};
    if (!schema.is_object()) {
      fail(place, "must be a schema: an object, true or false");
      return json::object();
    }
    check_company(schema, place);
    json checked = json::object();
    for (const auto& [keyword, value] : schema.items()) check_keyword(keyword, value, place, checked);
    add_enough(checked);
    return checked;
  }

  /// Of its constraints the library looks at `allOf` first, and at ours last, which may be too late to count a schema
  /// that does not fit. That matters where schemas are referred to; elsewhere there are only as many as are written.
  void add_enough(json& checked) const {
    if (has_references_) {
      checked["allOf"].push_back({{own_keyword("enough"), true}});
    } else {
      checked[own_keyword("enough")] = true;
    }
  }

  /// What stands beside a keyword and would change what it means.
  void check_company(const json& schema, const Place& place) {
    for (const auto& [keyword, needed] : k_needs) {
      if (schema.contains(keyword) && !schema.contains(needed)) {
        fail(place.member(keyword), fmt::format("counts only beside \"{}\"", needed));
      }
    }
    if (!schema.contains("$ref")) return;
    for (const auto& [keyword, value] : schema.items()) {
      const auto known = keywords().find(keyword);
      const bool is_constraint = known != keywords().end() && known->second != Holds::annotation &&
                                 known->second != Holds::reference && known->second != Holds::named_schemas;
      if (is_constraint || keyword == "properties") {
        fail(place.member(keyword), R"(would be ignored beside "$ref": put both into "allOf")");
      }
    }
  }

  void check_keyword(const std::string& keyword, const json& value, const Place& schema, json& checked) {
    const auto known = keywords().find(keyword);
    const Place place = schema.member(keyword);
    if (known == keywords().end()) return fail_unknown(keyword, place);
    switch (known->second) {
      case Holds::annotation:
        if (keyword == "$id" && !schema.pointer.empty()) fail(place, "may stand only at the top of a schema");
        return;
      case Holds::assertion:
        return check_own(keyword, value, place, checked);
      case Holds::reference:
        checked[keyword] = value;
        return check_reference(value, schema, place);
      case Holds::count:
        if (!value.is_number_integer() || value.get<std::int64_t>() < 0) fail(place, "must be a whole number from 0");
        checked[keyword] = value;
        return;
      case Holds::names:
        check_names(value, place);
        checked[keyword] = value;
        return;
      case Holds::schema:
        if (keyword != "additionalProperties" && keyword != "additionalItems" && keyword != "contains") {
          references_.add_same_value(schema, place);
        }
        checked[keyword] = check_schema(value, place);
        return;
      case Holds::schemas:
        checked[keyword] = check_schemas(value, place, &schema);
        return;
      case Holds::items:
        checked[keyword] = value.is_array() ? check_schemas(value, place, nullptr) : check_schema(value, place);
        return;
      case Holds::named_schemas:
        checked[keyword] = check_named_schemas(value, place);
        return;
      case Holds::dependencies:
        checked[keyword] = check_dependencies(value, schema, place);
        return;
    }
  }

  void fail_unknown(const std::string& keyword, const Place& place) {
    const auto other = instead().find(keyword);
    if (other != instead().end()) return fail(place, fmt::format("is not supported: {}", other->second));
    std::vector<std::string_view> known;
    for (const auto& [name, holds] : keywords()) known.push_back(name);
    const auto guess = nearest(keyword, known);
    fail(place, fmt::format("unknown keyword \"{}\"{}", keyword,
                            guess.empty() ? ": it would check nothing" : fmt::format("; did you mean \"{}\"?", guess)));
  }

  void check_own(const std::string& keyword, const json& value, const Place& place, json& checked) {
    try {
      check_assertion(keyword, value);
      checked[own_keyword(keyword)] = value.dump();
    } catch (const Error& e) {
      fail(place, e.what());
    }
  }

  void check_reference(const json& value, const Place& schema, const Place& place) {
    if (!value.is_string()) return fail(place, "must be a text, as in #/definitions/name");
    const auto& text = value.get_ref<const std::string&>();
    if (!text.starts_with('#')) return fail(place, "must begin with #: other documents are not fetched");
    references_.add_reference(schema, place, text.substr(1));
  }

  void check_names(const json& value, const Place& place) {
    if (!value.is_array()) return fail(place, "must be an array of names");
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (!value[i].is_string()) fail(place.item(i), "must be a name");
    }
  }

  /// `same_value`: the schema that hands its value on to each of these.
  json check_schemas(const json& value, const Place& place, const Place* same_value) {
    json checked = json::array();
    if (!value.is_array() || value.empty()) {
      fail(place, "must be an array of schemas");
      return checked;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (same_value != nullptr) references_.add_same_value(*same_value, place.item(i));
      checked.push_back(check_schema(value[i], place.item(i)));
    }
    return checked;
  }

  json check_named_schemas(const json& value, const Place& place) {
    json checked = json::object();
    if (!value.is_object()) {
      fail(place, "must be an object: schemas by name");
      return checked;
    }
    for (const auto& [name, schema] : value.items()) checked[name] = check_schema(schema, place.member(name));
    return checked;
  }

  json check_dependencies(const json& value, const Place& schema, const Place& place) {
    json checked = json::object();
    if (!value.is_object()) {
      fail(place, "must be an object: what a field needs beside it");
      return checked;
    }
    for (const auto& [name, needed] : value.items()) {
      const auto inner = place.member(name);
      if (needed.is_array()) {
        check_names(needed, inner);
        checked[name] = needed;
      } else {
        references_.add_same_value(schema, inner);
        checked[name] = check_schema(needed, inner);
      }
    }
    return checked;
  }

  SchemaError::Faults faults_;
  References references_{faults_};
  bool has_references_ = false;
};

}  // namespace

json checked_schema(const json& schema) {
  return Checker().check(schema);
}

}  // namespace tether::rules
