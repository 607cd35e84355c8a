// SPDX-License-Identifier: MIT
#include "cmd/conflict_edit.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <unordered_map>
#include <vector>

#include "base/hash.hpp"
#include "base/ulid.hpp"
#include "cmd/conflict_view.hpp"
#include "cmd/editor.hpp"
#include "cmd/input.hpp"
#include "cmd/json_out.hpp"
#include "protocol/payload.hpp"
#include "rules/fields.hpp"

namespace tether::cmd {
namespace {

using protocol::Member;
using replica::ConflictView;

constexpr std::size_t k_text_bytes_max = 8 * 1024 * 1024;  // a payload of the largest size with its comments

using Values = std::unordered_map<std::string, std::string_view>;

Values values_of(std::string_view object) {
  Values values;
  for (const Member& member : protocol::members(object)) values.emplace(protocol::unescaped(member.key), member.value);
  return values;
}

/// The fields that mine changed and that nobody has changed since theirs.
std::string taken_of_mine(const ConflictView& conflict, std::string_view now) {
  const Values theirs = values_of(conflict.theirs);
  const Values present = values_of(now);
  protocol::ObjectWriter taken;
  const std::string changed = rules::changes(conflict.base, conflict.mine);
  for (const Member& member : protocol::members(changed)) {
    const std::string field = protocol::unescaped(member.key);
    const auto at_present = present.find(field);
    const auto of_theirs = theirs.find(field);
    const bool absent = at_present == present.end() && of_theirs == theirs.end();
    const bool untouched = at_present != present.end() && of_theirs != theirs.end() &&
                           rules::same_value(at_present->second, of_theirs->second);
    if (absent || untouched) taken.member(member.key, member.value);
  }
  return std::move(taken).finish();
}

std::string proposed(const Disputed& disputed) {
  const ConflictView& conflict = disputed.conflict;
  if (!disputed.now) return conflict.operation == protocol::Operation::remove ? "{}" : conflict.mine;
  if (conflict.operation == protocol::Operation::remove) return *disputed.now;
  return rules::overlay(*disputed.now, taken_of_mine(conflict, *disputed.now));
}

constexpr std::string_view k_written_before = "\n# The record changed. This was written before:\n";

std::string record_line(const Disputed& disputed) {
  return "# record " + (disputed.now ? content_hash(*disputed.now) : "deleted") + "\n";
}

std::string explanation(const Disputed& disputed) {
  const ConflictView& conflict = disputed.conflict;
  std::string text = "# " + printable(conflict.key.model.value) + " " + printable(conflict.key.id.value) +
                     ", conflict " + printable(conflict.mutation_id.value) + "\n";
  if (conflict.operation == protocol::Operation::remove) {
    text += "# You deleted it (--mine deletes it again); they changed it.\n";
  }
  if (conflict.theirs_deleted) text += "# They deleted it. What you leave here makes it again; --theirs lets it be.\n";
  return text +
         "#\n"
         "# The record will have these fields once you save this and end the editor. A field\n"
         "# that you take out stays as it is on the server. Lines that begin with # count\n"
         "# for nothing. Save nothing, or leave nothing else, and the conflict stays open.\n" +
         record_line(disputed);
}

/// Calls `take` with each line that is neither blank nor a comment.
void each_line_that_counts(std::string_view text, const std::function<void(std::string_view)>& take) {
  constexpr std::string_view k_blank = " \t\r\n";
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const std::size_t begin = line.find_first_not_of(k_blank);
    if (begin != std::string_view::npos && line[begin] != '#') take(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

std::string comments(const FieldRow& row, const Values& now, const std::string& field) {
  std::string text = "  # base    " + row.base + "\n  # mine    " + row.mine + "\n  # theirs  " + row.theirs + "\n";
  const auto found = now.find(field);
  const std::string present = found == now.end() ? "" : printable(one_line(found->second));
  if (!present.empty() && present != row.theirs) text += "  # now     " + present + "\n";
  return text;
}

[[noreturn]] void throw_no_file(const std::string& path) {
  throw Error(ErrorCode::io, "cannot write " + path + ": " + std::strerror(errno),
              "The text to edit lies beside the tether file; check who may write there.");
}

/// The text on its way through an editor, beside the tether file.
class Draft {
 public:
  Draft(std::string path, std::string_view fresh) : path_(std::move(path)) { found_ = !make(path_, fresh); }

  /// The old text stands until the new one is written.
  void replace(std::string_view text) const {
    const std::string other = path_ + ".new";
    ::unlink(other.c_str());
    if (!make(other, text) || ::rename(other.c_str(), path_.c_str()) != 0) throw_no_file(path_);
  }

  std::string read(Context& context) const { return Input(context, path_).read_all(k_text_bytes_max); }
  /// Makes it look older than it is, so that it shows when it is saved, however soon and with whatever text. The time
  /// that it has then.
  timespec set_back() const {
    timespec time = modified();
    --time.tv_sec;
    const timespec times[] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, time};
    if (::utimensat(AT_FDCWD, path_.c_str(), times, 0) != 0) throw_no_file(path_);
    return modified();
  }
  bool is_modified_since(const timespec& time) const {
    const timespec now = modified();
    return now.tv_sec != time.tv_sec || now.tv_nsec != time.tv_nsec;
  }
  void remove() const { ::unlink(path_.c_str()); }
  /// Whether it was left by an earlier try.
  bool found() const { return found_; }
  const std::string& path() const { return path_; }

 private:
  /// False where there is one already.
  static bool make(const std::string& path, std::string_view text) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 && errno == EEXIST) return false;
    if (file < 0) throw_no_file(path);
    const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (::close(file) == 0 && written) return true;
    ::unlink(path.c_str());
    throw_no_file(path);
  }

