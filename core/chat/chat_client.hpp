// One question, one request, one streamed answer.
#pragma once

#include <string>

#include "core/chat/chat_request.hpp"
#include "core/pipeline/pipeline.hpp"

namespace qwen::chat {

struct ChatTarget {
    /// Configured base URL; the provider may replace it.
    Url base_url;
    std::string model;
    http::Timeouts timeouts;
    std::string user_agent;
    /// The whole answer may not be longer; longer ones end as bad_response.
    std::size_t max_answer_bytes = 64u << 20;
    bool stream = true;
};

class ChatClient {
public:
    /// Both outlive the client.
    ChatClient(pipeline::Pipeline& pipeline, const ChatTarget& target) : pipeline_(pipeline), target_(target) {}

    /// Sends the conversation and hands the answer to `sink` as it arrives. Errors: those of the pipeline; answer_cut_short when the stream ended before the server said it was complete; text already handed over stays
    /// valid.
    [[nodiscard]] Result<Completion> stream(std::span<const Message> messages, AnswerSink& sink, const Context& context);

private:
    pipeline::Pipeline& pipeline_;
    const ChatTarget& target_;
};

}  // namespace qwen::chat
