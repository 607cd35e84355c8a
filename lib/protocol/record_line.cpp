// SPDX-License-Identifier: MIT
// Lines of `tether record --stdin`.
#include <algorithm>
#include <string>
#include <vector>

#include "protocol/codec.hpp"
#include "protocol/fields.hpp"
#include "protocol/payload.hpp"

namespace tether::protocol {

RecordLine RecordLineReader::read(std::string_view line) const {
  RecordLine record;
  std::optional<Operation> operation;
  JsonReader reader(line);
  std::vector<std::string> seen;
  reader.object([&](std::string_view field) {
    if (std::ranges::find(seen, field) != seen.end()) reader.fail("stands there twice");
    seen.emplace_back(field);
    if (field == "op") {
      operation = read_operation(reader);
    } else if (field == "model") {
      record.model = read_model(reader);
    } else if (field == "id") {
      record.id = read_optional(reader, read_entity_id);
    } else if (field == "payload") {
      record.payload = reader.payload();
    } else {
      // On the wire an unknown field is passed over; here it is a slip of the pen that would lose what was meant.
      reader.fail("is no field of a line: these are op, model, id and payload");
    }
  });
  reader.end();
  if (!operation) reader.fail_missing("op");
  if (record.model.value.empty()) reader.fail_missing("model");
  if (*operation != Operation::create && !record.id) reader.fail_missing("id");
  check_no_key_twice(record.payload, "payload");
  record.operation = *operation;
  return record;
}

}  // namespace tether::protocol
