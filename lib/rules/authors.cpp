// SPDX-License-Identifier: MIT
#include "rules/authors.hpp"

#include <string_view>
#include <unordered_map>
#include <utility>

#include "rules/fields.hpp"
#include "rules/resolve.hpp"

namespace tether::rules {
namespace {

Author last_writer(const Record& record) {
  return {record.written_by, record.written_at_ms, record.written_version, {}};
}

Authors grouped(const Record& record, std::vector<std::string> fields) {
  Authors groups{last_writer(record)};
  std::unordered_map<std::string_view, std::size_t> group_of;
  for (const Author& author : record.authors) {
    for (const std::string& field : author.fields) group_of.emplace(field, groups.size());
    groups.push_back({author.client, author.written_at_ms, author.written_version, {}});
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

}  // namespace tether::rules
