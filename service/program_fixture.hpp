// SPDX-License-Identifier: MIT
// For tests: a pool of programs written in a line of sh, and what became of their processes.
#pragma once

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "service/program_pool.hpp"
#include "service/world.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::service {

using std::chrono::milliseconds;

/// Runs `body` for each question, which is in $line, its id in $id and the entity's in $entity; `say` answers it.
inline std::string each(const std::string& body) {
  return R"sh(say() { printf '{"id":%s,%s}\n' "$id" "$1"; }
    while IFS= read -r line; do
      id=${line#*:}; id=${id%%,*}; entity=${line#*'"entity_id":"'}; entity=${entity%%'"'*}
      )sh" +
         body + "; done";
}
inline const std::string k_keep = R"sh(say '"keep":true')sh";
inline const std::string k_name_entity = R"sh(say "\"reject\":\"$entity\"")sh";

/// The command that runs `text` in a shell.
inline rules::Command sh(const std::string& text, std::int64_t time_limit_ms = 20'000) {
  return {{"/bin/sh", "-c", text}, time_limit_ms};
}

inline rules::Question question(const std::string& ours = "{}", const std::string& entity_id = "F1") {
  return {.model = ModelName{"Fee"}, .entity_id = EntityId{entity_id}, .ours = ours};
}

inline bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 2'000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

inline std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

class Programs {
 public:
  explicit Programs(const std::function<void(ProgramBounds&)>& change = {}) {
    // A busy machine takes its time; a test that is about time says so.
    ProgramBounds bounds{.start_time = milliseconds(20'000), .batch_time = milliseconds(120'000)};
    if (change) change(bounds);
    auto environment = environment_for_programs(environ);
    environment.push_back("FOLDER=" + folder.path().string());
    pool_ = std::make_unique<ProgramPool>(log_, random_, environment, bounds);
  }

  ProgramPool& pool() { return *pool_; }
  void end() { pool_.reset(); }

  std::vector<rules::Verdict> ask_all(const rules::Command& command, const std::vector<rules::Question>& questions) {
    std::vector<authority::Case> cases;
    for (const rules::Question& one : questions) cases.push_back({command, one});
    return pool_->decide(cases);
  }
  rules::Verdict ask(const rules::Command& command, const rules::Question& one = question()) {
    return ask_all(command, {one}).at(0);
  }
  /// Why there was no answer; empty when there was one.
  std::string why(const rules::Command& command, const rules::Question& one = question()) {
    const rules::Verdict verdict = ask(command, one);
    const auto* none = std::get_if<rules::NoAnswer>(&verdict);
    return none == nullptr ? "" : none->why;
  }

  /// What programs wrote into a file of $FOLDER.
  std::string written(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder.file(name)).rdbuf();
    return text.str();
  }
  std::size_t lines_written(const std::string& name) const {
    const std::string text = written(name);
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
  }
  std::string logged() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  std::size_t times_logged(const std::string& text) {
    const std::string lines = logged();
    std::size_t times = 0;
    for (auto at = lines.find(text); at != lines.npos; at = lines.find(text, at + 1)) ++times;
    return times;
  }

  testing::TemporaryDirectory folder;

 private:
  SystemClock clock_;
  SharedRandom random_{std::make_unique<SeededRandom>(4)};
  std::mutex mutex_;
  std::string lines_;
  Log log_{clock_, LogFormat::text, [this](std::string_view line) {
             const std::lock_guard lock(mutex_);
             lines_ += line;
           }};
  std::unique_ptr<ProgramPool> pool_;
};

/// A zombie does not run: one that is no child of ours is for others to bury.
inline bool runs(const std::string& pid) {
  std::string stat;
  std::getline(std::ifstream("/proc/" + pid + "/stat"), stat);
  return !stat.empty() && stat.find(") Z ") == stat.npos;
}

/// Whether a child of this process is a zombie.
inline bool has_zombie() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

}  // namespace tether::service
