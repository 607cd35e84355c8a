// SPDX-License-Identifier: MIT
#include "cmd/byte_size.hpp"

#include <doctest/doctest.h>

namespace tether::cmd {

TEST_CASE("sizes are shown in the largest unit that leaves something before the point") {
  CHECK(human_bytes(0) == "0 bytes");
  CHECK(human_bytes(1) == "1 byte");
  CHECK(human_bytes(1023) == "1,023 bytes");
  CHECK(human_bytes(1024) == "1.0 KiB");
  CHECK(human_bytes(1536) == "1.5 KiB");
  CHECK(human_bytes(20 * 1024) == "20 KiB");
  CHECK(human_bytes(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(human_bytes(5'368'709'120) == "5.0 GiB");
  CHECK(human_bytes(9'223'372'036'854'775'807) == "8388608 TiB");
}

TEST_CASE("a file that is not there takes no room") {
  CHECK(file_bytes("/nowhere/at/all") == 0);
}

}  // namespace tether::cmd
