#include "host/plugin/check/rehearsal.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/system/digest.hpp"
#include "host/plugin/plugin_library.hpp"

namespace qwen::host::plugin::check {
namespace {

constexpr std::string_view kRefusedKey = R"({"error":{"message":"the credential was refused","type":"invalid_request_error"}})";

template <typename Table>
const Table* find_table(const qwen_provider& provider, const char* id) {
    const auto* const table = static_cast<const Table*>(provider.get_extension(id));
    return table != nullptr && table->struct_size >= sizeof(Table) ? table : nullptr;
}

std::string plausible_value(const config::Setting& setting, const Manifest& manifest) {
    switch (setting.type) {
        case config::ValueType::url:
            return manifest.origins.empty() ? "https://api.example.com/v1" : manifest.origins.front() + "/v1";
        case config::ValueType::boolean:
            return "true";
        case config::ValueType::integer:
            return "1";
        case config::ValueType::duration:
            return "30s";
        case config::ValueType::path:
            return "/nonexistent";
        case config::ValueType::text:
            return setting.choices.empty() ? "value" : setting.choices.front();
        default:
            return {};
    }
}

}  // namespace

Rehearsal::Rehearsal(const VerifiedPlugin& verified, Blackboard& blackboard, std::uint64_t number, std::size_t process)
    : plugin(verified), board(blackboard), seed(number), part(process), host(verified.manifest, blackboard), issuer(host) {}

void Rehearsal::map() {
    board.enter("loading");
    auto entry = open_library(plugin);
    board.enter({});
    if (!entry) board.leave_undecided(entry.error().message);
    entry_ = *entry;
}

const qwen_provider* Rehearsal::shake_hands() {
    if (entry_ == nullptr) map();
    (void)host.begin("qwen_provider_entry_v1", CallKind::offline);
    const qwen_provider* const provider = entry_(host.table());
    host.end(QWEN_OK);
    return provider;
}

void Rehearsal::load() {
    provider_ = shake_hands();
    const bool is_usable = provider_ != nullptr && QWEN_HAS(provider_, qwen_provider, get_extension) && provider_->create != nullptr &&
                           provider_->destroy != nullptr && provider_->state != nullptr && provider_->authorize != nullptr &&
                           provider_->on_response != nullptr && provider_->get_extension != nullptr;
    if (!is_usable) board.leave_undecided("the plugin's table cannot be used");
    board.enter("get_extension");
    login_ = find_table<qwen_provider_login_v1>(*provider_, QWEN_EXT_LOGIN);
    refresh_ = find_table<qwen_provider_refresh_v1>(*provider_, QWEN_EXT_REFRESH);
    account_ = find_table<qwen_provider_account_v1>(*provider_, QWEN_EXT_ACCOUNT);
    models_ = find_table<qwen_provider_models_v1>(*provider_, QWEN_EXT_MODELS);
    sign_ = find_table<qwen_provider_sign_v1>(*provider_, QWEN_EXT_SIGN);
    board.enter({});
}

template <typename Body>
qwen_status Rehearsal::call(std::string_view entry, CallKind kind, Body body) {
    if (instance_ == nullptr) return QWEN_ERR_UNSUPPORTED;
    const qwen_status status = body(host.begin(entry, kind));
    host.end(status);
    return status;
}

qwen_status Rehearsal::create() {
    instance_ = nullptr;
    const qwen_status status = provider_->create(host.begin("create", CallKind::offline), &instance_);
    host.end(status);
    if (status != QWEN_OK) instance_ = nullptr;
    return status;
}

void Rehearsal::destroy() {
    if (instance_ == nullptr) return;
    (void)host.begin("destroy", CallKind::offline);
    provider_->destroy(instance_);
    instance_ = nullptr;
    host.end(QWEN_OK);
}

qwen_status Rehearsal::state() {
    return call("state", CallKind::offline,
                [&](qwen_call* handle) { return provider_->state(instance_, handle, host.sink_ops(), host.sink()); });
}

qwen_status Rehearsal::authorize(std::string_view operation) {
    return call("authorize", CallKind::offline, [&](qwen_call* handle) {
        const qwen_request request{sizeof(qwen_request),
                                   QWEN_REQUEST_STREAMING,
                                   host.lend(operation, "the operation of a request"),
                                   host.lend("POST", "the method of a request"),
                                   host.lend("", "the base URL of a request"),
                                   host.lend("/chat/completions", "the path of a request"),
                                   host.lend("model", "the model of a request")};
        return provider_->authorize(instance_, handle, host.lend_struct(request, "the request of `authorize`"), host.sink_ops(),
                                    host.sink());
    });
}

qwen_status Rehearsal::sign() {
    if (sign_ == nullptr || sign_->sign == nullptr) return QWEN_ERR_UNSUPPORTED;
    return call("sign", CallKind::offline, [&](qwen_call* handle) {
        const std::string body = R"({"model":"model"})";
        const std::vector<qwen_kv> headers{
            {host.lend("content-type", "the name of a header"), host.lend("application/json", "the value of a header")}};
        qwen_final_request request{};
        request.struct_size = sizeof request;
        request.header_count = static_cast<std::uint32_t>(headers.size());
        request.method = host.lend("POST", "the method of a final request");
        request.url = host.lend("https://api.example.com/v1/chat/completions?a=b", "the URL of a final request");
        request.headers = headers.data();
        const auto digest = system::sha256(body);
        std::copy(digest.begin(), digest.end(), request.body_sha256);
        request.body = host.lend(body, "the body of a final request");
        return sign_->sign(instance_, handle, host.lend_struct(request, "the request of `sign`"), host.sink_ops(), host.sink());
    });
}

qwen_status Rehearsal::on_response(std::uint32_t status, std::string_view body, std::string_view header, std::string_view value) {
    return call("on_response", CallKind::offline, [&](qwen_call* handle) {
        const std::vector<qwen_kv> headers{{host.lend(header.empty() ? "content-type" : header, "the name of a response header"),
                                            host.lend(header.empty() ? "application/json" : value, "the value of a response header")}};
        const qwen_response response{sizeof(qwen_response),
                                     status,
                                     headers.data(),
                                     static_cast<std::uint32_t>(headers.size()),
                                     0,
                                     host.lend(body, "the body of a response")};
        return provider_->on_response(instance_, handle, host.lend_struct(response, "the response of `on_response`"), host.sink_ops(),
                                      host.sink());
    });
}

qwen_status Rehearsal::login(std::string_view method) {
    if (login_ == nullptr || login_->login == nullptr) return QWEN_ERR_UNSUPPORTED;
    return call("login", CallKind::online,
                [&](qwen_call* handle) { return login_->login(instance_, handle, host.lend(method, "the method of `login`")); });
}

qwen_status Rehearsal::logout() {
    if (login_ == nullptr || login_->logout == nullptr) return QWEN_ERR_UNSUPPORTED;
    return call("logout", CallKind::online, [&](qwen_call* handle) { return login_->logout(instance_, handle); });
}

qwen_status Rehearsal::refresh() {
    if (refresh_ == nullptr || refresh_->refresh == nullptr) return QWEN_ERR_UNSUPPORTED;
    return call("refresh", CallKind::online, [&](qwen_call* handle) { return refresh_->refresh(instance_, handle); });
}

qwen_status Rehearsal::account() {
    if (account_ == nullptr || account_->status == nullptr) return QWEN_ERR_UNSUPPORTED;
    return call("account status", CallKind::online,
                [&](qwen_call* handle) { return account_->status(instance_, handle, host.sink_ops(), host.sink()); });
}

qwen_status Rehearsal::models() {
    if (models_ == nullptr || models_->list == nullptr) return QWEN_ERR_UNSUPPORTED;
    return call("models list", CallKind::online,
                [&](qwen_call* handle) { return models_->list(instance_, handle, host.sink_ops(), host.sink()); });
}

std::string Rehearsal::method_of_kind(std::string_view kind) const {
    const auto& methods = plugin.manifest.methods;
    const auto found = std::find_if(methods.begin(), methods.end(), [&](const LoginMethod& method) { return method.kind == kind; });
    return found != methods.end() ? found->id : std::string();
}

std::string Rehearsal::begin_device_sign_in() {
    const std::string method = method_of_kind("device-code");
    if (method.empty()) board.skip("no method of the manifest is of the kind \"device-code\"");
    load();
    if (!has_login()) board.leave_undecided("there is no qwen.login/1");
    configure(Secrets::not_set);
    if (create() != QWEN_OK) board.leave_undecided("`create` failed");
    return method;
}

void Rehearsal::configure(Secrets secrets) {
    host.settings.clear();
    for (const auto& setting : plugin.manifest.settings) {
        const std::string key = setting.key.substr(setting.key.rfind('.') + 1);
        if (setting.is_secret()) {
            if (secrets == Secrets::set) host.settings[key] = host.make_secret("key");
            continue;
        }
        const std::string value = setting.has_default ? setting.default_value : plausible_value(setting, plugin.manifest);
        if (!value.empty() || setting.has_default) host.settings[key] = value;
    }
}

void Rehearsal::use_what_is_stored() {
    state();
    authorize();
    sign();
    authorize("models");
    sign();
    on_response(200, {});
    on_response(401, kRefusedKey);
    on_response(429, R"({"error":{"message":"slow down"}})", "retry-after", "7");
    on_response(500, "<html>oops</html>");
}

void Rehearsal::life_with_a_key() {
    configure(Secrets::set);
    host.stored.clear();
    if (create() != QWEN_OK) return;
    use_what_is_stored();
    account();
    models();
    state();
    destroy();
}

void Rehearsal::prepare(const LoginMethod& method) {
    configure(Secrets::not_set);
    host.stored.clear();
    if (method.kind != "command") return;
    for (const auto& setting : plugin.manifest.settings)
        if (setting.type == config::ValueType::command) host.settings[setting.key.substr(setting.key.rfind('.') + 1)] = "print-a-key";
}

void Rehearsal::life_with_a_sign_in() {
    for (const auto& method : plugin.manifest.methods) {
        prepare(method);
        if (create() != QWEN_OK) return;
        state();
        authorize();
        // What the host does for a plugin that has no sign-in of its own.
        if (!has_login() && method.kind == "api-key") host.stored["api_key"] = {host.make_secret("stored"), 0, 1};
        login(method.id);
        refresh();
        use_what_is_stored();
        account();
        models();
        logout();
        host.stored.clear();
        state();
        authorize();
        destroy();
    }
}

void Rehearsal::whole_life() {
    load();
    life_with_a_key();
    life_with_a_sign_in();
}

std::string status_name(qwen_status status) {
    switch (status) {
#define QWEN_NAME(name) \
    case name:          \
        return #name;
        QWEN_NAME(QWEN_OK)
        QWEN_NAME(QWEN_ERR_MISUSE)
        QWEN_NAME(QWEN_ERR_UNSUPPORTED)
        QWEN_NAME(QWEN_ERR_TOO_LARGE)
        QWEN_NAME(QWEN_ERR_OFFLINE_CALL)
        QWEN_NAME(QWEN_ERR_TRANSIENT)
        QWEN_NAME(QWEN_ERR_CANCELLED)
        QWEN_NAME(QWEN_ERR_TIMED_OUT)
        QWEN_NAME(QWEN_ERR_NETWORK)
        QWEN_NAME(QWEN_ERR_CONFLICT)
        QWEN_NAME(QWEN_ERR_STORAGE)
        QWEN_NAME(QWEN_NEED_REFRESH)
        QWEN_NAME(QWEN_NEED_LOGIN)
        QWEN_NAME(QWEN_ERR_SETTING)
        QWEN_NAME(QWEN_ERR_LOGIN_DENIED)
        QWEN_NAME(QWEN_ERR_LOGIN_EXPIRED)
        QWEN_NAME(QWEN_ERR_INVALID_GRANT)
        QWEN_NAME(QWEN_ERR_NOT_FOUND)
        QWEN_NAME(QWEN_ERR_NOT_INTERACTIVE)
        QWEN_NAME(QWEN_ERR_PROVIDER)
        QWEN_NAME(QWEN_ERR_BAD_RESPONSE)
        QWEN_NAME(QWEN_ERR_INTERNAL)
#undef QWEN_NAME
        default:
            return fmt::format("status {}", status);
    }
}

}  // namespace qwen::host::plugin::check
