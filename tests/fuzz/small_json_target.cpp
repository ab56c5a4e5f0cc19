// <qwen/json.h>, which plugins read answers with: nlohmann-json is the other reader, and both have to agree on what is JSON and what stands in it.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/utf8.hpp"
#include "qwen/plugin.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace qwen;
using fuzz::expect;
using nlohmann::json;

namespace {

/// Levels of brackets outside of strings, in a text that is JSON.
int depth_of(std::string_view text) {
    int depth = 0;
    int deepest = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (in_string) {
            if (text[i] == '\\') ++i;
            else if (text[i] == '"') in_string = false;
        } else if (text[i] == '"') {
            in_string = true;
        } else if (text[i] == '{' || text[i] == '[') {
            deepest = std::max(deepest, ++depth);
        } else if (text[i] == '}' || text[i] == ']') {
            --depth;
        }
    }
    return deepest;
}

/// The first member of a name counts here, the last one there: names that come twice are left out of the comparison.
bool has_a_name_twice(std::string_view text) {
    std::vector<std::string> names;
    bool twice = false;
    const json parsed = json::parse(text, [&](int depth, json::parse_event_t event, json& name) {
        if (event == json::parse_event_t::key && depth == 1) {
            twice = twice || std::find(names.begin(), names.end(), name.get<std::string>()) != names.end();
            names.push_back(name.get<std::string>());
        }
        return true;
    }, false);
    return twice || parsed.is_discarded();
}

void compare_members(std::string_view text, const json& object) {
    for (const auto& [name, value] : object.items()) {
        if (name.size() > 64 || name.find('\0') != std::string::npos) continue;
        const auto found = plugin::json_text(text, name);
        expect(found.has_value() == value.is_string(), "a string is found where the other reader finds one");
        if (found) expect(*found == value.get<std::string>(), "both decode a string alike");
        if (value.is_number_integer() && !value.is_number_unsigned()) expect(plugin::json_integer(text, name) == value.get<std::int64_t>(), "both read a number alike");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text = fuzz::text_of(bytes, size);
    qwen_str value{};
    const bool is_object = qwen_json_member(plugin::borrow(text), "access_token", &value) != QWEN_ERR_BAD_RESPONSE;
    static_cast<void>(plugin::json_integer(text, "expires_in"));
    if (value.len > 0) expect(value.data >= text.data() && value.data + value.len <= text.data() + text.size(), "a member is part of the text");
    // The other reader insists on UTF-8, takes a byte order mark, and a NUL for the end; ours leaves the first to the host and refuses the others.
    if (!is_valid_utf8(text) || text.substr(0, 3) == "\xef\xbb\xbf" || text.find('\0') != std::string_view::npos) return 0;
    const json other = json::parse(text, nullptr, false);
    if (is_object) {
        // Numbers beyond the range of a double are an error there.
        if (other.is_discarded()) return 0;
        expect(other.is_object(), "what is an object here is one there");
    } else {
        expect(!other.is_object() || depth_of(text) > QWEN_JSON_MAX_DEPTH, "what is an object there is one here");
    }
    if (is_object && !has_a_name_twice(text)) compare_members(text, other);
    return 0;
}
