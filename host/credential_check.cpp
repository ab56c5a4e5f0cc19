#include "host/credential_check.hpp"

namespace qwen::host {
namespace {

Result<pipeline::Call> models_call(const chat::ChatTarget& target) {
    pipeline::Call call;
    call.shape = {"models", "GET", "/models", {}, false};
    call.request.method = "GET";
    call.request.url = target.base_url.with_path_appended(call.shape.path);
    call.request.timeouts = target.timeouts;
    QWEN_CHECK(call.request.headers.set("Accept", "application/json"));
    QWEN_CHECK(call.request.headers.set("User-Agent", target.user_agent));
    return call;
}

bool has_no_list(const pipeline::Call& call) { return call.last_status == 404 || call.last_status == 405; }

Result<std::vector<chat::ModelInfo>> models_of(Session& session, const Context& context) {
    if (session.provider().can_list_models()) return session.list_models(context);
    QWEN_TRY(auto call, models_call(session.target()));
    const auto response = session.pipeline().send(call, context);
    if (!response) return has_no_list(call) ? Result<std::vector<chat::ModelInfo>>(std::vector<chat::ModelInfo>()) : response.error();
    auto models = chat::read_model_list(*response);
    // The credential was taken; that the list cannot be read is no reason against it.
    return models ? std::move(models) : std::vector<chat::ModelInfo>();
}

TriedCredential::Verdict verdict_on_key(const Error& error) {
    switch (error.error_class()) {
        case ErrorClass::authentication: return TriedCredential::Verdict::refused;
        case ErrorClass::network: return TriedCredential::Verdict::unreachable;
        default: return TriedCredential::Verdict::unclear;
    }
}

}  // namespace

Result<void> check_credential(pipeline::Pipeline& pipeline, const chat::ChatTarget& target, const Context& context) {
    QWEN_TRY(auto call, models_call(target));
    const auto response = pipeline.send(call, context);
    if (response || has_no_list(call)) return {};
    return response.error();
}

Result<TriedCredential> try_credential(Session& session, const Context& context) {
    auto models = models_of(session, context);
    if (models) return TriedCredential{TriedCredential::Verdict::works, std::nullopt, std::move(*models)};
    auto error = std::move(models).error();
    if (error.code == ErrorCode::cancelled || error.code == ErrorCode::denied_by_policy) return error;
    const auto verdict = verdict_on_key(error);
    return TriedCredential{verdict, std::move(error), {}};
}

}  // namespace qwen::host
