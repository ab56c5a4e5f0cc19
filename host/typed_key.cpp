#include "host/typed_key.hpp"

#include <algorithm>

namespace qwen::host {

std::string_view without_white_space_around(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const auto first = text.find_first_not_of(kSpace);
    return first == std::string_view::npos ? std::string_view{} : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

TypedKey tidy_key(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    auto key = without_white_space_around(text);
    if (key.size() >= 2 && key.front() == key.back() && (key.front() == '"' || key.front() == '\'')) key = without_white_space_around(key.substr(1, key.size() - 2));
    const bool is_plausible = !key.empty() && std::none_of(key.begin(), key.end(), [](unsigned char c) { return c <= 0x20 || c > 0x7e; });
    return {Secret(key), key.size() != text.size(), is_plausible};
}

}  // namespace qwen::host
