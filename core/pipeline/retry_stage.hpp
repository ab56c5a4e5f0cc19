// Sends again what may be sent again, and nothing else.
//
// At most three attempts within a budget of time; full jitter; Retry-After is obeyed or, when it is longer than the budget, reported at once. Never after text reached the user. The table is in
// docs/internals/architecture.md#retries.
#pragma once

#include <functional>
#include <string_view>

#include "core/pipeline/error_mapping.hpp"
#include "core/pipeline/stage.hpp"
#include "core/system/clock.hpp"
#include "core/system/random.hpp"

namespace qwen::pipeline {

struct RetryRules {
    unsigned max_attempts = 3;
    std::chrono::milliseconds budget{30'000};  ///< for all waits together
};

class RetryStage final : public Stage {
public:
    /// Called before each wait, with one line for the user.
    using Notice = std::function<void(std::string_view text)>;
    /// All references outlive the stage.
    RetryStage(RetryRules rules, const system::Clock& clock, const system::Random& random, const http::Transport& transport, CredentialLabel label, Notice notice)
        : rules_(rules), clock_(clock), random_(random), transport_(transport), label_(std::move(label)), notice_(std::move(notice)) {}

    /// A response that is no 2xx leaves here as an Error.
    [[nodiscard]] Result<http::Response> send(Call& call, const Next& next, const Context& context) override;

private:
    [[nodiscard]] bool may_repeat_failure(const Error& error, http::Progress progress) const;
    [[nodiscard]] std::chrono::milliseconds jittered(unsigned attempt) const;

    RetryRules rules_;
    const system::Clock& clock_;
    const system::Random& random_;
    const http::Transport& transport_;
    CredentialLabel label_;
    Notice notice_;
};

/// Whether a status may be tried again at all (security-model, retry table).
[[nodiscard]] bool is_retryable_status(int status);

}  // namespace qwen::pipeline
