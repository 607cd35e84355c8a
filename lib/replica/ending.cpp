// SPDX-License-Identifier: MIT
#include "replica/ending.hpp"

namespace tether::replica {
namespace {

// Beside last_push_reason: whether the server was not reached, refused, or answered nonsense.
constexpr std::string_view k_end_key = "last_push_end";
constexpr std::string_view k_forbidden = "forbidden";
constexpr std::string_view k_fault = "fault";

void note(File& file, const std::string& reason, std::string_view end) {
  sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    const Instant now = file.clock().now();
    set_state(transaction, "last_push_reason", reason, now);
    set_state(transaction, k_end_key, end, now);
  });
}

}  // namespace

Ending ending(const Answer& answer) {
  if (const auto* unreachable = std::get_if<Unreachable>(&answer)) return {End::unreachable, unreachable->reason};
  if (const auto* forbidden = std::get_if<Forbidden>(&answer)) return {End::forbidden, forbidden->reason};
  return {};
}

void note_contact(sql::Transaction& transaction, Instant now) {
  set_state(transaction, "last_sync_at", rfc3339_ms(now), now);
  // The server was reached: why it once was not explains nothing any more.
  clear_state(transaction, "last_push_reason");
  clear_state(transaction, k_end_key);
}

void note_ended_early(File& file, const std::string& reason, End end) {
  note(file, reason, end == End::forbidden ? k_forbidden : "unreachable");
}

void note_fault(File& file, const Error& fault) noexcept {
  if (fault.code() != ErrorCode::unexpected_reply) return;
  try {
    note(file, fault.what(), k_fault);
  } catch (const std::exception&) {
    // Only `status` would have told more.
  }
}

std::string why_ended_early(sql::Transaction& transaction) {
  const std::string reason = state(transaction, "last_push_reason").value_or("");
  if (reason.empty()) return {};
  const std::string end = state(transaction, k_end_key).value_or("");
  if (end == k_forbidden) return "refused by the server: " + reason;
  if (end == k_fault) return "the server's answer makes no sense: " + reason;
  return "server unreachable: " + reason;
}

}  // namespace tether::replica
