#include "core/pipeline/origin_stage.hpp"

namespace qwen::pipeline {

Result<http::Response> OriginStage::send(Call& call, const Next& next, const Context& context) {
    // Asked for every request, with or without a credential: policy speaks about origins too.
    QWEN_CHECK(check_(call.request.url.origin()));
    return next(call, context);
}

}  // namespace qwen::pipeline