  timespec modified() const {
    struct stat found = {};
    if (::stat(path_.c_str(), &found) != 0) throw_no_file(path_);
    return found.st_mtim;
  }

  std::string path_;
  bool found_ = false;
};

/// Goes on with what was written before.
void take_up(Context& context, const Draft& draft, const Disputed& disputed) {
  const std::string written = draft.read(context);
  if (is_made_over(written, disputed)) {
    context.terminal().message("going on with what was written before, in " + printable(draft.path()) +
                               " (delete it to start anew)");
    return;
  }
  draft.replace(text_to_edit_again(disputed, written));
  context.terminal().message("the record changed since: what was written before stands as comments beneath it, in " +
                             printable(draft.path()));
}

/// Names no other file than one of ours, whatever a damaged file says.
std::string draft_path(const std::string& file, const ConflictView& conflict) {
  if (!Ulid::parse(conflict.mutation_id.value)) {
    throw Error(ErrorCode::invalid_input, "the conflict's id is no ULID", "Settle it with --mine, --theirs or --set.");
  }
  return file + "-edit-" + conflict.mutation_id.value + ".json";
}

void edit(Context& context, const Draft& draft, const Disputed& disputed,
          const std::function<void(const replica::Resolution&)>& resolve) {
  const std::string opened = draft.read(context);
  const timespec time = draft.set_back();
  run_editor(editor_command(context.environment()), draft.path());
  const std::string written = draft.read(context);
  if (written == opened && !draft.is_modified_since(time)) {
    throw Error(ErrorCode::invalid_input, "nothing was saved, so nothing is settled",
                "To settle it with the text as it is, save it all the same.");
  }
  const auto object = with_context("what you wrote", [&] { return edited_object(written); });
  if (!object) {
    draft.remove();
    throw Error(ErrorCode::invalid_input, "the text was emptied, so nothing is settled");
  }
  resolve(resolution_by(disputed, *object));
}

}  // namespace

std::string text_to_edit(const Disputed& disputed) {
  std::unordered_map<std::string, FieldRow> rows;
  for (FieldRow& row : field_rows(disputed.conflict)) rows.emplace(row.field, row);
  const std::string object = proposed(disputed);
  const std::string present = disputed.now.value_or("{}");
  const Values now = values_of(present);
  std::string text = explanation(disputed) + "{";
  std::string_view separator = "\n";
  for (const Member& member : protocol::members(object)) {
    const std::string field = protocol::unescaped(member.key);
    text += separator;
    const auto row = rows.find(printable(field));
    if (row != rows.end() && row->second.differs) text += comments(row->second, now, field);
    text += "  \"" + std::string(member.key) + "\": " + protocol::without_white_space(member.value);
    separator = ",\n";
  }
  return text + "\n}\n";
}

bool is_made_over(std::string_view text, const Disputed& disputed) {
  return text.find(record_line(disputed)) != std::string_view::npos;
}

std::string text_to_edit_again(const Disputed& disputed, std::string_view written) {
  std::string text = text_to_edit(disputed) + std::string(k_written_before);
  each_line_that_counts(written, [&](std::string_view line) { text += "#   " + std::string(line) + "\n"; });
  const std::size_t earlier = written.find(k_written_before);  // the record changed before, too
  return earlier == std::string_view::npos ? text : text + std::string(written.substr(earlier));
}

std::optional<std::string> edited_object(std::string_view text) {
  std::string object;
  each_line_that_counts(text, [&](std::string_view line) { object += std::string(line) + "\n"; });
  if (object.empty()) return std::nullopt;
  protocol::check_object(object);
  protocol::check_no_key_twice(object);
  return object;
}

replica::Resolution resolution_by(const Disputed& disputed, std::string_view object) {
  std::string fields = rules::changes(disputed.now.value_or("{}"), object);
  if (protocol::members(fields).empty()) return {.kind = replica::Resolution::Kind::theirs};
  return {.kind = replica::Resolution::Kind::data,
          .fields = std::move(fields),
          .seen = replica::Resolution::Seen{disputed.now}};
}

void resolve_in_editor(Context& context, const std::string& file, const Disputed& disputed,
                       const std::function<void(const replica::Resolution&)>& resolve,
                       const std::function<bool()>& is_open) {
  const std::string fresh = text_to_edit(disputed);
  const Draft draft(draft_path(file, disputed.conflict), fresh);
  if (draft.found()) take_up(context, draft, disputed);
  try {
    edit(context, draft, disputed, resolve);
  } catch (const Error& fault) {
    if (::access(draft.path().c_str(), F_OK) != 0) throw;
    if (!draft.found() && draft.read(context) == fresh) {
      draft.remove();
      throw;
    }
    throw Error(fault.code(), fault.what(),
                "What you wrote is kept in " + draft.path() + ". " +
                    (is_open() ? "The conflict stays open: the same command goes on with it."
                               : "The conflict was resolved meanwhile. To change the record now, use `tether record "
                                 "update`; then delete the file."));
  }
  draft.remove();
}

}  // namespace tether::cmd
