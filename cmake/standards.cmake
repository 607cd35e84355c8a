# SPDX-License-Identifier: MIT
# What every target of this project is compiled with, and what links one.
add_library(tether_standards INTERFACE)
target_compile_features(tether_standards INTERFACE cxx_std_20)
# Another project has warnings of its own.
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(tether_standards INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  # Members that a designated initializer leaves out are value-initialised, and meant to be.
  target_compile_options(tether_standards INTERFACE -Wno-missing-field-initializers)
  # False alarms of GCC 12 in optimised std::string and std::optional (GCC bugs 105651, 80635).
  target_compile_options(tether_standards INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized>)
endif()
if(TETHER_WARNINGS_ARE_ERRORS)
  target_compile_options(tether_standards INTERFACE -Werror)
endif()
if(TETHER_SANITIZE)
  target_compile_options(tether_standards INTERFACE -fsanitize=${TETHER_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(tether_standards INTERFACE -fsanitize=${TETHER_SANITIZE})
endif()
target_compile_definitions(tether_standards INTERFACE TETHER_VERSION="${PROJECT_VERSION}")
