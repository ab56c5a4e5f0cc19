#include "host/commands/prompt.hpp"

#include "host/redaction.hpp"

namespace qwen::host {
namespace {

/// Takes the progress line away before the first text is shown.
class FirstTextSink final : public chat::AnswerSink {
public:
    FirstTextSink(PromptOutput& output, ProgressLine& progress) : output_(output), progress_(progress) {}
    bool delta(std::string_view text) override {
        if (!started_) progress_.stop();
        started_ = true;
        return output_.delta(text);
    }
    void flush() override { output_.flush(); }

private:
    PromptOutput& output_;
    ProgressLine& progress_;
    bool started_ = false;
};

}  // namespace

Result<void> ask(const PromptQuestion& question, pipeline::Pipeline& pipeline, const chat::ChatTarget& target, PromptOutput& output, ProgressLine& progress,
                 const system::Clock& clock, const Context& context) {
    std::vector<chat::Message> messages;
    if (!question.system.empty()) messages.push_back({chat::Message::Role::system, question.system});
    messages.push_back({chat::Message::Role::user, question.prompt});

    const auto start = clock.monotonic_now();
    FirstTextSink sink(output, progress);
    auto completion = chat::ChatClient(pipeline, target).stream(messages, sink, context);
    progress.stop();
    const auto duration = std::chrono::duration_cast<std::chrono::milliseconds>(clock.monotonic_now() - start);
    const AnswerFacts facts{question.provider, target.model, duration};

    // Nobody reads any more: that ended the request, and is no failure of it.
    if (output.reader_gone()) return {};
    if (!completion) {
        auto error = redacted(std::move(completion).error(), question.settings);
        output.fail(error, facts);
        return error;
    }
    output.succeed(*completion, facts);
    if (output.write_failure()) return *output.write_failure();
    return {};
}

}  // namespace qwen::host
