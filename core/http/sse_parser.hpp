// Server-sent events as the WHATWG HTML standard parses them (section 9.2.6, "Interpreting an event stream").
//
// Fed with bytes as they arrive, split anywhere. Lines end with LF, CR LF or CR; one leading BOM is dropped; comments and unknown fields are ignored. Unlike
// the standard, data without a final blank line is delivered by finish(): servers that forget it are common, and what it held was said.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace qwen::http {

struct SseEvent {
    std::string_view type;  ///< "message" when the stream names none; borrowed for the call
    std::string_view data;  ///< lines joined by LF; borrowed for the call
};

class SseParser {
public:
    static constexpr std::size_t kMaxLineBytes = 1u << 20;
    static constexpr std::size_t kMaxEventBytes = 4u << 20;

    /// Returns false to stop the parser: nothing more is delivered.
    using Handler = std::function<bool(const SseEvent&)>;
    explicit SseParser(Handler handler) : handler_(std::move(handler)) {}

    /// Errors: bad_response when a line or an event is longer than the limits. After an error or a stop, further bytes are ignored.
    [[nodiscard]] Result<void> feed(std::string_view bytes);
    /// The stream has ended: delivers what is pending.
    [[nodiscard]] Result<void> finish();
    [[nodiscard]] bool stopped() const { return stopped_; }
    /// True when anything but a comment or a blank line was seen.
    [[nodiscard]] bool saw_field() const { return saw_field_; }

private:
    [[nodiscard]] Result<void> line(std::string_view text);
    void dispatch();
    void start_of_stream(std::string_view& bytes);

    Handler handler_;
    std::string pending_;  // an unfinished line
    std::string data_;
    std::string type_;
    bool has_data_ = false;
    bool skip_lf_ = false;
    bool saw_field_ = false;
    bool stopped_ = false;
    unsigned bom_matched_ = 0;
    bool at_start_ = true;
};

}  // namespace qwen::http
