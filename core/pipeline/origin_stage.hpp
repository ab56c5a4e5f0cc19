// Lets a request with a credential pass only to an origin that may have it (decision 0005), and plain http only to loopback.
#pragma once

#include "core/pipeline/stage.hpp"

namespace qwen::pipeline {

/// The decision itself; made by core/auth/origin_binding.
using OriginCheck = std::function<Result<void>(const Origin&)>;

class OriginStage final : public Stage {
public:
    explicit OriginStage(OriginCheck check) : check_(std::move(check)) {}
    [[nodiscard]] Result<http::Response> send(Call& call, const Next& next, const Context& context) override;

private:
    OriginCheck check_;
};

}  // namespace qwen::pipeline
