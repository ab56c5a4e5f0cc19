// The answers of the loopback provider: always the same text for the same request, so that a test can compare.
//
// Streams have the shape recorded from Qwen: `system_fingerprint` and `logprobs` null, `usage` null until a last chunk
// with empty `choices`, then "[DONE]".
#pragma once

#include "tests/loopback_provider/behaviour.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace loopback {

/// A chat request as far as the server looks at it.
struct ChatRequest {
    std::string model;
    std::string last_user_message;
    bool stream = false;
    bool include_usage = false;
};

/// A body that is no chat request throws nlohmann's exception, which becomes status 400.
[[nodiscard]] ChatRequest parse_chat_request(const std::string& body, const std::string& deployment);

/// The text without anything around it: "Once upon a time ..." unless the behaviour asks for something else.
[[nodiscard]] std::string answer_text(const ChatRequest& request, const Behaviour& behaviour);

/// The pieces the text is streamed in, one for each chunk.
[[nodiscard]] std::vector<std::string> answer_pieces(const ChatRequest& request, const Behaviour& behaviour);

/// Events as they go over the wire ("data: ...\n\n"), the closing ones included. `stamp` makes every piece the server's
/// steady clock in nanoseconds, 20 digits between brackets, at the moment the event is built: see `delta_event`.
[[nodiscard]] std::vector<std::string> stream_events(const ChatRequest& request, const Behaviour& behaviour);

/// One event with one piece of text.
[[nodiscard]] std::string delta_event(const ChatRequest& request, const Behaviour& behaviour, const std::string& piece);

/// "[" and 20 digits and "]".
[[nodiscard]] std::string clock_stamp();

/// The answer in one JSON document.
[[nodiscard]] std::string whole_answer(const ChatRequest& request, const Behaviour& behaviour);

/// An error body in the form of the OpenAI API.
[[nodiscard]] std::string error_body(const std::string& message, const std::string& type, const std::string& code);

}  // namespace loopback
