#include "core/config/value.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "core/base/url.hpp"
#include "core/base/utf8.hpp"

namespace qwen::config {
namespace {

constexpr std::size_t kMaxSecret = 8u << 10;

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

std::optional<std::string> problem_with_secret(std::string_view value) {
    if (has_control_character(value)) return "holds a line break or another control character";
    if (value.size() > kMaxSecret) return "is longer than 8 KiB";
    if (value.front() == ' ' || value.back() == ' ') return "starts or ends with a space";
    return std::nullopt;
}

std::optional<std::string> problem_with_type(const Setting& setting, std::string_view value) {
    switch (setting.type) {
        case ValueType::secret: return problem_with_secret(value);
        case ValueType::url:
            if (const auto url = Url::parse(value); !url) return "is not usable as a URL: " + url.error().message;
            return std::nullopt;
        case ValueType::boolean: return parse_boolean(value) ? std::nullopt : std::optional<std::string>("is neither true nor false");
        case ValueType::integer: return parse_integer(value) ? std::nullopt : std::optional<std::string>("is not a whole number");
        case ValueType::duration: return parse_duration(value) ? std::nullopt : std::optional<std::string>("is not a duration like 10s, 500ms or 2m");
        case ValueType::text:
        case ValueType::path:
        case ValueType::text_list:
        case ValueType::command: return has_control_character(value) ? std::optional<std::string>("holds a control character") : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

std::optional<bool> parse_boolean(std::string_view text) {
    for (const auto* word : {"true", "yes", "on", "1"})
        if (equals_ignoring_case(text, word)) return true;
    for (const auto* word : {"false", "no", "off", "0"})
        if (equals_ignoring_case(text, word)) return false;
    return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (status != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (status != std::errc{}) return std::nullopt;
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    constexpr std::uint64_t kDay = 86'400'000;
    std::uint64_t factor = 0;
    if (unit == "ms") factor = 1;
    else if (unit.empty() || unit == "s") factor = 1'000;
    else if (unit == "m") factor = 60'000;
    else if (unit == "h") factor = 3'600'000;
    if (factor == 0 || number > kDay / factor) return std::nullopt;
    return std::chrono::milliseconds(number * factor);
}

std::optional<std::string> problem_with(const Setting& setting, std::string_view value) {
    if (!is_valid_utf8(value)) return "is not UTF-8 text";
    if (auto problem = problem_with_type(setting, value)) return problem;
    if (setting.choices.empty() || std::find(setting.choices.begin(), setting.choices.end(), value) != setting.choices.end()) return std::nullopt;
    std::string choices;
    for (const auto& choice : setting.choices) choices += (choices.empty() ? "" : ", ") + choice;
    return "is none of " + choices;
}

}  // namespace qwen::config
