// The body of a chat completion request, written straight into one buffer.
//
// A history of megabytes must not be built as a tree of JSON nodes first: messages are escaped into the body as they stand.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/chat/chat_event.hpp"

namespace qwen::chat {

struct ChatRequest {
    std::string model;
    std::span<const Message> messages;  ///< borrowed for the call
    bool stream = true;
};

/// {"model":…,"messages":[…],"stream":true,"stream_options":{"include_usage":true}}. Ill-formed UTF-8 becomes U+FFFD.
[[nodiscard]] std::string to_json(const ChatRequest& request);

/// Appends `text` as a JSON string, quotes included.
void append_json_string(std::string& out, std::string_view text);

}  // namespace qwen::chat
