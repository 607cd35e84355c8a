// SPDX-License-Identifier: MIT
#include "cmd/import_source.hpp"

#include <algorithm>
#include <vector>

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "cmd/csv.hpp"
#include "cmd/input.hpp"
#include "protocol/payload.hpp"

namespace tether::cmd {
namespace {

constexpr std::string_view k_id_column = "id";

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = utf8_character(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

Error bad_line(const Input& input, std::int64_t line, const std::string& why, const std::string& hint = {}) {
  return {ErrorCode::invalid_input, input.name() + ", line " + std::to_string(line) + ": " + why, hint};
}

class CsvSource final : public ImportSource {
 public:
  CsvSource(Context& context, const std::string& path, const std::optional<std::string>& key_column)
      : input_(context, path), reader_(input_) {
    if (!reader_.next(names_))
      throw Error(ErrorCode::invalid_input, input_.name() + " is empty", "Its first row must name the columns.");
    check_names();
    const auto wanted = key_column.value_or(std::string(k_id_column));
    const auto found = std::find(names_.begin(), names_.end(), wanted);
    if (found != names_.end()) key_index_ = static_cast<std::size_t>(found - names_.begin());
    if (key_column && !key_index_) throw bad_line(input_, 1, "there is no column '" + wanted + "'", columns());
    key_is_field_ = key_column.has_value();
    for (const auto& name : names_) quoted_names_.push_back(json_quoted(name));
  }

  bool next(ImportRow& row) override {
    if (!reader_.next(cells_)) return false;
    row.line = reader_.line_number();
    if (cells_.size() != names_.size()) {
      throw bad_line(input_, row.line,
                     counted(static_cast<std::int64_t>(cells_.size()), "cell") + " where the first row names " +
                         counted(static_cast<std::int64_t>(names_.size()), "column"),
                     columns());
    }
    row.key.reset();
    row.fields = "{";
    for (std::size_t i = 0; i < cells_.size(); ++i) take_cell(row, i);
    row.fields += '}';
    return true;
  }

 private:
  void take_cell(ImportRow& row, std::size_t i) {
    if (!is_utf8(cells_[i])) {
      throw bad_line(input_, row.line, "'" + names_[i] + "' is not valid UTF-8",
                     "Convert the file first, as with: iconv -f latin1 -t utf8");
    }
    if (i == key_index_) {
      if (cells_[i].empty()) throw bad_line(input_, row.line, "'" + names_[i] + "' is empty");
      row.key = cells_[i];
      if (!key_is_field_) return;
    }
    if (row.fields.size() > 1) row.fields += ',';
    row.fields += quoted_names_[i];
    row.fields += ':';
    row.fields += json_quoted(cells_[i]);
  }

  void check_names() const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i].empty()) throw bad_line(input_, 1, "column " + std::to_string(i + 1) + " has no name");
      if (!is_utf8(names_[i])) throw bad_line(input_, 1, "column " + std::to_string(i + 1) + " is not valid UTF-8");
      if (std::count(names_.begin(), names_.end(), names_[i]) > 1)
        throw bad_line(input_, 1, "the column '" + names_[i] + "' stands there twice");
    }
  }

  std::string columns() const {
    std::string list;
    for (const auto& name : names_) list += (list.empty() ? "" : ", ") + name;
    return "The columns are: " + list + ".";
  }

  Input input_;
  CsvReader reader_;
  std::vector<std::string> names_;
  std::vector<std::string> quoted_names_;
  std::vector<std::string> cells_;
  std::optional<std::size_t> key_index_;
  bool key_is_field_ = false;
};

class NdjsonSource final : public ImportSource {
 public:
  NdjsonSource(Context& context, const std::string& path, const std::optional<std::string>& key_column)
      : input_(context, path), key_name_(key_column.value_or(std::string(k_id_column))), key_is_field_(key_column) {}

  bool next(ImportRow& row) override {
    auto line = input_.next_line();
    while (line && line->find_first_not_of(" \t") == std::string_view::npos) line = input_.next_line();
    if (!line) return false;
    row.line = input_.line_number();
    try {
      protocol::check_object(*line);
      protocol::check_no_key_twice(*line);
    } catch (const Error& e) {
      throw bad_line(input_, row.line, e.what(), "Every line is one JSON object: the fields of a record.");
    }
    row.key.reset();
    protocol::ObjectWriter fields;
    for (const auto& member : protocol::members(*line)) take_member(row, member, fields);
    row.fields = std::move(fields).finish();
    if (key_is_field_ && !row.key) throw bad_line(input_, row.line, "there is no '" + key_name_ + "'");
    return true;
  }

 private:
  void take_member(ImportRow& row, const protocol::Member& member, protocol::ObjectWriter& fields) {
    const bool is_key = member.key == key_name_ || protocol::unescaped(member.key) == key_name_;
    if (is_key) row.key = key_text(row, member.value);
    if (!is_key || key_is_field_) fields.member(member.key, member.value);
  }

  std::string key_text(const ImportRow& row, std::string_view value) const {
    const bool is_text = value.starts_with('"');
    const bool is_number = !value.empty() && (value.front() == '-' || (value.front() >= '0' && value.front() <= '9'));
    auto text = is_text ? protocol::unescaped(value.substr(1, value.size() - 2)) : std::string(value);
    if (text.empty() || (!is_text && !is_number))
      throw bad_line(input_, row.line, "'" + key_name_ + "' must be a text that is not empty, or a number");
    return text;
  }

  Input input_;
  std::string key_name_;
  bool key_is_field_;
};

}  // namespace

std::unique_ptr<ImportSource> open_import(Context& context, const std::string& path, ImportFormat format,
                                          const std::optional<std::string>& key_column) {
  if (format == ImportFormat::csv) return std::make_unique<CsvSource>(context, path, key_column);
  return std::make_unique<NdjsonSource>(context, path, key_column);
}

ImportFormat import_format(const std::string& path, const std::optional<std::string>& given) {
  const auto dot = path.rfind('.');
  auto kind = given.value_or(dot == std::string::npos ? "" : path.substr(dot + 1));
  std::transform(kind.begin(), kind.end(), kind.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (kind == "csv") return ImportFormat::csv;
  if (kind == "ndjson" || kind == "jsonl") return ImportFormat::ndjson;
  throw Error(ErrorCode::usage,
              given ? "--format: '" + *given + "' is neither csv nor ndjson"
                    : "cannot tell from its name what " + path + " holds",
              "Say --format csv or --format ndjson.");
}

}  // namespace tether::cmd
