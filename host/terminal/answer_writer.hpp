// The answer, on standard output, as it arrives: sanitised, one write for each batch that was readable, and a newline at its end.
#pragma once

#include <optional>
#include <string>

#include "core/base/error.hpp"
#include "core/chat/chat_event.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {

/// Not thread-safe. `fd` stays open and belongs to the caller.
class AnswerWriter final : public chat::AnswerSink {
public:
    AnswerWriter(int fd, ControlForm form) : fd_(fd), sanitizer_(form) {}

    /// False when nobody reads any more, or the output failed (see `failure`).
    [[nodiscard]] bool delta(std::string_view text) override;
    void flush() override;
    /// Writes what is left and ends the last line. Also after an error: what was shown is kept.
    void finish();

    [[nodiscard]] bool reader_gone() const { return reader_gone_; }
    /// Why the output could not be written; a reader that went away is no failure.
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
    [[nodiscard]] bool has_text() const { return has_text_; }

private:
    int fd_;
    Sanitizer sanitizer_;
    std::string batch_;
    bool has_text_ = false;
    bool at_line_start_ = true;
    bool reader_gone_ = false;
    std::optional<Error> failure_;
};

}  // namespace qwen::host
