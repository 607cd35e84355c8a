// SPDX-License-Identifier: MIT
// The object `data` of a conflict.
#include "protocol/codec_conflict.hpp"

#include "base/clock.hpp"
#include "protocol/codec.hpp"
#include "protocol/json_writer.hpp"

namespace tether::protocol {

namespace {

/// When the server took the change that won; shown to people, decides nothing. What is no time counts as unknown.
std::int64_t read_time_us(JsonReader& reader) {
  if (reader.kind() != JsonReader::Kind::string) {
    reader.value();
    return 0;
  }
  try {
    return to_us(parse_rfc3339(reader.string()));
  } catch (const FieldError&) {
    throw;
  } catch (const Error&) {
    return 0;
  }
}

}  // namespace

void write_conflict_data(JsonWriter& writer, const ConflictReport& report) {
  writer.begin_object();
  writer.key("server_state").raw(report.server_state);
  writer.key("server_updated_at").text(rfc3339_us(from_us(report.server_updated_at_us)));
  if (report.server_rev) writer.key("server_rev").number(report.server_rev->value);
  writer.key("fields").begin_array();
  for (const std::string& field : report.fields) writer.text(field);
  writer.end_array();
  writer.key("deleted").boolean(report.deleted).end_object();
}

void read_conflict_data(JsonReader& reader, ConflictReport& report) {
  if (reader.kind() != JsonReader::Kind::object) {
    reader.payload();  // [] and null: the server says nothing about it
    return;
  }
  reader.object([&](std::string_view field) {
    if (field == "server_state") {
      report.server_state = reader.payload();
    } else if (field == "server_updated_at") {
      report.server_updated_at_us = read_time_us(reader);
    } else if (field == "server_rev") {
      const auto rev = read_optional_integer(reader);
      report.server_rev = rev ? std::optional(Rev{*rev}) : std::nullopt;
    } else if (field == "fields") {
      report.fields.clear();
      read_list(reader, [&] { report.fields.push_back(reader.string()); });
    } else if (field == "deleted") {
      report.deleted = read_flag(reader);
    } else {
      reader.value();
    }
  });
}

std::string encode_conflict_data(const ConflictReport& report) {
  std::string out;
  JsonWriter writer(out);
  write_conflict_data(writer, report);
  return out;
}

ConflictReport decode_conflict_data(MutationId id, std::string_view data) {
  ConflictReport report;
  report.mutation_id = std::move(id);
  JsonReader reader(data, "data");
  read_conflict_data(reader, report);
  reader.end();
  return report;
}

}  // namespace tether::protocol
