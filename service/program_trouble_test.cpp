// SPDX-License-Identifier: MIT
// Programs that misbehave in every way that was thought of: no answer, and never a hang, nor somebody else's answer.
#include "service/program_fixture.hpp"

using namespace tether;
using namespace tether::service;
using rules::Verdict;

namespace {

/// A program that does `once` the first time that it runs, and answers properly from then on.
rules::Command first(const std::string& once, std::int64_t time_limit_ms = 20'000) {
  return sh("echo $$ >>$FOLDER/pids; if mkdir $FOLDER/once 2>/dev/null; then " + once + "; fi; " + each(k_keep),
            time_limit_ms);
}

/// The reason that the first question got, once it is certain that the next one is answered by a new process, and
/// that nothing of the old one is left.
std::string why_not(rules::Command command, const std::function<void(ProgramBounds&)>& change = {}) {
  Programs programs(change);
  const std::string why = programs.why(command);
  command.time_limit_ms = 20'000;
  CHECK(programs.ask(command) == Verdict(rules::Keep{}));
  CHECK(programs.times_logged("program failed and is killed") == 1);
  std::istringstream pids(programs.written("pids"));
  std::string current;
  std::string pid;
  while (pids >> pid) current = pid;
  pids = std::istringstream(programs.written("pids"));
  while (pids >> pid) {
    CAPTURE(pid);
    if (pid != current) CHECK(eventually([&] { return !runs(pid); }));
  }
  programs.end();
  CHECK(!has_zombie());
  const std::string prefix = "/bin/sh: ";
  REQUIRE(why.starts_with(prefix));
  return why.substr(prefix.size());
}

void impatient(ProgramBounds& bounds) {
  bounds.start_time = milliseconds(900);
}

TEST_CASE("garbage is no answer") {
  CHECK(why_not(first("read line; echo garbage")) == "answer: not valid JSON at byte 0: expected a value");
  CHECK(why_not(first("read line; printf '\\000\\377\\n'")) == "answer: not valid JSON at byte 0: expected a value");
  CHECK(why_not(first("read line; echo")) == "answer: not valid JSON: the text ends after 0 bytes, expected a value");
}

TEST_CASE("an answer to another question is none") {
  CHECK(why_not(first("read line; echo '{\"id\":99,\"keep\":true}'")) == "answer.id: is 99, but 1 was asked");
}

TEST_CASE("ten megabytes without the end of a line are no answer, and are not kept") {
  CHECK(why_not(first("head -c 11000000 /dev/zero | tr '\\0' x; sleep 1000")) ==
        "wrote 10000000 bytes and no end of a line");
  CHECK(why_not(first("exec cat /dev/zero")) == "wrote 10000000 bytes and no end of a line");
}

TEST_CASE("a program that hangs is killed, with what it started") {
  CHECK(why_not(first("exec sleep 1000", 100), impatient) == "took too long");
  CHECK(why_not(first("sleep 1000 & echo $! >>$FOLDER/pids; wait", 100), impatient) == "took too long");
  CHECK(why_not(first("trap '' TERM INT HUP; while :; do :; done", 100), impatient) == "took too long");
}

TEST_CASE("a program that stops itself is killed, too") {
  CHECK(why_not(first("kill -STOP $$", 100), impatient) == "took too long");
}

TEST_CASE("a program that dies is replaced, and the log says how it ended") {
  CHECK(why_not(first("read line; exit 3")) == "ended with exit code 3");
  CHECK(why_not(first("read line; exit 0")) == "ended with exit code 0");
  CHECK(why_not(first("read line; kill -SEGV $$")) == "was ended by SIGSEGV");
}

TEST_CASE("a fork that keeps the pipes open holds nobody up, and is killed") {
  CHECK(why_not(first("read line; sleep 1000 & echo $! >>$FOLDER/pids; exit 4")) == "ended with exit code 4");
}

TEST_CASE("a program that closes its output or its input is not waited for") {
  CHECK(why_not(first("read line; exec >&-; sleep 1000")) == "closed its output");
  Programs programs;
  const auto deaf = first("exec <&-; sleep 1000");
  CHECK(programs.why(deaf, question(R"({"a":")" + std::string(1'000'000, 'x') + "\"}")) == "/bin/sh: closed its input");
  CHECK(programs.ask(deaf) == Verdict(rules::Keep{}));
}

TEST_CASE("a program that reads nothing of a large question is not waited for without end") {
  Programs programs(impatient);
  CHECK(programs.why(sh("exec sleep 1000", 100), question(R"({"a":")" + std::string(1'000'000, 'x') + "\"}")) ==
        "/bin/sh: took too long");
}

TEST_CASE("half a line is never taken for the beginning of the next answer") {
  CHECK(why_not(first("read line; printf '{\"id\":'; exec sleep 1000", 100), impatient) == "took too long");
  CHECK(why_not(first("read line; printf '{\"id\":1,\"keep\":true}'; exit")) == "ended with exit code 0");
}

TEST_CASE("who says more than was asked is not asked again") {
  Programs programs;
  const auto talker = first("read line; printf '{\"id\":1,\"delete\":true}\\n{\"id\":2,\"delete\":true}\\n'");
  CHECK(programs.ask(talker) == Verdict(rules::Delete{}));
  CHECK(programs.ask(talker) == Verdict(rules::Keep{}));
  CHECK(programs.times_logged("program ended or spoke unasked") == 1);
  CHECK(programs.lines_written("pids") == 2);
}

