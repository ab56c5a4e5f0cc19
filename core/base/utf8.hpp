// UTF-8 checking and repair (Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace qwen {

[[nodiscard]] bool is_valid_utf8(std::string_view text);
/// Replaces each maximal ill-formed part by U+FFFD.
[[nodiscard]] std::string repair_utf8(std::string_view text);
/// How many bytes at the end of `text` are the start of a sequence that is not finished yet (0 to 3).
[[nodiscard]] std::size_t incomplete_utf8_tail(std::string_view text);
/// Decodes the sequence at `offset` (less than the size) and moves it on; ill-formed bytes give U+FFFD and move by one maximal subpart.
[[nodiscard]] char32_t decode_utf8(std::string_view text, std::size_t& offset);
/// A surrogate or a number above U+10FFFF is appended as U+FFFD.
void append_utf8(std::string& text, char32_t code_point);

/// C0, DEL or C1 (ISO/IEC 6429), line breaks and tabs included.
[[nodiscard]] constexpr bool is_control_character(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

}  // namespace qwen
