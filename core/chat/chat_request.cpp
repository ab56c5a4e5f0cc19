#include "core/chat/chat_request.hpp"

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

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    if (!is_valid_utf8(text)) {
        append_json_string(out, repair_utf8(text));
        return;
    }
    out += '"';
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
        out.append(text, start, i - start);
        append_escape(out, c);
        start = i + 1;
    }
    out.append(text, start, text.size() - start);
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
