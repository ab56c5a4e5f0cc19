#include "plugins/openai_compat/api_key.hpp"

namespace openai_compat {
namespace {

constexpr std::size_t kLongestKey = 4096;  // Entra ID tokens are the longest in use, about 2 KiB
constexpr std::string_view kSpace = " \t\r\n";

std::string_view trim_space(std::string_view text) {
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

std::string_view trim_key(std::string_view text) {
    text = trim_space(text);
    const bool quoted = text.size() >= 2 && text.front() == text.back() && (text.front() == '"' || text.front() == '\'');
    return quoted ? trim_space(text.substr(1, text.size() - 2)) : text;
}

std::string_view key_defect(std::string_view key) {
    if (key.size() > kLongestKey) return "is longer than 4096 bytes";
    for (const char c : key) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\r' || c == '\n') return "contains a line break";
        if (c == ' ' || c == '\t') return "contains a space";
        if (byte > 0x7e) return "contains a character that is not ASCII";
        if (byte < 0x20 || byte == 0x7f) return "contains a control character";
    }
    return {};
}

}  // namespace openai_compat
