// The answer to a prompt in one of the three output formats. Only this is written to standard output.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/chat/chat_event.hpp"
#include "host/cli/options.hpp"
#include "host/terminal/answer_writer.hpp"

namespace qwen::host {

/// Who answered, for the JSON formats.
struct AnswerFacts {
    std::string provider;
    std::string model;
    std::chrono::milliseconds duration{0};
};

/// Not thread-safe. Exactly one of `succeed` and `fail` is called, once, at the end.
class PromptOutput : public chat::AnswerSink {
public:
    virtual void succeed(const chat::Completion& completion, const AnswerFacts& facts) = 0;
    /// What was shown of the answer stays. The text format leaves the error to standard error.
    virtual void fail(const Error& error, const AnswerFacts& facts) = 0;
    /// Why standard output could not be written; a reader that went away is no failure.
    [[nodiscard]] virtual const std::optional<Error>& write_failure() const = 0;
    [[nodiscard]] virtual bool reader_gone() const = 0;
};

/// text: the answer as it comes. json: {"schema":1,"ok",…,"answer"} at the end. stream-json: a line {"type":"delta","text"} for each batch, then
/// {"type":"result",…} with the same members as json.
[[nodiscard]] std::unique_ptr<PromptOutput> make_prompt_output(OutputFormat format, int fd, AnswerForm form);

}  // namespace qwen::host
