#include "host/conversation/paste_filter.hpp"

#include <algorithm>

namespace qwen::host {
namespace {

constexpr std::u32string_view kBegin = U"\x1b[200~";
constexpr std::u32string_view kEnd = U"\x1b[201~";

}  // namespace

void PasteFilter::feed(char32_t character, std::u32string& out) {
    const std::u32string_view marker = in_paste_ ? kEnd : kBegin;
    held_ += character;
    if (marker.starts_with(held_)) {
        if (held_.size() < marker.size()) return;
        held_.clear();
        in_paste_ = !in_paste_;
        after_return_ = false;
        return;
    }
    // It was none: the first character goes on, and what follows may begin another one.
    const std::u32string text = std::move(held_);
    held_.clear();
    if (!in_paste_) {
        out += text;
        return;
    }
    for (const char32_t c : text) {
        const bool second_of_pair = c == U'\n' && after_return_;
        after_return_ = c == U'\r';
        if (second_of_pair) continue;
        if (c == U'\n' || c == U'\r') out += mark_;
        else if (c == U'\t') out += U' ';
        else if (!is_control_character(c)) out += c;
    }
}

std::string with_line_breaks(std::string line) {
    std::replace(line.begin(), line.end(), static_cast<char>(kAsciiLineBreakMark), '\n');
    for (std::size_t at = 0; (at = line.find(kLineBreakMarkUtf8, at)) != std::string::npos; ++at) line.replace(at, kLineBreakMarkUtf8.size(), "\n");
    return line;
}

}  // namespace qwen::host
