// A link as a QR code made of block characters, for a phone beside the terminal.
#pragma once

#include <string>
#include <string_view>

namespace qwen::host {

/// Lines of half blocks with a quiet zone of two modules, dark on light; empty when the text is too long for a code that fits on a screen
/// or libqrencode is not installed.
/// Needs a UTF-8 terminal.
[[nodiscard]] std::string qr_code(std::string_view text);

}  // namespace qwen::host
