#include "core/pipeline/transport_stage.hpp"

namespace qwen::pipeline {

Result<http::Response> TransportStage::send(Call& call, const Next&, const Context& context) { return transport_.send(call.request, context); }

}  // namespace qwen::pipeline
