#include "host/plugin/direct_instance.hpp"

#include <algorithm>

#include "host/plugin/host_table.hpp"
#include "host/plugin/result_sink.hpp"

namespace qwen::host::plugin {
namespace {

qwen_str borrow(std::string_view text) { return {text.data(), static_cast<std::uint32_t>(text.size()), 0}; }

std::vector<qwen_kv> borrow(const std::vector<std::pair<std::string, std::string>>& pairs) {
    std::vector<qwen_kv> list;
    list.reserve(pairs.size());
    for (const auto& [name, value] : pairs) list.push_back({borrow(name), borrow(value)});
    return list;
}

/// The plugin's table for an optional feature, when it is there and long enough to hold its functions.
template <typename Table>
const Table* find_table(const qwen_provider& provider, const char* id) {
    const auto* const table = static_cast<const Table*>(provider.get_extension(id));
    return table != nullptr && table->struct_size >= sizeof(Table) ? table : nullptr;
}

class DirectInstance final : public PluginInstance {
public:
    explicit DirectInstance(const qwen_provider& provider)
        : provider_(provider),
          login_(find_table<qwen_provider_login_v1>(provider, QWEN_EXT_LOGIN)),
          refresh_(find_table<qwen_provider_refresh_v1>(provider, QWEN_EXT_REFRESH)),
          account_(find_table<qwen_provider_account_v1>(provider, QWEN_EXT_ACCOUNT)),
          models_(find_table<qwen_provider_models_v1>(provider, QWEN_EXT_MODELS)),
          sign_(find_table<qwen_provider_sign_v1>(provider, QWEN_EXT_SIGN)) {}
    ~DirectInstance() override {
        if (instance_ != nullptr) provider_.destroy(instance_);
    }
    DirectInstance(const DirectInstance&) = delete;
    DirectInstance& operator=(const DirectInstance&) = delete;

    Capabilities capabilities() const override {
        return {.login = login_ != nullptr && login_->login != nullptr && login_->logout != nullptr,
                .refresh = refresh_ != nullptr && refresh_->refresh != nullptr,
                .account = account_ != nullptr && account_->status != nullptr,
                .models = models_ != nullptr && models_->list != nullptr,
                .sign = sign_ != nullptr && sign_->sign != nullptr};
    }

    Result<EntryResult> call(const EntryCall& call, HostServices& services) override {
        EntryResult result;
        qwen_call handle(services);
        result.status = dispatch(call, handle, result);
        result.said = std::move(handle.said);
        return result;
    }

private:
    Status dispatch(const EntryCall& call, qwen_call& handle, EntryResult& result) {
        if (call.entry == EntryPoint::create) return create(handle);
        if (instance_ == nullptr) return QWEN_ERR_MISUSE;
        qwen_sink sink{call.entry, result};
        const Capabilities can = capabilities();
        switch (call.entry) {
            case EntryPoint::create: break;
            case EntryPoint::state: return provider_.state(instance_, &handle, &sink_ops(), &sink);
            case EntryPoint::authorize: return authorize(call, handle, sink);
            case EntryPoint::on_response: return on_response(call.response, handle, sink);
            case EntryPoint::login: return can.login ? login_->login(instance_, &handle, borrow(call.method)) : QWEN_ERR_UNSUPPORTED;
            case EntryPoint::logout: return can.login ? login_->logout(instance_, &handle) : QWEN_ERR_UNSUPPORTED;
            case EntryPoint::refresh: return can.refresh ? refresh_->refresh(instance_, &handle) : QWEN_ERR_UNSUPPORTED;
            case EntryPoint::account_status: return can.account ? account_->status(instance_, &handle, &sink_ops(), &sink) : QWEN_ERR_UNSUPPORTED;
            case EntryPoint::list_models: return can.models ? models_->list(instance_, &handle, &sink_ops(), &sink) : QWEN_ERR_UNSUPPORTED;
            case EntryPoint::sign: return can.sign ? sign(call.final_request, handle, sink) : QWEN_ERR_UNSUPPORTED;
        }
        return QWEN_ERR_MISUSE;
    }

