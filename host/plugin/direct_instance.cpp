#include "host/plugin/direct_instance.hpp"

#include <algorithm>

#include "core/base/json.hpp"
#include "host/plugin/host_table.hpp"

/// What a plugin's results are copied into. Belongs to one entry call and takes only what that call may give.
struct qwen_sink {
    qwen::host::plugin::EntryPoint entry;
    qwen::host::plugin::EntryResult& result;
};

namespace qwen::host::plugin {
namespace {

constexpr std::size_t kMaxText = 64u << 10;
constexpr std::size_t kMaxHeaderValue = 8u << 10;
constexpr std::size_t kMaxLabel = 1u << 10;
constexpr std::size_t kMaxParameters = 100;
constexpr std::size_t kMaxModels = 10'000;

template <typename Body>
qwen_status guarded(Body body) noexcept {
    try {
        return body();
    } catch (...) {
        return QWEN_ERR_INTERNAL;
    }
}

bool is_token(std::string_view name) {
    constexpr std::string_view kExtra = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kExtra.find(c) != std::string_view::npos;
    });
}

/// RFC 9110 section 5.5 without obs-text: what no server can read two ways.
bool is_field_value(std::string_view value) {
    return std::all_of(value.begin(), value.end(), [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7f); });
}

qwen_status add_parameter(std::vector<auth::Parameter>& list, const qwen_str& name, const qwen_str& value) {
    const auto key = checked_text(name, kMaxHeaderValue);
    const auto text = checked_text(value, kMaxHeaderValue);
    if (name.len > kMaxHeaderValue || value.len > kMaxHeaderValue) return QWEN_ERR_TOO_LARGE;
    if (!key || !text || key->empty()) return QWEN_ERR_MISUSE;
    if (list.size() >= kMaxParameters) return QWEN_ERR_TOO_LARGE;
    std::erase_if(list, [&](const auth::Parameter& other) { return other.name == *key; });
    list.push_back({.name = std::string(*key), .value = Secret(*text), .sensitive = (value.flags & QWEN_STR_SENSITIVE) != 0});
    return QWEN_OK;
}

bool belongs(const qwen_sink* sink, EntryPoint entry) { return sink != nullptr && sink->entry == entry; }

qwen_status set_header(qwen_sink* sink, qwen_str name, qwen_str value) {
    if (!belongs(sink, EntryPoint::authorize) && !belongs(sink, EntryPoint::sign)) return QWEN_ERR_MISUSE;
    if (!is_token(checked_text(name, kMaxHeaderValue).value_or(""))) return QWEN_ERR_MISUSE;
    if (!is_field_value(checked_text(value, kMaxHeaderValue).value_or(""))) return QWEN_ERR_MISUSE;
    return guarded([&] { return add_parameter(sink->result.edits.headers, name, value); });
}

qwen_status set_query(qwen_sink* sink, qwen_str name, qwen_str value) {
    if (!belongs(sink, EntryPoint::authorize)) return QWEN_ERR_MISUSE;
    return guarded([&] { return add_parameter(sink->result.edits.query, name, value); });
}

qwen_status set_text(std::string& target, const qwen_str& text, std::size_t limit) {
    if (text.len > limit) return QWEN_ERR_TOO_LARGE;
    const auto value = checked_text(text, limit);
    if (!value) return QWEN_ERR_MISUSE;
    return guarded([&] { return target = *value, QWEN_OK; });
}

qwen_status set_base_url(qwen_sink* sink, qwen_str url) {
    if (!belongs(sink, EntryPoint::authorize) || !guarded([&] { return Url::parse(checked_text(url, kMaxHeaderValue).value_or("")) ? 1u : 0u; })) {
        return QWEN_ERR_MISUSE;
    }
    return set_text(sink->result.edits.base_url, url, kMaxHeaderValue);
}

qwen_status set_path(qwen_sink* sink, qwen_str path) {
    const auto text = checked_text(path, kMaxHeaderValue).value_or("");
    if (!belongs(sink, EntryPoint::authorize) || !text.starts_with('/') || !is_field_value(text) || text.find_first_of(" ?#\\\t") != std::string_view::npos) {
        return QWEN_ERR_MISUSE;
    }
    return set_text(sink->result.edits.path, path, kMaxHeaderValue);
}

qwen_status set_body_field(qwen_sink* sink, qwen_str pointer, qwen_str json) {
    const auto place = checked_text(pointer, kMaxLabel);
    const auto text = checked_text(json, kMaxText);
    if (!belongs(sink, EntryPoint::authorize) || !place || !text || !place->starts_with('/')) return QWEN_ERR_MISUSE;
    return guarded([&] {
        if (!text->empty() && !parse_json(*text, "body field")) return QWEN_ERR_MISUSE;
        if (sink->result.edits.body_fields.size() >= kMaxParameters) return QWEN_ERR_TOO_LARGE;
        sink->result.edits.body_fields.emplace_back(*place, *text);
        return QWEN_OK;
    });
}

std::optional<UtcTime> utc_or_none(std::int64_t milliseconds) {
    if (milliseconds <= 0) return std::nullopt;
    return UtcTime(std::chrono::milliseconds(milliseconds));
}

