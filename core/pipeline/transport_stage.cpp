#include "core/pipeline/transport_stage.hpp"

namespace qwen::pipeline {

Result<http::Response> TransportStage::send(Call& call, const Next&, const Context& context) {
    auto response = transport_.send(call.request, context);
    call.last_status = response ? response->status : 0;
    return response;
}

}  // namespace qwen::pipeline