    Status create(qwen_call& handle) {
        if (instance_ != nullptr) return QWEN_ERR_MISUSE;
        const Status status = provider_.create(&handle, &instance_);
        if (status != QWEN_OK) {
            instance_ = nullptr;
            return status;
        }
        return instance_ != nullptr ? QWEN_OK : QWEN_ERR_INTERNAL;
    }

    Status authorize(const EntryCall& call, qwen_call& handle, qwen_sink& sink) {
        const qwen_request request{.struct_size = sizeof(qwen_request),
                                   .flags = call.request.streaming ? QWEN_REQUEST_STREAMING : 0,
                                   .operation = borrow(call.request.operation),
                                   .method = borrow(call.request.method),
                                   .base_url = borrow(call.base_url),
                                   .path = borrow(call.request.path),
                                   .model = borrow(call.request.model)};
        return provider_.authorize(instance_, &handle, &request, &sink_ops(), &sink);
    }

    Status sign(const auth::FinalRequest& final, qwen_call& handle, qwen_sink& sink) {
        const auto headers = borrow(final.headers);
        qwen_final_request request{.struct_size = sizeof(qwen_final_request),
                                   .header_count = static_cast<std::uint32_t>(headers.size()),
                                   .method = borrow(final.method),
                                   .url = borrow(final.url),
                                   .headers = headers.data(),
                                   .body_sha256 = {},
                                   .body = borrow(final.body)};
        std::copy(final.body_sha256.begin(), final.body_sha256.end(), request.body_sha256);
        return sign_->sign(instance_, &handle, &request, &sink_ops(), &sink);
    }

    Status on_response(const auth::ResponseHead& head, qwen_call& handle, qwen_sink& sink) {
        const auto headers = borrow(head.headers);
        const qwen_response response{.struct_size = sizeof(qwen_response),
                                     .status = static_cast<std::uint32_t>(head.status),
                                     .headers = headers.data(),
                                     .header_count = static_cast<std::uint32_t>(headers.size()),
                                     .reserved = 0,
                                     .body_start = borrow(head.body_start)};
        return provider_.on_response(instance_, &handle, &response, &sink_ops(), &sink);
    }

    const qwen_provider& provider_;
    const qwen_provider_login_v1* login_;
    const qwen_provider_refresh_v1* refresh_;
    const qwen_provider_account_v1* account_;
    const qwen_provider_models_v1* models_;
    const qwen_provider_sign_v1* sign_;
    qwen_instance* instance_ = nullptr;
};

}  // namespace

std::string_view to_string(EntryPoint entry) {
    switch (entry) {
        case EntryPoint::create: return "create";
        case EntryPoint::state: return "state";
        case EntryPoint::authorize: return "authorize";
        case EntryPoint::on_response: return "on_response";
        case EntryPoint::login: return "login";
        case EntryPoint::logout: return "logout";
        case EntryPoint::refresh: return "refresh";
        case EntryPoint::account_status: return "account status";
        case EntryPoint::list_models: return "models list";
        case EntryPoint::sign: return "sign";
    }
    return "unknown";
}

CallKind kind_of(EntryPoint entry) {
    switch (entry) {
        case EntryPoint::create:
        case EntryPoint::state:
        case EntryPoint::authorize:
        case EntryPoint::on_response:
        case EntryPoint::sign: return CallKind::offline;
        case EntryPoint::login:
        case EntryPoint::logout:
        case EntryPoint::refresh:
        case EntryPoint::account_status:
        case EntryPoint::list_models: return CallKind::online;
    }
    return CallKind::offline;
}

std::unique_ptr<PluginInstance> make_direct_instance(const qwen_provider& provider) { return std::make_unique<DirectInstance>(provider); }

}  // namespace qwen::host::plugin
