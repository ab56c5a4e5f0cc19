#include "core/http/http1_codec.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace qwen::http {
namespace {

constexpr std::size_t kBufferBytes = 32u << 10;
constexpr std::size_t kMaxFramingLine = 8192;

Error bad(std::string what) { return {ErrorCode::bad_response, "the server's answer is not valid HTTP: " + std::move(what), {}, std::nullopt}; }

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

/// Digits only; nullopt for signs, spaces, nothing and overflow.
std::optional<std::uint64_t> number(std::string_view text, int base) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

Result<void> status_line(std::string_view line, ResponseHead& head) {
    // "HTTP/1.x NNN reason"
    if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ') return bad("it does not begin with a status line");
    if (line[7] != '0' && line[7] != '1') return bad("unknown HTTP version");
    head.minor_version = line[7] - '0';
    const auto status = number(line.substr(9, 3), 10);
    if (!status || *status < 100 || *status > 599 || (line.size() > 12 && line[12] != ' ')) return bad("the status is no number from 100 to 599");
    head.status = static_cast<int>(*status);
    if (line.size() > 13) head.reason = std::string(without_ows(line.substr(13)));
    return {};
}

}  // namespace

std::string serialise(const Request& request, bool absolute_form, std::string_view proxy_authorization) {
    std::string text;
    text.reserve(request.body.size() + 1024);
    text += request.method;
    text += ' ';
    text += absolute_form ? request.url.to_string() : request.url.path_and_query();
    text += " HTTP/1.1\r\nHost: ";
    // RFC 9110 section 7.2: the authority, without the default port.
    const std::string origin = request.url.origin().to_string();
    text += std::string_view(origin).substr(origin.find("://") + 3);
    text += "\r\n";
    for (const Header& header : request.headers.all()) {
        text += header.name;
        text += ": ";
        text += header.value.reveal();
        text += "\r\n";
    }
    if (!proxy_authorization.empty()) {
        text += "Proxy-Authorization: ";
        text += proxy_authorization;
        text += "\r\n";
    }
    if (!request.body.empty() || request.method == "POST") {
        text += "Content-Length: ";
        text += std::to_string(request.body.size());
        text += "\r\n";
    }
    text += "\r\n";
    text += request.body;
    return text;
}

Result<ResponseHead> parse_head(std::string_view text) {
    ResponseHead head;
    bool first = true;
    std::vector<std::pair<std::string, std::string>> fields;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (first) {
            QWEN_CHECK(status_line(line, head));
            first = false;
            continue;
        }
        if (line.empty()) return bad("an empty line inside the header");
        if (line.front() == ' ' || line.front() == '\t') return bad("a folded header line");
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) return bad("a header line without a name");
        std::string name = lower(line.substr(0, colon));
        const std::string_view value = without_ows(line.substr(colon + 1));
        // Repeated fields are joined as RFC 9110 section 5.3 says, so that a second Content-Length is seen.
        const auto same = std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; });
        if (same != fields.end())
            same->second.append(", ").append(value);
        else
            fields.emplace_back(std::move(name), value);
    }
    if (first) return bad("it does not begin with a status line");
    for (auto& [name, value] : fields) {
        // A response may carry long values nobody asks for; what does not fit the validated list is of no use to us.
        if (value.size() > 8192) value.resize(8192);
        if (!head.headers.set(name, value)) return bad("a header field with characters that HTTP does not allow, or too many fields");
    }
    return head;
}

Result<Framing> framing_of(const ResponseHead& head, std::string_view request_method) {
    Framing framing;
    const std::string connection = lower(head.headers.get("connection").value_or(""));
    framing.keep_alive = head.minor_version == 1 ? connection.find("close") == std::string::npos : connection.find("keep-alive") != std::string::npos;
    if (request_method == "HEAD" || head.status < 200 || head.status == 204 || head.status == 304) return framing;

    const auto coding = head.headers.get("transfer-encoding");
    const auto length = head.headers.get("content-length");
    if (coding) {
        if (length) return bad("both a length and a transfer coding");
        if (lower(without_ows(*coding)) != "chunked") return bad("a transfer coding that was not asked for");
        framing.kind = Framing::Kind::chunked;
        return framing;
    }
    if (length) {
        // RFC 9112 section 6.3: a list of equal values counts as one.
        std::string_view list = *length;
        std::optional<std::uint64_t> value;
        while (true) {
            const std::size_t comma = list.find(',');
            const auto one = number(without_ows(list.substr(0, comma)), 10);
            if (!one || (value && *one != *value)) return bad("a content length that is no number, or two that differ");
            value = one;
            if (comma == std::string_view::npos) break;
            list.remove_prefix(comma + 1);
        }
        framing.length = *value;
        framing.kind = framing.length == 0 ? Framing::Kind::none : Framing::Kind::length;
        return framing;
    }
    framing.kind = Framing::Kind::until_close;
    framing.keep_alive = false;
    return framing;
}

ResponseReader::ResponseReader(ByteStream& stream) : stream_(stream), buffer_(kBufferBytes) {}

Result<std::size_t> ResponseReader::fill(std::chrono::milliseconds timeout, const Context& context) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (end_ == buffer_.size() && begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
    QWEN_TRY(const std::size_t count, stream_.read_some(std::span(buffer_).subspan(end_), timeout, context));
    end_ += count;
    return count;
}