TEST_CASE("a program that died while nobody asked it costs no answer") {
  Programs programs;
  const auto command = first("read line; echo '{\"id\":1,\"keep\":true}'; exit 0");
  CHECK(programs.ask(command) == Verdict(rules::Keep{}));
  CHECK(eventually([&] { return programs.times_logged("program ended or spoke unasked") == 1; }));
  std::string pid = programs.written("pids");
  pid.pop_back();
  CHECK(eventually([&] { return !runs(pid); }));
  CHECK(programs.ask(command) == Verdict(rules::Keep{}));
}

TEST_CASE("a program that cannot be started says why, and leaves nothing open") {
  const std::size_t descriptors = open_descriptors();
  {
    Programs programs;
    CHECK(programs.why({{"/nowhere/decide"}, 1'000}) ==
          "/nowhere/decide: cannot be started: No such file or directory");
    CHECK(programs.times_logged("program did not start program=/nowhere/decide fault=") == 1);
    CHECK(programs.why({{"tether-no-such-program"}, 1'000}) ==
          "tether-no-such-program: cannot be started: No such file or directory");
    CHECK(programs.why({{"/"}, 1'000}) == "/: cannot be started: Permission denied");
    const std::string no_shebang = programs.folder.file("decide");
    std::ofstream(no_shebang) << each(k_keep);
    std::filesystem::permissions(no_shebang, std::filesystem::perms::owner_all);
    CHECK(programs.why({{no_shebang}, 1'000}) == no_shebang + ": cannot be started: Exec format error");
  }
  CHECK(open_descriptors() == descriptors);
}

TEST_CASE("a program that dies at once is not started again and again, and a batch does not wait for it") {
  Programs programs([](ProgramBounds& bounds) {
    bounds.restart = {.first = milliseconds(3'600'000'000), .most = milliseconds(3'600'000'000)};
  });
  const auto command = sh("echo $$ >>$FOLDER/pids; exit 3");
  for (const Verdict& verdict : programs.ask_all(command, std::vector<rules::Question>(1'000, question()))) {
    REQUIRE(std::holds_alternative<rules::NoAnswer>(verdict));
  }
  CHECK(programs.why(command) == "/bin/sh: not started again yet; the last time: ended with exit code 3");
  CHECK(programs.lines_written("pids") <= 4);
  CHECK(programs.times_logged("program failed and is killed") == programs.lines_written("pids"));
}

TEST_CASE("a program that works again is asked again after a while") {
  Programs programs(
      [](ProgramBounds& bounds) { bounds.restart = {.first = milliseconds(50), .most = milliseconds(50)}; });
  const auto command = sh("[ -e $FOLDER/mended ] || exit 3; " + each(k_keep));
  for (int i = 0; i < 20; ++i) CHECK(programs.why(command) != "");
  std::ofstream(programs.folder.file("mended")) << "yes";
  CHECK(eventually([&] { return programs.ask(command) == Verdict(rules::Keep{}); }));
}

TEST_CASE("one question that a program dies of takes no other with it") {
  Programs programs;
  const auto command = sh(each("case $line in *poison*) exit 5;; esac; " + k_keep));
  std::vector<rules::Question> questions(9, question());
  questions[4] = question(R"({"a":"poison"})");
  const auto verdicts = programs.ask_all(command, questions);
  for (std::size_t i = 0; i < 9; ++i) {
    CAPTURE(i);
    if (i == 4) {
      CHECK(verdicts[i] == Verdict(rules::NoAnswer{"/bin/sh: ended with exit code 5"}));
    } else {
      CHECK(verdicts[i] == Verdict(rules::Keep{}));
    }
  }
}

TEST_CASE("a batch of slow answers is broken off, and so is the wait for a process that is busy") {
  Programs programs([](ProgramBounds& bounds) {
    bounds.processes = 1;
    bounds.batch_time = milliseconds(200);
  });
  const auto command = sh(each("echo x >>$FOLDER/asked; sleep 0.3; " + k_keep));
  std::thread other([&] { programs.ask(command); });
  CHECK(eventually([&] { return programs.lines_written("asked") == 1; }));
  const auto verdicts = programs.ask_all(command, std::vector<rules::Question>(5, question()));
  other.join();
  CHECK(verdicts.back() == Verdict(rules::NoAnswer{"/bin/sh: no process was free in the time for a batch"}));
  CHECK(programs.lines_written("asked") <= 2);
}

TEST_CASE("a program that floods stderr still answers, and the log stays readable") {
  Programs programs;
  const auto command = sh("yes trouble | head -n 200000 >&2; " + each(k_keep));
  CHECK(programs.ask(command) == Verdict(rules::Keep{}));
  programs.end();
  CHECK(programs.times_logged("line=trouble") >= 100);
  CHECK(programs.times_logged("line=trouble") <= 1'000);
  CHECK(programs.times_logged("program said too much") >= 1);
}

TEST_CASE("under threads and every kind of trouble, each answer that comes belongs to its question") {
  Programs programs([](ProgramBounds& bounds) {
    bounds.restart = {.first = milliseconds(1), .most = milliseconds(1)};
    bounds.processes = 3;
  });
  const auto command = sh("n=$$; " + each(R"sh(n=$((n + 1)); case $((n % 11)) in
    0) exit 1;; 1) echo garbage;; 2) printf '{"id":'; exit;; 3) echo '{"id":0,"keep":true}';; *) )sh" +
                                          k_name_entity + ";; esac"));
  std::atomic<int> wrong = 0;
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 6; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 25; ++i) {
          const std::string name = "F" + std::to_string(thread) + "_" + std::to_string(i);
          const Verdict verdict = programs.ask(command, question("{}", name));
          if (std::holds_alternative<rules::NoAnswer>(verdict)) continue;
          ++answered;
          if (verdict != Verdict(rules::Refuse{name})) ++wrong;
        }
      });
    }
  }
  CHECK(wrong == 0);
  CHECK(answered > 20);
}

}  // namespace
