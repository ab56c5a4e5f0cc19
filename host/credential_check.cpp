#include "host/credential_check.hpp"

namespace qwen::host {

Result<void> check_credential(pipeline::Pipeline& pipeline, const chat::ChatTarget& target, const Context& context) {
    pipeline::Call call;
    call.shape = {"models", "GET", "/models", {}, false};
    call.request.method = "GET";
    call.request.url = target.base_url.with_path_appended(call.shape.path);
    call.request.timeouts = target.timeouts;
    QWEN_CHECK(call.request.headers.set("Accept", "application/json"));
    QWEN_CHECK(call.request.headers.set("User-Agent", target.user_agent));
    const auto response = pipeline.send(call, context);
    if (response || call.last_status == 404 || call.last_status == 405) return {};
    return response.error();
}

}  // namespace qwen::host
