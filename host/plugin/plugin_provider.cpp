#include "host/plugin/plugin_provider.hpp"

#include <fmt/format.h>

#include "qwen/plugin.h"

namespace qwen::host::plugin {

PluginProvider::PluginProvider(Manifest manifest, std::unique_ptr<PluginInstance> instance, ServiceDependencies dependencies)
    : manifest_(std::move(manifest)), instance_(std::move(instance)), dependencies_(std::move(dependencies)) {}

Result<EntryResult> PluginProvider::perform(const EntryCall& entry_call, const Context& context, std::optional<Error>& cause) {
    LocalServices services(dependencies_, manifest_, kind_of(entry_call.entry), context);
    auto result = instance_->call(entry_call, services);
    cause = services.last_error();
    return result;
}

Result<void> PluginProvider::ensure_created(const Context& context) {
    if (created_) return {};
    std::optional<Error> cause;
    QWEN_TRY(EntryResult result, perform({.entry = EntryPoint::create}, context, cause));
    if (result.status != QWEN_OK) return error_from_status(result.status, manifest_.id, std::move(result.said));
    created_ = true;
    return {};
}

Result<EntryResult> PluginProvider::call(const EntryCall& entry_call, const Context& context) {
    QWEN_CHECK(ensure_created(context));
    std::optional<Error> cause;
    return perform(entry_call, context, cause);
}

Result<EntryResult> PluginProvider::call_or_fail(const EntryCall& entry_call, const Context& context) {
    QWEN_CHECK(ensure_created(context));
    std::optional<Error> cause;
    QWEN_TRY(EntryResult result, perform(entry_call, context, cause));
    if (result.status == QWEN_OK) return result;
    // The plugin only passed a service's failure on: the service knows more ("connection refused") than a status can say.
    if (result.said.message.empty() && cause && status_from_error(*cause) == result.status) return std::move(*cause);
    return error_from_status(result.status, manifest_.id, std::move(result.said));
}

std::string PluginProvider::configured_base_url() const {
    const config::Setting* const setting = manifest_.setting_with_role(config::SettingRole::base_url);
    if (setting == nullptr) return {};
    return dependencies_.settings.text(setting->key).value_or(std::string());
}

Result<auth::ProviderState> PluginProvider::state(const Context& context) {
    QWEN_TRY(EntryResult result, call_or_fail({.entry = EntryPoint::state}, context));
    if (!result.state) return error_from_status(QWEN_ERR_MISUSE, manifest_.id, {.message = "it reported no state", .hint = {}, .setting = {}});
    return std::move(*result.state);
}

Result<auth::AuthorizeOutcome> PluginProvider::authorize(const auth::RequestShape& request, const Context& context) {
    EntryCall entry_call{.entry = EntryPoint::authorize, .request = request, .base_url = configured_base_url()};
    QWEN_TRY(EntryResult result, call(entry_call, context));
    using Kind = auth::AuthorizeOutcome::Kind;
    switch (result.status) {
        case QWEN_OK: return auth::AuthorizeOutcome{Kind::ready, std::move(result.edits)};
        case QWEN_NEED_REFRESH: return auth::AuthorizeOutcome{Kind::refresh_needed, {}};
        case QWEN_NEED_LOGIN: return auth::AuthorizeOutcome{Kind::login_needed, {}};
        default: return error_from_status(result.status, manifest_.id, std::move(result.said));
    }
}

Result<std::vector<auth::Parameter>> PluginProvider::sign(const auth::FinalRequest& request, const Context& context) {
    QWEN_TRY(EntryResult result, call_or_fail({.entry = EntryPoint::sign, .final_request = request}, context));
    return std::move(result.edits.headers);
}

Result<auth::Verdict> PluginProvider::on_response(const auth::ResponseHead& response, const Context& context) {
    QWEN_TRY(EntryResult result, call_or_fail({.entry = EntryPoint::on_response, .response = response}, context));
    return std::move(result.verdict).value_or(auth::Verdict{});
}

Result<void> PluginProvider::login(const std::string& method, const Context& context) {
    std::string chosen = method;
    if (chosen.empty() && !manifest_.methods.empty()) chosen = manifest_.methods.front().id;
    const auto known = [&](const LoginMethod& candidate) { return candidate.id == chosen; };
    if (std::none_of(manifest_.methods.begin(), manifest_.methods.end(), known)) {
        return Error{ErrorCode::usage, fmt::format("provider '{}' has no login method '{}'", manifest_.id, chosen), {}, std::nullopt};
    }
    QWEN_CHECK(call_or_fail({.entry = EntryPoint::login, .method = chosen}, context));
    return {};
}

Result<void> PluginProvider::logout(const Context& context) {
    QWEN_CHECK(call_or_fail({.entry = EntryPoint::logout}, context));
    return {};
}

Result<void> PluginProvider::refresh(const Context& context) {
    QWEN_CHECK(call_or_fail({.entry = EntryPoint::refresh}, context));
    return {};
}

Result<std::optional<std::vector<ListedModel>>> PluginProvider::list_models(const Context& context) {
    if (!instance_->capabilities().models) return std::optional<std::vector<ListedModel>>();
    QWEN_TRY(EntryResult result, call_or_fail({.entry = EntryPoint::list_models}, context));
    return std::optional(std::move(result.models));
}

Result<std::optional<std::vector<std::pair<std::string, std::string>>>> PluginProvider::account_facts(const Context& context) {
    if (!instance_->capabilities().account) return std::optional<std::vector<std::pair<std::string, std::string>>>();
    QWEN_TRY(EntryResult result, call_or_fail({.entry = EntryPoint::account_status}, context));
    return std::optional(std::move(result.facts));
}

}  // namespace qwen::host::plugin
