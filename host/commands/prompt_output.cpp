#include "host/commands/prompt_output.hpp"

#include <nlohmann/json.hpp>

#include "host/commands/json_output.hpp"

namespace qwen::host {
namespace {

class TextOutput final : public PromptOutput {
public:
    TextOutput(int fd, AnswerForm form) : writer_(fd, form) {}

    bool delta(std::string_view text) override { return writer_.delta(text); }
    void flush() override { writer_.flush(); }
    void succeed(const chat::Completion&, const AnswerFacts&) override { writer_.finish(); }
    void fail(const Error&, const AnswerFacts&) override { writer_.finish(); }
    const std::optional<Error>& write_failure() const override { return writer_.failure(); }
    bool reader_gone() const override { return writer_.reader_gone(); }

private:
    AnswerWriter writer_;
};

nlohmann::ordered_json usage_json(const std::optional<chat::Usage>& usage) {
    if (!usage) return nullptr;
    return {{"prompt_tokens", usage->prompt_tokens}, {"completion_tokens", usage->completion_tokens}, {"total_tokens", usage->total_tokens}};
}

/// json and stream-json: the same result object; the second also shows the way there.
class JsonOutput final : public PromptOutput {
public:
    JsonOutput(int fd, bool streams) : writer_(fd, {ControlForm::raw, MarkdownForm::source}), streams_(streams) {}

    bool delta(std::string_view text) override {
        batch_.append(text);
        return !writer_.reader_gone() && !writer_.failure();
    }

    void flush() override {
        if (batch_.empty()) return;
        if (streams_) write({{"schema", 1}, {"type", "delta"}, {"text", batch_}});
        answer_ += batch_;
        batch_.clear();
    }

    void succeed(const chat::Completion& completion, const AnswerFacts& facts) override {
        flush();
        auto result = start_of_result(true);
        result["answer"] = answer_;
        add_facts(result, facts);
        if (!completion.model.empty()) result["model"] = completion.model;
        result["id"] = completion.id;
        result["finish_reason"] = completion.finish_reason;
        result["usage"] = usage_json(completion.usage);
        write(result);
    }

    void fail(const Error& error, const AnswerFacts& facts) override {
        flush();
        auto result = start_of_result(false);
        result["error"] = json_error(error);
        if (!answer_.empty()) result["answer"] = answer_;
        add_facts(result, facts);
        write(result);
    }

    const std::optional<Error>& write_failure() const override { return writer_.failure(); }
    bool reader_gone() const override { return writer_.reader_gone(); }

private:
    [[nodiscard]] static nlohmann::ordered_json start_of_result(bool ok) { return {{"schema", 1}, {"type", "result"}, {"ok", ok}}; }

    static void add_facts(nlohmann::ordered_json& result, const AnswerFacts& facts) {
        if (!facts.provider.empty()) result["provider"] = facts.provider;
        if (!facts.model.empty()) result["model"] = facts.model;
        result["duration_ms"] = facts.duration.count();
    }

    void write(const nlohmann::ordered_json& value) {
        static_cast<void>(writer_.delta(json_line(value)));
        writer_.flush();
    }

    AnswerWriter writer_;
    bool streams_;
    std::string batch_;
    std::string answer_;
};

}  // namespace

std::unique_ptr<PromptOutput> make_prompt_output(OutputFormat format, int fd, AnswerForm form) {
    if (format == OutputFormat::text) return std::make_unique<TextOutput>(fd, form);
    return std::make_unique<JsonOutput>(fd, format == OutputFormat::stream_json);
}

}  // namespace qwen::host
