#include "core/http/message.hpp"

#include <algorithm>
#include <cctype>

namespace qwen::http {
namespace {

constexpr std::size_t kMaxHeaders = 100;
constexpr std::size_t kMaxValueBytes = 8192;

// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](unsigned char c) {
        return (c < 0x80 && std::isalnum(c) != 0) || kPunctuation.find(static_cast<char>(c)) != std::string_view::npos;
    });
}

// RFC 9110 section 5.5: visible characters, space, tab and obs-text; nothing that could end the line.
bool is_field_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); });
}

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

Error refused(std::string_view name, std::string_view why) {
    return {ErrorCode::config_invalid, "header \"" + std::string(name.substr(0, 64)) + "\" " + std::string(why), {}, std::nullopt};
}

}  // namespace

std::string_view without_ows(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Result<void> HeaderList::set(std::string_view name, std::string_view value, bool sensitive) {
    if (!is_token(name)) return Error{ErrorCode::config_invalid, "a header name has characters that HTTP does not allow", {}, std::nullopt};
    if (!is_field_value(value)) return refused(name, "has a line break or another control character in its value");
    if (value.size() > kMaxValueBytes) return refused(name, "is longer than 8 KiB");
    remove(name);
    if (headers_.size() >= kMaxHeaders) return refused(name, "is one header too many (100)");
    headers_.push_back({std::string(name), Secret(value), sensitive});
    return {};
}

std::optional<std::string_view> HeaderList::get(std::string_view name) const {
    const auto found = std::find_if(headers_.begin(), headers_.end(), [&](const Header& header) { return same_name(header.name, name); });
    if (found == headers_.end()) return std::nullopt;
    return found->value.reveal();
}

void HeaderList::remove(std::string_view name) {
    std::erase_if(headers_, [&](const Header& header) { return same_name(header.name, name); });
}

bool HeaderList::has_sensitive() const {
    return std::any_of(headers_.begin(), headers_.end(), [](const Header& header) { return header.sensitive; });
}

HeaderList HeaderList::duplicate() const {
    HeaderList copy;
    copy.headers_.reserve(headers_.size());
    for (const Header& header : headers_) copy.headers_.push_back({header.name, header.value.duplicate(), header.sensitive});
    return copy;
}

Result<std::string> read_all(BodyReader& body, std::size_t limit) {
    std::string text;
    char buffer[16 << 10];
    for (;;) {
        QWEN_TRY(const std::size_t count, body.read_some(buffer));
        if (count == 0) return text;
        if (text.size() + count > limit)
            return Error{ErrorCode::bad_response, "the answer is longer than " + std::to_string(limit) + " bytes", {}, std::nullopt};
        text.append(buffer, count);
    }
}

}  // namespace qwen::http
