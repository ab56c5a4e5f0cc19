#include "host/terminal/answer_writer.hpp"

#include "host/terminal/output.hpp"

namespace qwen::host {

AnswerForm answer_form(const TerminalFacts& terminal, RawAnswer raw, ColorChoice color, const system::Environment& environment) {
    if (raw == RawAnswer::yes) return {ControlForm::raw, MarkdownForm::source};
    if (!terminal.stdout_is_terminal) return {ControlForm::removed, MarkdownForm::source};
    const bool renders = use_color(terminal.stdout_is_terminal, terminal.is_dumb, color, environment);
    return {terminal.is_utf8 ? ControlForm::visible : ControlForm::ascii, renders ? MarkdownForm::rendered : MarkdownForm::source};
}

bool AnswerWriter::delta(std::string_view text) {
    if (markdown_) {
        sanitizer_.feed(text, safe_);
        markdown_->feed(safe_, batch_);
        safe_.clear();
    } else {
        sanitizer_.feed(text, batch_);
    }
    return !reader_gone_ && !failure_;
}

void AnswerWriter::flush() {
    if (markdown_) markdown_->pause(batch_);
    write_batch();
}

void AnswerWriter::write_batch() {
    if (batch_.empty()) return;
    has_text_ = true;
    at_line_start_ = batch_.back() == '\n';
    if (!reader_gone_ && !failure_) {
        auto written = write_all(fd_, batch_);
        if (!written)
            failure_ = std::move(written).error();
        else
            reader_gone_ = *written == WriteOutcome::reader_gone;
    }
    batch_.clear();
}

void AnswerWriter::finish() {
    sanitizer_.finish(markdown_ ? safe_ : batch_);
    if (markdown_) {
        markdown_->feed(safe_, batch_);
        safe_.clear();
        markdown_->finish(batch_);
    }
    write_batch();
    if (at_line_start_) return;
    batch_ = "\n";
    write_batch();
}

}  // namespace qwen::host
