#include "plugins/qwen_oauth/form_encoding.hpp"

namespace qwen_oauth {
namespace {

bool stays(char c) {
    const bool is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return is_alphanumeric || std::string_view("-_.!~*'()").find(c) != std::string_view::npos;
}

void append_encoded(std::string& out, std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    for (const char c : text) {
        if (stays(c)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
}

}  // namespace

std::string percent_encoded(std::string_view text) {
    std::string out;
    out.reserve(text.size() * 3);
    append_encoded(out, text);
    return out;
}

std::string form_encoded(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    std::size_t size = 0;
    for (const auto& [name, value] : fields) size += (name.size() + value.size()) * 3 + 2;
    std::string out;
    // One allocation: a credential is in no buffer that was given back unwiped.
    out.reserve(size);
    for (const auto& [name, value] : fields) {
        if (!out.empty()) out += '&';
        append_encoded(out, name);
        out += '=';
        append_encoded(out, value);
    }
    return out;
}

}  // namespace qwen_oauth