qwen_status set_state(qwen_sink* sink, const qwen_state* state) {
    if (!belongs(sink, EntryPoint::state) && !belongs(sink, EntryPoint::account_status)) return QWEN_ERR_MISUSE;
    if (state == nullptr || !QWEN_HAS(state, qwen_state, account)) return QWEN_ERR_MISUSE;
    if (state->kind < QWEN_STATE_READY || state->kind > QWEN_STATE_LOGIN_NEEDED) return QWEN_ERR_MISUSE;
    return guarded([&] {
        auth::ProviderState copy;
        copy.kind = static_cast<auth::ProviderState::Kind>(state->kind - QWEN_STATE_READY);
        copy.expires_at = utc_or_none(state->expires_at_utc_ms);
        if (const auto status = set_text(copy.base_url, state->base_url, kMaxHeaderValue); status != QWEN_OK) return status;
        if (const auto status = set_text(copy.account, state->account, kMaxLabel); status != QWEN_OK) return status;
        if (!copy.base_url.empty() && !Url::parse(copy.base_url)) return QWEN_ERR_MISUSE;
        sink->result.state = std::move(copy);
        return QWEN_OK;
    });
}

qwen_status set_verdict(qwen_sink* sink, const qwen_verdict* verdict) {
    if (!belongs(sink, EntryPoint::on_response) || verdict == nullptr || !QWEN_HAS(verdict, qwen_verdict, help_url)) return QWEN_ERR_MISUSE;
    return guarded([&] {
        auth::Verdict copy;
        const bool known = verdict->kind >= QWEN_VERDICT_PASS && verdict->kind <= QWEN_VERDICT_FATAL;
        copy.kind = known ? static_cast<auth::Verdict::Kind>(verdict->kind - QWEN_VERDICT_PASS) : auth::Verdict::Kind::pass;
        copy.available_at = utc_or_none(verdict->available_at_utc_ms);
        if (const auto status = set_text(copy.text, verdict->text, kMaxLabel); status != QWEN_OK) return status;
        if (const auto status = set_text(copy.help_url, verdict->help_url, kMaxHeaderValue); status != QWEN_OK) return status;
        sink->result.verdict = std::move(copy);
        return QWEN_OK;
    });
}

qwen_status add_model(qwen_sink* sink, const qwen_model* model) {
    if (!belongs(sink, EntryPoint::list_models) || model == nullptr || !QWEN_HAS(model, qwen_model, label)) return QWEN_ERR_MISUSE;
    return guarded([&] {
        ListedModel copy;
        if (const auto status = set_text(copy.id, model->id, kMaxLabel); status != QWEN_OK) return status;
        if (const auto status = set_text(copy.label, model->label, kMaxLabel); status != QWEN_OK) return status;
        if (copy.id.empty()) return QWEN_ERR_MISUSE;
        if (sink->result.models.size() >= kMaxModels) return QWEN_ERR_TOO_LARGE;
        sink->result.models.push_back(std::move(copy));
        return QWEN_OK;
    });
}

qwen_status add_fact(qwen_sink* sink, qwen_str name, qwen_str value) {
    const auto key = checked_text(name, kMaxLabel);
    const auto text = checked_text(value, kMaxLabel);
    if (!belongs(sink, EntryPoint::account_status) || !key || !text) return QWEN_ERR_MISUSE;
    return guarded([&] {
        if (sink->result.facts.size() >= kMaxParameters) return QWEN_ERR_TOO_LARGE;
        sink->result.facts.emplace_back(*key, *text);
        return QWEN_OK;
    });
}

constexpr qwen_sink_ops kSinkOps{sizeof(qwen_sink_ops), QWEN_ABI_MINOR, set_header, set_query, set_base_url, set_path, set_body_field,
                                 set_state,             set_verdict,    add_model,  add_fact};

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
            case EntryPoint::state: return provider_.state(instance_, &handle, &kSinkOps, &sink);
            case EntryPoint::authorize: return authorize(call, handle, sink);
            case EntryPoint::on_response: return on_response(call.response, handle, sink);
            case EntryPoint::login: return can.login ? login_->login(instance_, &handle, borrow(call.method)) : QWEN_ERR_UNSUPPORTED;
            case EntryPoint::logout: return can.login ? login_->logout(instance_, &handle) : QWEN_ERR_UNSUPPORTED;
            case EntryPoint::refresh: return can.refresh ? refresh_->refresh(instance_, &handle) : QWEN_ERR_UNSUPPORTED;
            case EntryPoint::account_status: return can.account ? account_->status(instance_, &handle, &kSinkOps, &sink) : QWEN_ERR_UNSUPPORTED;
            case EntryPoint::list_models: return can.models ? models_->list(instance_, &handle, &kSinkOps, &sink) : QWEN_ERR_UNSUPPORTED;
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
        return provider_.authorize(instance_, &handle, &request, &kSinkOps, &sink);
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
        return sign_->sign(instance_, &handle, &request, &kSinkOps, &sink);
    }

    Status on_response(const auth::ResponseHead& head, qwen_call& handle, qwen_sink& sink) {
        const auto headers = borrow(head.headers);
        const qwen_response response{.struct_size = sizeof(qwen_response),
                                     .status = static_cast<std::uint32_t>(head.status),
                                     .headers = headers.data(),
                                     .header_count = static_cast<std::uint32_t>(headers.size()),
                                     .reserved = 0,
                                     .body_start = borrow(head.body_start)};
        return provider_.on_response(instance_, &handle, &response, &kSinkOps, &sink);
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
