#include "core/pipeline/retry_stage.hpp"

#include <algorithm>
#include <array>

#include "core/http/retry_after.hpp"

namespace qwen::pipeline {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t kErrorBodyBytes = 4096;

/// The start of an error body; what breaks while reading it does not matter any more.
std::string body_start(http::BodyReader& body) {
    std::string text;
    std::array<char, kErrorBodyBytes> buffer;
    while (text.size() < kErrorBodyBytes) {
        const auto count = body.read_some(std::span(buffer).first(kErrorBodyBytes - text.size()));
        if (!count || *count == 0) break;
        text.append(buffer.data(), *count);
    }
    return text;
}

std::string seconds_text(milliseconds wait) { return std::to_string((wait.count() + 999) / 1000) + " s"; }

}  // namespace

bool is_retryable_status(int status) {
    constexpr std::array kRetryable{408, 425, 429, 500, 502, 503, 504, 529};
    return std::find(kRetryable.begin(), kRetryable.end(), status) != kRetryable.end();
}

bool RetryStage::may_repeat_failure(const Error& error, http::Progress progress) const {
    switch (error.code) {
        case ErrorCode::dns_failed:
        case ErrorCode::connection_failed:
        case ErrorCode::timed_out:
        case ErrorCode::proxy_failed: return progress != http::Progress::response_started;
        default: return false;  // a certificate does not get better by asking again
    }
}

milliseconds RetryStage::jittered(unsigned attempt) const {
    const std::uint64_t most = std::min<std::uint64_t>(8000, 500ull << std::min(attempt, 8u));
    return milliseconds{static_cast<std::int64_t>(random_.below(most + 1))};
}

Result<http::Response> RetryStage::send(Call& call, const Next& next, const Context& context) {
    milliseconds waited{0};
    bool repeated_after_sending = false;
    for (call.attempt = 1;; ++call.attempt) {
        auto response = next(call, context);
        Error error;
        std::optional<milliseconds> asked;
        bool repeat = false;
        if (!response) {
            error = std::move(response).error();
            const auto progress = transport_.progress_of_last_failure();
            repeat = !call.credential_failed && may_repeat_failure(error, progress);
            if (repeat && progress == http::Progress::request_sent) {
                // It may have been answered and billed: once more, not twice.
                repeat = !repeated_after_sending && error.code == ErrorCode::connection_failed;
                repeated_after_sending = true;
            }
        } else {
            if (response->status >= 200 && response->status < 300) return response;
            const std::string start = body_start(*response->body);
            error = error_of_response(response->status, response->headers, start, call.request.url.origin(), call.shape, label_);
            repeat = is_retryable_status(response->status) && error.code != ErrorCode::quota_exhausted;
            asked = http::retry_after(response->headers, clock_.utc_now());
        }
        if (!repeat || !call.may_repeat() || call.attempt >= rules_.max_attempts || context.cancelled()) return error;

        const milliseconds wait = std::max(asked.value_or(milliseconds{0}), jittered(call.attempt - 1));
        if (waited + wait > rules_.budget) {
            if (asked) error.hint = "the server asks to try again in " + seconds_text(*asked);
            return error;
        }
        if (notice_) notice_(error.message + "; waiting " + seconds_text(wait) + (asked ? " (Retry-After)" : "") + ", try " + std::to_string(call.attempt + 1));
        QWEN_CHECK(clock_.sleep_until(clock_.monotonic_now() + wait, context));
        waited += wait;
    }
}

}  // namespace qwen::pipeline