Result<ResponseHead> ResponseReader::read_head(std::chrono::milliseconds timeout, const Context& context, bool& started) {
    const auto limit = timeout.count() == 0 ? context : context.with_deadline(std::chrono::steady_clock::now() + timeout);
    int informational = 0;
    std::size_t searched = 0;
    for (;;) {
        const std::string_view text = buffered();
        std::size_t end = std::string_view::npos;
        std::size_t skip = 0;
        for (std::size_t at = text.find('\n', searched); at != std::string_view::npos; at = text.find('\n', at + 1)) {
            const std::string_view rest = text.substr(at + 1);
            if (rest.starts_with("\r\n") || rest.starts_with("\n")) {
                end = at + 1;
                skip = rest.front() == '\r' ? 2 : 1;
                break;
            }
        }
        if (end != std::string_view::npos) {
            if (end > kMaxHeadBytes) return bad("a header longer than 64 KiB");
            QWEN_TRY(ResponseHead head, parse_head(text.substr(0, end)));
            begin_ += end + skip;
            searched = 0;
            if (head.status >= 200) return head;
            if (head.status == 101 || ++informational > kMaxInformationalResponses) return bad("too many informational answers");
            continue;
        }
        if (text.size() > kMaxHeadBytes) return bad("a header longer than 64 KiB");
        searched = text.size() > 3 ? text.size() - 3 : 0;
        QWEN_TRY(const std::size_t count, fill(timeout, limit));
        if (count == 0)
            return Error{started ? ErrorCode::bad_response : ErrorCode::connection_failed,
                         started ? "the connection was closed in the middle of the answer's header" : "the connection was closed before an answer came",
                         {},
                         std::nullopt};
        started = true;
    }
}

void ResponseReader::begin_body(const Framing& framing) {
    left_ = framing.length;
    trailer_bytes_ = 0;
    switch (framing.kind) {
        case Framing::Kind::none: state_ = State::done; break;
        case Framing::Kind::length: state_ = State::plain; break;
        case Framing::Kind::chunked: state_ = State::size_line; break;
        case Framing::Kind::until_close: state_ = State::until_close; break;
    }
}

Result<std::optional<std::string_view>> ResponseReader::framing_line() {
    const std::string_view text = buffered();
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
        if (text.size() > kMaxFramingLine) return bad("an endless line in the chunked framing");
        return std::optional<std::string_view>{};
    }
    begin_ += end + 1;
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return std::optional<std::string_view>{line};
}

Result<std::size_t> ResponseReader::take(std::span<char> out) {
    std::size_t copied = 0;
    while (copied < out.size() && state_ != State::done) {
        if (state_ == State::plain || state_ == State::data || state_ == State::until_close) {
            std::size_t count = std::min(end_ - begin_, out.size() - copied);
            if (state_ != State::until_close) count = static_cast<std::size_t>(std::min<std::uint64_t>(count, left_));
            if (count == 0) break;
            std::memcpy(out.data() + copied, buffer_.data() + begin_, count);
            begin_ += count;
            copied += count;
            if (state_ == State::until_close) continue;
            left_ -= count;
            if (left_ == 0) state_ = state_ == State::plain ? State::done : State::data_end;
            continue;
        }
        const auto taken = take_framing_line();
        if (!taken && copied == 0) return taken.error();
        // What came before the mistake was said, however the network cut it: it is handed over first.
        if (!taken) broken_ = taken.error();
        if (!taken || !*taken) break;
    }
    return copied;
}

Result<bool> ResponseReader::take_framing_line() {
    if (broken_) return *broken_;
    QWEN_TRY(const auto line, framing_line());
    if (!line) return false;
    if (state_ == State::data_end) {
        if (!line->empty()) return bad("a chunk longer than it says");
        state_ = State::size_line;
    } else if (state_ == State::size_line) {
        const auto size = number(without_ows(line->substr(0, line->find(';'))), 16);
        if (!size || *size > (std::uint64_t{1} << 40)) return bad("a chunk size that is no number, or out of range");
        left_ = *size;
        state_ = left_ == 0 ? State::trailer : State::data;
    } else {  // trailer
        trailer_bytes_ += line->size();
        if (trailer_bytes_ > kMaxHeadBytes) return bad("a trailer longer than 64 KiB");
        if (line->empty()) state_ = State::done;
    }
    return true;
}

Result<std::size_t> ResponseReader::read_body(std::span<char> out, std::chrono::milliseconds idle, const Context& context) {
    for (;;) {
        QWEN_TRY(const std::size_t copied, take(out));
        if (copied > 0 || state_ == State::done) return copied;
        auto count = fill(idle, context);
        if (!count) {
            Error error = std::move(count).error();
            // A reset in the middle of the body is an answer cut short, whatever broke.
            if (error.code == ErrorCode::connection_failed || error.code == ErrorCode::tls_failed) {
                error.code = ErrorCode::answer_cut_short;
                error.message = "the connection broke in the middle of the answer";
            }
            return error;
        }
        if (*count == 0) {
            if (state_ == State::until_close) {
                state_ = State::done;
                return std::size_t{0};
            }
            return Error{ErrorCode::answer_cut_short, "the connection was closed in the middle of the answer", {}, std::nullopt};
        }
    }
}

}  // namespace qwen::http
