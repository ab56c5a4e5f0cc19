// Says what is sent and received, one line each, for `--debug`. Credentials are redacted by mark and by value.
#pragma once

#include <functional>
#include <string_view>

#include "core/pipeline/stage.hpp"

namespace qwen::pipeline {

class TraceStage final : public Stage {
public:
    using Sink = std::function<void(std::string_view line)>;
    /// An empty sink traces nothing and costs nothing.
    explicit TraceStage(Sink sink) : sink_(std::move(sink)) {}
    [[nodiscard]] Result<http::Response> send(Call& call, const Next& next, const Context& context) override;

private:
    Sink sink_;
};

/// The text with every marked value of the request replaced by its mask.
[[nodiscard]] std::string redact(std::string text, const http::Request& request);

}  // namespace qwen::pipeline
