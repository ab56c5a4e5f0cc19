// The end of the pipeline: hands the request to the transport, as one attempt.
#pragma once

#include "core/pipeline/stage.hpp"

namespace qwen::pipeline {

class TransportStage final : public Stage {
public:
    /// `transport` outlives the stage.
    explicit TransportStage(http::Transport& transport) : transport_(transport) {}
    [[nodiscard]] Result<http::Response> send(Call& call, const Next& next, const Context& context) override;

private:
    http::Transport& transport_;
};

}  // namespace qwen::pipeline
