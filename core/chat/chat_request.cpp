#include "core/chat/chat_request.hpp"

#include <cstdint>
#include <cstring>

#include "core/base/utf8.hpp"

namespace qwen::chat {
namespace {

std::string_view role_name(Message::Role role) {
    switch (role) {
        case Message::Role::system: return "system";
        case Message::Role::user: return "user";
        case Message::Role::assistant: return "assistant";
    }
    return "user";
}

void append_escape(std::string& out, unsigned char c) {
    constexpr char kHex[] = "0123456789abcdef";
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default:
            out += "\\u00";
            out += kHex[c >> 4];
            out += kHex[c & 15];
    }
}

bool needs_escape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\' || c == 0x7f; }

/// The first byte from `offset` on that JSON does not take as it is; text.size() when there is none. A word of eight at a time: a history is megabytes of
/// prose with an escape in every line.
std::size_t next_escape(std::string_view text, std::size_t offset) {
    constexpr std::uint64_t kOnes = 0x0101010101010101, kHighBits = 0x8080808080808080;
    const auto holds = [](std::uint64_t word, std::uint64_t byte) {
        const std::uint64_t rest = word ^ (kOnes * byte);
        return (rest - kOnes) & ~rest & kHighBits;
    };
    std::uint64_t word = 0;
    for (; offset + sizeof word <= text.size(); offset += sizeof word) {
        std::memcpy(&word, text.data() + offset, sizeof word);
        const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighBits;
        if ((control | holds(word, '"') | holds(word, '\\') | holds(word, 0x7f)) != 0) break;
    }
    while (offset < text.size() && !needs_escape(static_cast<unsigned char>(text[offset]))) ++offset;
    return offset;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    if (!is_valid_utf8(text)) {
        append_json_string(out, repair_utf8(text));
        return;
    }
    out += '"';
    for (std::size_t start = 0;;) {
        const std::size_t escape = next_escape(text, start);
        out.append(text, start, escape - start);
        if (escape == text.size()) break;
        append_escape(out, static_cast<unsigned char>(text[escape]));
        start = escape + 1;
    }
    out += '"';
}

std::string to_json(const ChatRequest& request) {
    std::size_t bytes = 256;
    for (const Message& message : request.messages) bytes += message.content.size() + message.content.size() / 16 + 40;
    std::string body;
    body.reserve(bytes);
    body += "{\"model\":";
    append_json_string(body, request.model);
    body += ",\"messages\":[";
    bool first = true;
    for (const Message& message : request.messages) {
        body += first ? "{\"role\":\"" : ",{\"role\":\"";
        first = false;
        body += role_name(message.role);
        body += "\",\"content\":";
        append_json_string(body, message.content);
        body += '}';
    }
    body += request.stream ? "],\"stream\":true,\"stream_options\":{\"include_usage\":true}}" : "],\"stream\":false}";
    return body;
}

}  // namespace qwen::chat
