#include "core/config/value.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "core/base/json.hpp"
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

std::string_view without_spaces_around(std::string_view text) {
    const auto start = text.find_first_not_of(" \t");
    if (start == std::string_view::npos) return {};
    return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

/// nullopt: no JSON array of strings. "[::1],localhost" is none, so addresses need no quotes.
std::optional<std::vector<std::string>> parse_json_list(std::string_view text) {
    if (!text.starts_with('[')) return std::nullopt;
    const auto json = parse_json(text, "list", {.max_depth = 2});
    if (!json || !json->is_array()) return std::nullopt;
    std::vector<std::string> elements;
    for (const auto& element : *json) {
        if (!element.is_string()) return std::nullopt;
        if (auto value = element.get<std::string>(); !value.empty()) elements.push_back(std::move(value));
    }
    return elements;
}

std::optional<std::string> problem_with_list(std::string_view value) {
    const auto elements = parse_text_list(value);
    // In JSON a line break is written as an escape: what counts is the element.
    if (has_control_character(value) || std::any_of(elements.begin(), elements.end(), has_control_character)) return "holds a control character";
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
        case ValueType::text_list: return problem_with_list(value);
        case ValueType::text:
        case ValueType::path:
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

std::vector<std::string> parse_text_list(std::string_view text) {
    if (auto elements = parse_json_list(text)) return std::move(*elements);
    std::vector<std::string> elements;
    for (std::size_t start = 0; start <= text.size();) {
        const auto end = std::min(text.find(',', start), text.size());
        if (const auto element = without_spaces_around(text.substr(start, end - start)); !element.empty()) elements.emplace_back(element);
        start = end + 1;
    }
    return elements;
}

std::string text_list_of(const std::vector<std::string>& elements) { return dump_json(elements); }

std::optional<std::string> problem_with(const Setting& setting, std::string_view value) {
    if (!is_valid_utf8(value)) return "is not UTF-8 text";
    if (auto problem = problem_with_type(setting, value)) return problem;
    if (setting.choices.empty() || std::find(setting.choices.begin(), setting.choices.end(), value) != setting.choices.end()) return std::nullopt;
    std::string choices;
    for (const auto& choice : setting.choices) choices += (choices.empty() ? "" : ", ") + choice;
    return "is none of " + choices;
}

}  // namespace qwen::config
