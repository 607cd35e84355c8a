// SPDX-License-Identifier: MIT
// What a server says about itself.
#include "protocol/codec.hpp"
#include "protocol/fields.hpp"
#include "protocol/json_writer.hpp"

namespace tether::protocol {

namespace {

ServerInfo read_server_info(JsonReader& reader) {
  ServerInfo info;
  bool has_protocol = false;
  reader.object([&](std::string_view field) {
    if (field == "name") {
      info.name = reader.string();
    } else if (field == "version") {
      info.version = reader.string();
    } else if (field == "protocol") {
      info.protocol = reader.integer();
      has_protocol = true;
    } else if (field == "extensions") {
      read_list(reader, [&] { info.extensions.push_back(reader.string()); });
    } else if (field == "server_time") {
      info.server_time_us = reader.integer();
    } else {
      reader.value();
    }
  });
  if (!has_protocol) reader.fail_missing("protocol");
  return info;
}

std::int64_t count(std::size_t value) {
  return static_cast<std::int64_t>(value);
}

}  // namespace

std::string encode(const ServerInfo& info, const Limits& limits) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  writer.key("name").text(info.name);
  writer.key("version").text(info.version);
  writer.key("protocol").number(info.protocol);
  writer.key("extensions").begin_array();
  for (const std::string& extension : info.extensions) writer.text(extension);
  writer.end_array();
  writer.key("limits").begin_object();
  writer.key("body_bytes").number(count(limits.body_bytes_max));
  writer.key("mutations").number(count(limits.mutations_max));
  writer.key("payload_bytes").number(count(limits.payload_bytes_max));
  writer.key("json_depth").number(k_json_depth_max);
  writer.key("page_rows").number(limits.page_rows_max);
  writer.key("page_bytes").number(count(limits.page_bytes_max));
  writer.end_object();
  writer.key("server_time").number(info.server_time_us).end_object();
  return out;
}

ServerInfo decode_server_info(std::string_view body) {
  return reading_reply(body, "info", read_server_info);
}

}  // namespace tether::protocol
