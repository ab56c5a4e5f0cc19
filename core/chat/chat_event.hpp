// What a chat completion is made of, for the caller.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qwen::chat {

struct Message {
    enum class Role : std::uint8_t { system, user, assistant };
    Role role = Role::user;
    std::string content;  ///< UTF-8
};

struct Usage {
    std::uint64_t prompt_tokens = 0;
    std::uint64_t completion_tokens = 0;
    std::uint64_t total_tokens = 0;
};

/// How the answer ended and what it cost.
struct Completion {
    std::string id;             ///< the server's; may be empty
    std::string model;          ///< the model that answered, by the server's word; may be empty
    std::string finish_reason;  ///< "stop", "length", …; empty when the server only sent [DONE]
    std::optional<Usage> usage;
};

/// Receives the answer while it arrives.
class AnswerSink {
public:
    virtual ~AnswerSink() = default;
    /// `text` is untrusted UTF-8, never split inside a character; borrowed for the call.
    /// Returns false when nobody reads any more (EPIPE): the request is then ended quietly.
    [[nodiscard]] virtual bool delta(std::string_view text) = 0;
    /// Everything read at once was handed over: write it out now.
    virtual void flush() = 0;
};

}  // namespace qwen::chat
