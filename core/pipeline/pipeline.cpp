#include "core/pipeline/pipeline.hpp"

namespace qwen::pipeline {

// The order, and why:
//   Retry           outermost: each attempt goes through everything again.
//   Authentication  inside retry: another attempt may need another token.
//   Origin          after authentication: only now are URL and secret final, and nothing behind it may change either.
//   Trace           after origin: what is logged is what is sent, redacted.
//   Transport       one attempt on the wire.
Result<http::Response> Pipeline::send(Call& call, const Context& context) { return run(0, call, context); }

Result<http::Response> Pipeline::run(std::size_t index, Call& call, const Context& context) {
    if (index >= stages_.size()) return Error{ErrorCode::internal, "the pipeline has no transport", {}, std::nullopt};
    return stages_[index]->send(call, [this, index](Call& next_call, const Context& next_context) { return run(index + 1, next_call, next_context); }, context);
}

}  // namespace qwen::pipeline
