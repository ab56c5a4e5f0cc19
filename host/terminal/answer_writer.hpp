// The answer, on standard output, as it arrives: sanitised, with its Markdown rendered where that is wanted, one write for each batch that was readable, and a
// newline at its end.
#pragma once

#include <optional>
#include <string>

#include "core/base/error.hpp"
#include "core/chat/chat_event.hpp"
#include "host/terminal/markdown_writer.hpp"
#include "host/terminal/sanitizer.hpp"
#include "host/terminal/terminal_facts.hpp"

namespace qwen::host {

enum class MarkdownForm : std::uint8_t { source, rendered };

/// How an answer is shown.
struct AnswerForm {
    ControlForm controls = ControlForm::visible;
    MarkdownForm markdown = MarkdownForm::source;
};

/// Whether the user wants the answer as the server sent it (`--raw`).
enum class RawAnswer : std::uint8_t { no, yes };

/// The form for this standard output: Markdown is rendered on a terminal that may have colours, and nowhere else.
[[nodiscard]] AnswerForm answer_form(const TerminalFacts& terminal, RawAnswer raw, ColorChoice color, const system::Environment& environment);

/// Not thread-safe. `fd` stays open and belongs to the caller.
class AnswerWriter final : public chat::AnswerSink {
public:
    AnswerWriter(int fd, AnswerForm form) : fd_(fd), sanitizer_(form.controls) {
        if (form.markdown == MarkdownForm::rendered) markdown_.emplace();
    }

    /// False when nobody reads any more, or the output failed (see `failure`).
    [[nodiscard]] bool delta(std::string_view text) override;
    /// The terminal is in its own colours when it returns.
    void flush() override;
    /// Writes what is left and ends the last line. Also after an error: what was shown is kept.
    void finish();

    [[nodiscard]] bool reader_gone() const { return reader_gone_; }
    /// Why the output could not be written; a reader that went away is no failure.
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
    [[nodiscard]] bool has_text() const { return has_text_; }

private:
    void write_batch();

    int fd_;
    Sanitizer sanitizer_;
    std::optional<MarkdownWriter> markdown_;
    std::string safe_;  ///< between the two
    std::string batch_;
    bool has_text_ = false;
    bool at_line_start_ = true;
    bool reader_gone_ = false;
    std::optional<Error> failure_;
};

}  // namespace qwen::host
