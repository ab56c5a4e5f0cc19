// From the JSON of a chat completion (chunk) to text.
//
// Accepts what real servers send: null members, any order, a last chunk with usage and no choices, chunks without finish_reason, several choices
// (the first is the answer), `content` beside `reasoning_content`, error objects in the middle of the stream.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/chat/chat_event.hpp"

namespace qwen::chat {

class ChatDecoder {
public:
    /// `sink` outlives the decoder.
    explicit ChatDecoder(AnswerSink& sink) : sink_(sink) {}

    /// One event's data of a streamed answer. Returns false when the stream is at its end ([DONE]) or nobody reads any more.
    /// Errors: provider_error (an error object), bad_response (no JSON, too deep).
    [[nodiscard]] Result<bool> chunk(std::string_view data);
    /// The whole body of an answer that is not streamed. Errors: as chunk.
    [[nodiscard]] Result<void> whole(std::string_view body);

    /// True once the server said that the answer is complete: [DONE] or a finish_reason.
    [[nodiscard]] bool finished() const { return done_ || !completion_.finish_reason.empty(); }
    [[nodiscard]] bool reader_gone() const { return reader_gone_; }
    [[nodiscard]] const bool& text_delivered() const { return text_delivered_; }
    [[nodiscard]] const Completion& completion() const { return completion_; }
    [[nodiscard]] std::size_t bytes_delivered() const { return bytes_delivered_; }

private:
    void deliver(std::string_view text);
    /// The common chunk, read without building a document; false when it is anything else.
    [[nodiscard]] bool fast_chunk(std::string_view data);
    [[nodiscard]] Result<void> full(std::string_view data, std::string_view text_member);

    AnswerSink& sink_;
    Completion completion_;
    std::string text_;  // reused
    bool done_ = false;
    bool reader_gone_ = false;
    bool text_delivered_ = false;
    std::size_t bytes_delivered_ = 0;
};

/// The text of the first choice's delta, when `data` is a chunk of the common shape: an object with an array `choices` of exactly one object that has `delta` with a string `content`, no `finish_reason`
/// but null, no `error`, no `usage` but null. nullopt for everything else, valid or not: then the full parser decides. The result is unescaped into `buffer`. Public for the differential test.
[[nodiscard]] bool read_common_delta(std::string_view data, std::string& buffer);

}  // namespace qwen::chat
