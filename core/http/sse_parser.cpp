#include "core/http/sse_parser.hpp"

#include <cstring>

namespace qwen::http {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";

Error too_long(std::string_view what) {
    return {ErrorCode::bad_response, "the event stream has " + std::string(what) + " longer than this program accepts", {}, std::nullopt};
}

/// Where the first line ends. Two searches for one byte each: find_first_of() looks at every byte by itself.
std::size_t end_of_line(std::string_view bytes) {
    const std::size_t line_feed = bytes.find('\n');
    const std::size_t carriage_return = bytes.substr(0, line_feed).find('\r');
    return carriage_return == std::string_view::npos ? line_feed : carriage_return;
}

}  // namespace

// Consumes a BOM that may arrive one byte at a time; what only looked like one is put back as text.
void SseParser::start_of_stream(std::string_view& bytes) {
    while (at_start_ && !bytes.empty()) {
        if (bytes.front() == kBom[bom_matched_]) {
            bytes.remove_prefix(1);
            if (++bom_matched_ == kBom.size()) at_start_ = false;
        } else {
            pending_.assign(kBom.substr(0, bom_matched_));
            at_start_ = false;
        }
    }
}

Result<void> SseParser::feed(std::string_view bytes) {
    start_of_stream(bytes);
    while (!bytes.empty() && !stopped_) {
        if (skip_lf_) {
            skip_lf_ = false;
            if (bytes.front() == '\n') {
                bytes.remove_prefix(1);
                continue;
            }
        }
        const std::size_t end = end_of_line(bytes);
        if (end == std::string_view::npos) {
            if (pending_.size() + bytes.size() > kMaxLineBytes) {
                stopped_ = true;
                return too_long("a line");
            }
            pending_.append(bytes);
            return {};
        }
        skip_lf_ = bytes[end] == '\r';
        std::string_view text = bytes.substr(0, end);
        bytes.remove_prefix(end + 1);
        if (pending_.empty()) {
            QWEN_CHECK(line(text));
            continue;
        }
        pending_.append(text);
        std::string whole;
        whole.swap(pending_);
        QWEN_CHECK(line(whole));
        whole.clear();
        if (pending_.empty()) pending_.swap(whole);  // keep the capacity
    }
    return {};
}

Result<void> SseParser::line(std::string_view text) {
    if (text.size() > kMaxLineBytes) {
        stopped_ = true;
        return too_long("a line");
    }
    if (text.empty()) {
        dispatch();
        return {};
    }
    if (text.front() == ':') return {};
    saw_field_ = true;
    const std::size_t colon = text.find(':');
    const std::string_view field = text.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (field == "data") {
        if (data_.size() + value.size() + 1 > kMaxEventBytes) {
            stopped_ = true;
            return too_long("an event");
        }
        if (has_data_) data_ += '\n';
        data_.append(value);
        has_data_ = true;
    } else if (field == "event") {
        type_.assign(value);
    }
    return {};
}

void SseParser::dispatch() {
    if (has_data_ && !handler_({type_.empty() ? std::string_view{"message"} : std::string_view{type_}, data_})) stopped_ = true;
    data_.clear();
    type_.clear();
    has_data_ = false;
}

Result<void> SseParser::finish() {
    if (stopped_) return {};
    if (at_start_ && bom_matched_ > 0) pending_.insert(0, kBom.substr(0, bom_matched_));
    at_start_ = false;
    if (!pending_.empty()) {
        const std::string rest = std::move(pending_);
        pending_.clear();
        QWEN_CHECK(line(rest));
    }
    dispatch();
    return {};
}

}  // namespace qwen::http
