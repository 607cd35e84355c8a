// SPDX-License-Identifier: MIT
#include "rules/authors.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "rules/fields.hpp"
#include "rules/resolve.hpp"

namespace tether::rules {
namespace {

Author last_writer(const Record& record) {
  return {record.written_by, record.rev, record.written_at_ms, record.written_version, {}};
}

bool is_own(const Author& author, const Sight& sight) {
  return author.client == sight.client && (!sight.rev || sight.version > author.written_version);
}

bool is_unseen(const Author& author, const Sight& sight) {
  return !is_own(author, sight) && (!sight.rev || author.rev > *sight.rev);
}

/// The fields that the writer changed from another value than the record has.
std::vector<std::string> changed_from_another(const Record& record, const Sight& sight) {
  if (sight.before == "{}" || record.deleted) return {};
  return field_names(changes(sight.before, selected(record.payload, sight.before)));
}

Authors grouped(const Record& record, std::vector<std::string> fields) {
  Authors groups{last_writer(record)};
  std::unordered_map<std::string_view, std::size_t> group_of;
  for (const Author& author : record.authors) {
    for (const std::string& field : author.fields) group_of.emplace(field, groups.size());
    groups.push_back(author);
    groups.back().fields.clear();
  }
  for (std::string& field : fields) {
    const auto found = group_of.find(field);
    groups[found == group_of.end() ? 0 : found->second].fields.push_back(std::move(field));
  }
  std::erase_if(groups, [](const Author& author) { return author.fields.empty(); });
  return groups;
}

}  // namespace

Authors authors_after(const Record& before, const Record& after) {
  if (after.deleted && !before.deleted) return grouped(before, field_names(before.payload));
  const bool one_wrote_all = before.authors.empty() && before.written_by == after.written_by;
  if (!before.exists() || one_wrote_all) return {};
  Authors authors = grouped(before, same_valued_fields(before.payload, after.payload));
  std::erase_if(authors, [&](const Author& author) { return author.client == after.written_by; });
  return authors;
}

Authors by_author(const Record& record, std::vector<std::string> fields) {
  if (!record.deleted) return grouped(record, std::move(fields));
  Author deleter = last_writer(record);
  deleter.fields = std::move(fields);
  return {std::move(deleter)};
}

std::optional<std::int64_t> last_unseen_edit(const Record& record, const Sight& sight) {
  std::optional<std::int64_t> last;
  const auto look_at = [&](const Author& author) {
    if (is_unseen(author, sight)) last = std::max(last.value_or(author.written_at_ms), author.written_at_ms);
  };
  look_at(last_writer(record));
  if (record.deleted) return last;
  for (const Author& author : record.authors) look_at(author);
  std::vector<std::string> from_another = changed_from_another(record, sight);
  if (from_another.empty()) return last;
  for (const Author& author : by_author(record, std::move(from_another))) {
    if (!is_own(author, sight)) last = std::max(last.value_or(author.written_at_ms), author.written_at_ms);
  }
  return last;
}

std::vector<std::string> unseen_fields(const Record& record, std::vector<std::string> fields, const Sight& sight) {
  const std::vector<std::string> from_another = changed_from_another(record, sight);
  const auto is_in = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  const std::vector<std::string> said = record.deleted ? std::vector<std::string>() : field_names(sight.before);
  std::vector<std::string> unseen;
  for (Author& author : by_author(record, std::move(fields))) {
    if (is_own(author, sight)) continue;
    for (std::string& field : author.fields) {
      const bool was_unseen = is_in(said, field) ? is_in(from_another, field) : is_unseen(author, sight);
      if (was_unseen) unseen.push_back(std::move(field));
    }
  }
  return unseen;
}

}  // namespace tether::rules
