// Keeps a declared limit before the server has to refuse: each attempt is counted, and waits when it would be one too many.
#pragma once

#include <functional>
#include <string>

#include "core/auth/quota.hpp"
#include "core/pipeline/stage.hpp"
#include "core/system/clock.hpp"

namespace qwen::pipeline {

class QuotaStage final : public Stage {
public:
    /// Called before each wait, with one line for the user. May be empty.
    using Notice = std::function<void(std::string_view text)>;
    /// Longer waits than this, all of one request together, end as rate_limited.
    static constexpr std::chrono::milliseconds kBudget{30'000};

    /// `counter` and `clock` outlive the stage.
    QuotaStage(auth::QuotaCounter& counter, const system::Clock& clock, Notice notice) : counter_(counter), clock_(clock), notice_(std::move(notice)) {}
    /// A count that cannot be kept blocks nothing: the server counts too. Errors of its own: rate_limited, cancelled.
    [[nodiscard]] Result<http::Response> send(Call& call, const Next& next, const Context& context) override;

private:
    [[nodiscard]] Result<void> wait_for_turn(const Context& context);

    auth::QuotaCounter& counter_;
    const system::Clock& clock_;
    Notice notice_;
};

/// "60 requests a minute", "2000 requests a day", "5 requests in 10 s".
[[nodiscard]] std::string limit_text(const auth::RateLimit& limit);

}  // namespace qwen::pipeline
