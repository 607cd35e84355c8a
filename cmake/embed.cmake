# SPDX-License-Identifier: MIT
# Writes OUT: a C++ file that holds the text of IN under the name SYMBOL.
file(READ ${IN} text)
file(WRITE ${OUT} "#include <string_view>
namespace tether::embedded {
extern const std::string_view ${SYMBOL};
const std::string_view ${SYMBOL} = R\"__embed__(${text})__embed__\";
}  // namespace tether::embedded
")
