#include "host/terminal/answer_writer.hpp"

#include "host/terminal/output.hpp"

namespace qwen::host {

bool AnswerWriter::delta(std::string_view text) {
    sanitizer_.feed(text, batch_);
    return !reader_gone_ && !failure_;
}

void AnswerWriter::flush() {
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
    sanitizer_.finish(batch_);
    flush();
    if (at_line_start_) return;
    batch_ = "\n";
    flush();
}

}  // namespace qwen::host
