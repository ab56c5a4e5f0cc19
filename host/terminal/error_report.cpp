#include "host/terminal/error_report.hpp"

#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

constexpr std::size_t kMessageCharacters = 600;

std::string hint_lines(std::string_view hint) {
    std::string text;
    bool first = true;
    while (!hint.empty()) {
        const auto end = hint.find('\n');
        text += first ? "  try: " : "       ";
        text += sanitized_line(hint.substr(0, end), kMessageCharacters) + '\n';
        first = false;
        hint = end == std::string_view::npos ? std::string_view{} : hint.substr(end + 1);
    }
    return text;
}

}  // namespace

std::string error_text(const Error& error, bool color) {
    std::string text = color ? "\033[1;31mqwen:\033[0m " : "qwen: ";
    text += sanitized_line(error.message, kMessageCharacters);
    if (error.where) text += " (" + sanitized_line(error.where->to_string(), kMessageCharacters) + ')';
    text += '\n';
    return text + hint_lines(error.hint);
}

std::string notice_text(std::string_view text) { return "qwen: " + sanitized_line(text, kMessageCharacters) + '\n'; }

}  // namespace qwen::host
