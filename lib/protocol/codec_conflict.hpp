// SPDX-License-Identifier: MIT
// The object `data` of a conflict, as a part of a push reply.
#pragma once

#include "protocol/fields.hpp"
#include "protocol/json_writer.hpp"

namespace tether::protocol {

void write_conflict_data(JsonWriter& writer, const ConflictReport& report);
void read_conflict_data(JsonReader& reader, ConflictReport& report);

}  // namespace tether::protocol
