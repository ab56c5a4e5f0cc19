#include "core/pipeline/quota_stage.hpp"

#include <algorithm>

namespace qwen::pipeline {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// For the lock of the count; another process holds it for the time of one small write.
constexpr auto kCountingTime = 2s;

std::string duration_text(milliseconds wait) {
    const auto seconds = (wait.count() + 999) / 1000;
    if (seconds < 120) return std::to_string(seconds) + " s";
    const auto minutes = (seconds + 59) / 60;
    return minutes < 120 ? std::to_string(minutes) + " min" : std::to_string((minutes + 59) / 60) + " h";
}

}  // namespace

std::string limit_text(const auth::RateLimit& limit) {
    const std::string requests = std::to_string(limit.requests) + " requests ";
    switch (limit.period_seconds) {
        case 60: return requests + "a minute";
        case 3600: return requests + "an hour";
        case 86400: return requests + "a day";
        default: return requests + "in " + std::to_string(limit.period_seconds) + " s";
    }
}

Result<void> QuotaStage::wait_for_turn(const Context& context) {
    milliseconds waited{0};
    while (true) {
        const auto now = clock_.utc_now();
        const auto reserved = counter_.reserve(now, context.with_deadline(clock_.monotonic_now() + kCountingTime));
        if (context.cancelled()) return cancelled_error();
        if (!reserved || !reserved->wait_until) return {};

        const auto wait = std::max<milliseconds>(*reserved->wait_until - now, 1ms);
        if (waited + wait > kBudget)
            return Error{ErrorCode::rate_limited, "the limit of " + limit_text(reserved->limit) + " is used up; the next request is possible in " + duration_text(wait),
                         "see qwen auth status", std::nullopt};
        if (notice_) notice_("the limit of " + limit_text(reserved->limit) + " is reached; waiting " + duration_text(wait));
        QWEN_CHECK(clock_.sleep_until(clock_.monotonic_now() + wait, context));
        waited += wait;
    }
}

Result<http::Response> QuotaStage::send(Call& call, const Next& next, const Context& context) {
    QWEN_CHECK(wait_for_turn(context));
    return next(call, context);
}

}  // namespace qwen::pipeline
