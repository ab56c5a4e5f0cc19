// A step every request goes through. The order and the reason for each place stand in pipeline.cpp.
#pragma once

#include <functional>
#include <memory>

#include "core/auth/credential_provider.hpp"
#include "core/http/transport.hpp"

namespace qwen::pipeline {

/// A request and what the stages know of it.
struct Call {
    http::Request request;
    auth::RequestShape shape;
    /// Set by the consumer when the first text reached the user: from then on nothing is sent again.
    const bool* text_delivered = nullptr;
    /// Counts attempts from 1; the retry stage sets it.
    unsigned attempt = 1;
    /// Status of the last answer, whatever was made of it; 0: the server has not answered.
    int last_status = 0;
    /// The attempt failed for want of a credential. Renewing one has retries of its own, so the attempt is not repeated.
    bool credential_failed = false;

    [[nodiscard]] bool may_repeat() const { return text_delivered == nullptr || !*text_delivered; }
};

class Stage;
using Next = std::function<Result<http::Response>(Call&, const Context&)>;

class Stage {
public:
    virtual ~Stage() = default;
    [[nodiscard]] virtual Result<http::Response> send(Call& call, const Next& next, const Context& context) = 0;
};

}  // namespace qwen::pipeline
