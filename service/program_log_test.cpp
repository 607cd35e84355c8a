// SPDX-License-Identifier: MIT
#include "service/program_log.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace tether;
using namespace tether::service;

namespace {

struct Lines {
  SteppingClock clock{from_ms(0), std::chrono::microseconds(0)};
  std::vector<std::string> logged;
  Log log{clock, LogFormat::text, [this](std::string_view line) {
            constexpr std::string_view k_time = "1970-01-01T00:00:00.000Z ";
            line.remove_prefix(k_time.size());
            line.remove_suffix(1);
            logged.emplace_back(line);
          }};
  ProgramLog program{log, "/opt/decide"};
  ProgramLog::TimePoint now{std::chrono::hours(1)};

  Lines() { program.set_pid(7); }
  void add(std::string_view bytes) { program.add(bytes, now); }
};

using Logged = std::vector<std::string>;

TEST_CASE("what a program says becomes a line each, however it arrives") {
  Lines lines;
  lines.add("one\ntw");
  lines.add("o\r\n\n");
  lines.add("thr\"ee");
  CHECK(lines.logged == Logged{"info    program says program=/opt/decide pid=7 line=one",
                               "info    program says program=/opt/decide pid=7 line=two",
                               "info    program says program=/opt/decide pid=7 line=\"\""});
  lines.logged.clear();
  lines.program.finish();
  lines.program.finish();
  CHECK(lines.logged == Logged{R"(info    program says program=/opt/decide pid=7 line="thr\"ee")"});
}

TEST_CASE("a long line is cut, at the end of a character") {
  Lines lines;
  lines.add(std::string(999, 'a'));
  lines.add("\xc3\xa4" + std::string(5'000'000, 'b'));
  lines.add("b\nshort\n" + std::string(1'000, 'c') + "\n");
  REQUIRE(lines.logged.size() == 3);
  const std::string start = "info    program says program=/opt/decide pid=7 line=";
  CHECK(lines.logged[0] == start + '"' + std::string(999, 'a') + "…\"");
  CHECK(lines.logged[1] == start + "short");
  CHECK(lines.logged[2] == start + std::string(1'000, 'c'));
}

TEST_CASE("who says too much is heard again a while later") {
  Lines lines;
  for (int i = 0; i < 150; ++i) lines.add("x\n");
  CHECK(lines.logged.size() == 100);
  lines.now += ProgramLog::k_window;
  lines.add("y\n");
  REQUIRE(lines.logged.size() == 102);
  CHECK(lines.logged[100] == R"(warning program said too much program=/opt/decide pid=7 lines_left_out=50)");
  CHECK(lines.logged[101] == "info    program says program=/opt/decide pid=7 line=y");
}

TEST_CASE("an event of the service names the program, and the fault if there is one") {
  Lines lines;
  lines.program.note(LogLevel::info, "program started");
  lines.program.note(LogLevel::warning, "program failed and is killed", "took too long");
  CHECK(lines.logged ==
        Logged{"info    program started program=/opt/decide pid=7",
               "warning program failed and is killed program=/opt/decide pid=7 fault=\"took too long\""});
}

}  // namespace
