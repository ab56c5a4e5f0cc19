#include "host/terminal/drawn_lines.hpp"

#include <fmt/format.h>

#include <array>

#include "core/base/utf8.hpp"
#include "host/terminal/output.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

struct Range {
    char32_t first;
    char32_t last;
};
/// East Asian wide characters and emoji, generously: a line that is too short does no harm.
constexpr std::array kWide{Range{0x1100, 0x115F}, Range{0x2E80, 0xA4CF}, Range{0xAC00, 0xD7A3}, Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},
                           Range{0xFF00, 0xFF60}, Range{0xFFE0, 0xFFE6}, Range{0x2600, 0x27BF}, Range{0x1F000, 0x3FFFF}};

std::size_t cells_of_character(char32_t c) {
    for (const auto& range : kWide)
        if (c >= range.first && c <= range.last) return 2;
    return 1;
}

}  // namespace

std::size_t cells_of(std::string_view text) {
    std::size_t cells = 0;
    for (std::size_t offset = 0; offset < text.size();) cells += cells_of_character(decode_utf8(text, offset));
    return cells;
}

std::string fitted(std::string_view text, std::size_t cells) {
    const std::string line = sanitized_line(text, 1000);
    if (cells_of(line) <= cells) return line;
    std::size_t used = 0;
    std::size_t offset = 0;
    while (offset < line.size()) {
        std::size_t next = offset;
        used += cells_of_character(decode_utf8(line, next));
        if (used + 1 > cells) break;
        offset = next;
    }
    return cells == 0 ? std::string() : line.substr(0, offset) + "…";
}

std::string DrawnLines::to_first_line() const { return drawn_ > 1 ? fmt::format("\r\033[{}A\033[J", drawn_ - 1) : drawn_ == 1 ? "\r\033[J" : ""; }

void DrawnLines::draw(const std::vector<std::string>& lines) {
    std::string text = to_first_line();
    for (std::size_t i = 0; i < lines.size(); ++i) text += (i == 0 ? "" : "\n") + lines[i];
    write_to_stderr(text);
    drawn_ = lines.size();
}

void DrawnLines::erase() {
    write_to_stderr(to_first_line());
    drawn_ = 0;
}

}  // namespace qwen::host
