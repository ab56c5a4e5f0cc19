#include "core/chat/chat_client.hpp"

#include <array>

#include "core/chat/chat_decoder.hpp"
#include "core/http/sse_parser.hpp"

namespace qwen::chat {
namespace {

constexpr std::size_t kReadBytes = 16u << 10;

/// Hands each event to the decoder and keeps its first error.
class Answer {
public:
    explicit Answer(AnswerSink& sink) : decoder_(sink), parser_([this](const http::SseEvent& event) { return on_event(event); }) {}

    [[nodiscard]] Result<void> feed(std::string_view bytes) {
        auto fed = parser_.feed(bytes);
        return error_ ? Result<void>(std::move(*error_)) : std::move(fed);
    }
    [[nodiscard]] Result<void> finish() {
        auto finished = parser_.finish();
        return error_ ? Result<void>(std::move(*error_)) : std::move(finished);
    }
    [[nodiscard]] bool over() const { return parser_.stopped(); }
    [[nodiscard]] bool saw_field() const { return parser_.saw_field(); }
    [[nodiscard]] ChatDecoder& decoder() { return decoder_; }

private:
    bool on_event(const http::SseEvent& event) {
        auto more = decoder_.chunk(event.data);
        if (!more) error_ = std::move(more).error();
        return !error_ && *more;
    }
    ChatDecoder decoder_;
    std::optional<Error> error_;
    http::SseParser parser_;
};

Error cut_short(const ChatDecoder& decoder, std::string_view why) {
    return {ErrorCode::answer_cut_short,
            "the answer was cut after " + std::to_string(decoder.bytes_delivered()) + " bytes: " + std::string(why), {}, std::nullopt};
}

bool is_event_stream(const http::Response& response) {
    const auto type = response.headers.get("content-type").value_or("");
    return type.find("text/event-stream") != std::string_view::npos;
}

Error not_a_completion(const http::Response& response) {
    const std::string type(response.headers.get("content-type").value_or("none").substr(0, 80));
    return {ErrorCode::bad_response, "the server answered with something that is no chat completion (content type " + type + ')',
            "check the base URL: qwen config explain base_url", std::nullopt};
}

Result<void> read_stream(http::Response& response, Answer& answer, AnswerSink& sink, std::size_t limit) {
    std::array<char, kReadBytes> buffer;
    std::size_t total = 0;
    while (!answer.over()) {
        const auto count = response.body->read_some(buffer);
        if (!count) {
            sink.flush();
            // The server may cut the connection after it has said everything.
            if (count.error().code == ErrorCode::answer_cut_short && answer.decoder().finished()) return {};
            if (count.error().code == ErrorCode::answer_cut_short) return cut_short(answer.decoder(), count.error().message);
            return count.error();
        }
        if (*count == 0) {
            auto finished = answer.finish();
            sink.flush();
            return finished;
        }
        total += *count;
        if (total > limit) return Error{ErrorCode::bad_response, "the answer is longer than this program accepts (" + std::to_string(limit >> 20) + " MiB)", {}, std::nullopt};
        auto fed = answer.feed({buffer.data(), *count});
        sink.flush();
        QWEN_CHECK(std::move(fed));
    }
    response.body->end_early();
    return {};
}

}  // namespace

Result<Completion> ChatClient::stream(std::span<const Message> messages, AnswerSink& sink, const Context& context) {
    Answer answer(sink);
    pipeline::Call call;
    call.shape = {"chat.completions", "POST", "/chat/completions", target_.model, target_.stream};
    call.text_delivered = &answer.decoder().text_delivered();
    call.request.method = "POST";
    call.request.url = target_.base_url.with_path_appended(call.shape.path);
    call.request.timeouts = target_.timeouts;
    call.request.body = to_json({target_.model, messages, target_.stream});
    QWEN_CHECK(call.request.headers.set("Content-Type", "application/json"));
    QWEN_CHECK(call.request.headers.set("Accept", target_.stream ? "text/event-stream, application/json" : "application/json"));
    QWEN_CHECK(call.request.headers.set("User-Agent", target_.user_agent));

    QWEN_TRY(http::Response response, pipeline_.send(call, context));
    ChatDecoder& decoder = answer.decoder();
    if (is_event_stream(response)) {
        QWEN_CHECK(read_stream(response, answer, sink, target_.max_answer_bytes));
        if (!decoder.finished() && !decoder.reader_gone()) return cut_short(decoder, "the connection ended before the server said that it was complete");
    } else {
        const auto type = response.headers.get("content-type").value_or("");
        if (type.find("json") == std::string_view::npos) return not_a_completion(response);
        QWEN_TRY(const std::string body, http::read_all(*response.body, target_.max_answer_bytes));
        QWEN_CHECK(decoder.whole(body));
        sink.flush();
    }
    return decoder.completion();
}

}  // namespace qwen::chat
