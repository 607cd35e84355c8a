// SPDX-License-Identifier: MIT
#include "service/loss_commands.hpp"

#include <algorithm>

#include "authority/ledger.hpp"
#include "authority/losses.hpp"
#include "base/clock.hpp"
#include "protocol/json_reader.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/payload.hpp"
#include "service/commands.hpp"
#include "service/listing.hpp"
#include "service/models_file.hpp"

namespace tether::service {

namespace {

using authority::Loss;

constexpr std::string_view k_usual_scope = "default";  // where no other is named

bool is_redacted(const rules::Model& model, const std::string& field) {
  const auto renamed = std::ranges::find_if(model.rename, [&](const auto& names) { return names.first == field; });
  const auto is_named = [&](const std::string& name) { return std::ranges::count(model.redact, name) > 0; };
  return is_named(field) || (renamed != model.rename.end() && is_named(renamed->second));
}

/// By the names that are stored, and by those on the wire: what was refused stands there as it was sent.
std::string redacted_fields(const rules::Model& model, std::string_view payload) {
  protocol::ObjectWriter shown;
  for (const protocol::Member& member : protocol::members(payload)) {
    const bool redacted = is_redacted(model, protocol::unescaped(member.key));
    shown.member(member.key, redacted ? "\"***\"" : member.value);
  }
  return std::move(shown).finish();
}

/// Whether a path is that of a redacted field or of a part of it, as in `lines[2].price`. A field's own name may hold
/// the characters that lead to a part.
bool is_redacted_at(const rules::Model& model, const std::string& path) {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = path.find_first_of(".[", end + 1);
    if (is_redacted(model, path.substr(0, end))) return true;
  }
  return false;
}

/// What is wrong with a field may quote its value.
std::string redacted_messages(const rules::Model& model, std::string_view messages) {
  if (!messages.starts_with('{')) return std::string(messages);
  protocol::ObjectWriter shown;
  for (const protocol::Member& member : protocol::members(messages)) {
    const bool redacted = is_redacted_at(model, protocol::unescaped(member.key));
    shown.member(member.key, redacted ? R"(["***"])" : member.value);
  }
  return std::move(shown).finish();
}

/// The record that a conflict was decided against stands in what the writer was answered, and so do the values that
/// lost in a merge and those that won.
std::string redacted_answer(const rules::Model& model, std::string_view answer) {
  protocol::ObjectWriter shown;
  for (const protocol::Member& member : protocol::members(answer)) {
    const std::string name = protocol::unescaped(member.key);
    if (name == "messages") {
      shown.member(member.key, redacted_messages(model, member.value));
    } else {
      const bool has_values = name == "server_state" || name == "sent" || name == "stands";
      shown.member(member.key, has_values ? redacted_fields(model, member.value) : std::string(member.value));
    }
  }
  return std::move(shown).finish();
}

Loss as_shown(const rules::Models& models, Loss loss) {
  const rules::Model* model = models.find(loss.model.value);
  if (model == nullptr || model->redact.empty()) return loss;
  loss.payload = redacted_fields(*model, loss.payload);
  if (loss.detail.starts_with('{')) loss.detail = redacted_answer(*model, loss.detail);
  return loss;
}

std::string as_json(const Loss& loss) {
  std::string out;
  protocol::JsonWriter json(out);
  json.begin_object();
  write_time(json, "decided_at", loss.decided_us / 1000);
  json.key("model").text(loss.model.value).key("id").text(loss.entity_id.value);
  json.key("why").text(loss.why).key("mutation_id").text(loss.mutation_id.value);
  json.key("written_by").text(loss.written_by.value);
  write_time(json, "written_at", loss.written_ms);
  json.key("won_by");
  if (loss.won_by.value.empty()) {
    json.raw("null");
  } else {
    json.text(loss.won_by.value);
  }
  json.key("won_at");
  if (loss.won_us > 0) {
    json.text(rfc3339_ms(from_ms(loss.won_us / 1000)));
  } else {
    json.raw("null");
  }
  json.key("by_program").boolean(loss.by_program);
  json.key("payload").raw(protocol::without_white_space(loss.payload));
  json.key("detail").raw(protocol::without_white_space(loss.detail));
  json.key("deleted").boolean(loss.deleted).end_object();
  return out;
}

/// `title, done` of the names of an array.
std::string listed(std::string_view names) {
  std::string text;
  protocol::JsonReader reader(names);
  reader.array([&] { text += (text.empty() ? "" : ", ") + std::string(reader.string()); });
  return printable(text);
}

/// Which fields lost, or what was wrong with them.
void write_detail(const Loss& loss, std::ostream& out) {
  if (loss.detail.starts_with('[')) {
    out << "  lost: " << listed(loss.detail) << "\n";
    return;
  }
  const std::string_view lost = protocol::find_member(loss.detail, loss.why == "conflict" ? "fields" : "lost");
  if (lost.starts_with('[') && lost != "[]") out << "  lost: " << listed(lost) << "\n";
  const std::string_view messages = protocol::find_member(loss.detail, "messages");
  if (!messages.starts_with('{')) return;
  for (const protocol::Member& member : protocol::members(messages)) {
    out << "  " << printable(protocol::unescaped(member.key)) << ": "
        << printable(protocol::without_white_space(member.value)) << "\n";
  }
}

void write_text(const Loss& loss, std::ostream& out) {
  out << rfc3339_ms(from_ms(loss.decided_us / 1000)) << "  " << printable(loss.model.value) << " "
      << printable(loss.entity_id.value) << "  " << printable(loss.why);
  const bool is_overwritten = loss.why == "overwritten" && !loss.won_by.value.empty();
  if (is_overwritten) out << " by " << printable(loss.won_by.value);
  if (loss.by_program) out << ", decided by a program";
  out << " (mutation " << printable(loss.mutation_id.value) << ")\n  " << (loss.deleted ? "deleted" : "written")
      << " by " << printable(loss.written_by.value) << " at " << rfc3339_ms(from_ms(loss.written_ms)) << ": "
      << printable(protocol::without_white_space(loss.payload)) << "\n";
  write_detail(loss, out);
  if (is_overwritten || loss.won_by.value.empty()) return;
  out << "  against what " << printable(loss.won_by.value) << " wrote, taken at "
      << rfc3339_ms(from_ms(loss.won_us / 1000)) << "\n";
}

/// A name that was mistyped must not look like a scope in which all is well.
void throw_if_unknown(sql::Transaction& transaction, const std::string& wanted) {
  if (wanted == k_usual_scope) return;
  std::string known;
  for (const Scope& scope : authority::scopes(transaction)) {
    if (scope.value == wanted) return;
    known += (known.empty() ? "" : ", ") + printable(scope.value);
  }
  throw Error(ErrorCode::not_found, "nothing was ever pushed to scope " + printable(wanted),
              known.empty() ? "Nothing was pushed to this store yet." : "There is: " + known + ".");
}

void say_nothing_was_lost(const LossRequest& request, std::int64_t others, std::ostream& out) {
  out << "nothing was lost in scope " << printable(request.scope);
  if (!request.model.empty()) out << " of " << printable(request.model);
  if (!request.id.empty()) out << " " << printable(request.id);
  if (others > 0) out << "; " << others << (others == 1 ? " other scope has losses" : " other scopes have losses");
  out << "\n";
}

}  // namespace

int list_losses(const Options& options, const LossRequest& request, bool json, std::ostream& out) {
  const auto models = load_models(options.models);
  const auto store = open_migrated_store(options);
  const authority::LossFilter filter{Scope{request.scope}, ModelName{request.model}, EntityId{request.id}};
  bool any = false;
  std::int64_t others = 0;
  sql::in_transaction(*store, sql::Access::read, [&](sql::Transaction& transaction) {
    throw_if_unknown(transaction, request.scope);
    authority::losses(transaction, filter, [&](const Loss& found) {
      any = true;
      const Loss loss = as_shown(*models, found);
      if (json) {
        out << as_json(loss) << "\n";
      } else {
        write_text(loss, out);
      }
    });
    if (!any) others = authority::other_scopes_with_losses(transaction, filter.scope);
  });
  if (!any && !json) say_nothing_was_lost(request, others, out);
  return k_exit_done;
}

}  // namespace tether::service
