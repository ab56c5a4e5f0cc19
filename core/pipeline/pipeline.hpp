// All stages in their order, as one object to send requests through.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/pipeline/stage.hpp"

namespace qwen::pipeline {

class Pipeline {
public:
    /// The last stage must not call `next` (the transport stage).
    explicit Pipeline(std::vector<std::unique_ptr<Stage>> stages) : stages_(std::move(stages)) {}

    [[nodiscard]] Result<http::Response> send(Call& call, const Context& context);

private:
    [[nodiscard]] Result<http::Response> run(std::size_t index, Call& call, const Context& context);
    std::vector<std::unique_ptr<Stage>> stages_;
};

}  // namespace qwen::pipeline
